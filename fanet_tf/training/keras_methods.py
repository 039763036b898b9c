"""The Keras members of a training run, ready for `evaluate.evaluate`.

Members are rebuilt at the size of each frame, so nothing is tiled: what they
give is what an export must agree with.
"""

import pathlib

import keras
import numpy as np

from fanet_tf import nsma
from fanet_tf import variants
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.denoising import signal as signal_lib
from fanet_tf.errors import InputError
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.evaluation.evaluate import Size
from fanet_tf.models import cost_table
from fanet_tf.raw import ksigma
from fanet_tf.training import members as members_lib
from fanet_tf.training import run_folder
from fanet_tf.training.feed import synthesis

# Frames are mirrored up to its multiples, as the network halves them; enough
# for six levels.
_STRIDE = 32


def row_name(config) -> str:
    """Names a network as the paper's tables do."""
    model, members = config.model.to_dict(), config.nsma.members
    name = variants.title(model)
    if name is None:  # Sizes of the user's own.
        if model["name"] != "unet":
            name = model["name"]
        elif model["downsampling"] == "haar":
            name = "Wavelet"
        elif not model["feature_align"]:
            name = "Plain U-Net"
        elif model["skip_ratio"] == 0:
            name = "FA w/o connections"
        else:
            name = "Feature-Align"
    return f"{name}, NSMA (n={members})" if members > 1 else name


class _Members:
    """The members of a run; builds the last one used at the last size used."""

    def __init__(self, config, workdir):
        self.config = config
        self.file_bytes = 0
        self._weights = []
        for index in range(config.nsma.members):
            path = run_folder.member_folder(workdir, index) / "member.keras"
            if not path.is_file():
                raise InputError(
                    f"{workdir}: must be a finished run. Missing: {path}"
                )
            self.file_bytes += path.stat().st_size
            self._weights.append(members_lib.load(path).get_weights())
        self._built = {}

    @property
    def size(self) -> Size:
        """Of all members together."""
        parameters = sum(w.size for member in self._weights for w in member)
        return Size(len(self._weights), parameters, self.file_bytes)

    def get(self, index: int, height: int, width: int):
        """Returns a member for frames of `[height, width, 4]`."""
        key = (height, width)
        if key not in self._built:
            self._built = {key: members_lib.build(self.config.model, *key)}
            self._index = None
        model = self._built[key]
        if self._index != index:
            model.set_weights(self._weights[index])
            self._index = index
        return model


def from_run(workdir) -> Method:
    """Returns the members of a finished run, each for its subrange.

    Args:
        workdir: folder that `fanet-train` wrote.
    """
    workdir = pathlib.Path(workdir)
    config = run_folder.read_config(workdir)
    profile = profile_lib.load(config.data.profile)
    ranges = members_lib.subranges(profile, config.nsma.members)
    edges = [low for low, _ in ranges] + [ranges[-1][1]]
    members = _Members(config, workdir)
    reference = config.nsma.get("reference_signal", 0.0)
    clipped = synthesis.below_black(config.data) == "clipped"

    def denoise(noisy, noise):
        if clipped:
            noisy = np.maximum(noisy, np.float32(0.0))
        height, width = noisy.shape[:2]
        rows, columns = (-size % _STRIDE for size in (height, width))
        padded = np.pad(
            noisy, ((0, rows), (0, columns), (0, 0)), mode="reflect"
        )
        a, b = noise.pair()
        signal = signal_lib.of_packed(noisy, a, b)
        index = nsma.member_of(nsma.at_reference(a, signal, reference), edges)
        model = members.get(index, *padded.shape[:2])
        scale, offset = ksigma.scale_offset(noise)
        denoised = model(
            {
                "noisy": padded[None],
                "scale": np.float32(scale),
                "offset": np.float32(offset),
            },
            training=False,
        )
        array = keras.ops.convert_to_numpy(denoised)
        return array[0, :height, :width]

    network = config.model.to_dict()
    cost = cost_table.report(network["name"], network, with_radius=False).cost
    return Method(
        denoise,
        f"{row_name(config)}, Keras",
        gmacs_per_mp=cost.gmacs_per_mp,
        note=f"run {workdir}",
        law=profile,
        size=members.size,
    )
