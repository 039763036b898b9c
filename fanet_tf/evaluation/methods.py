"""Denoisers by name or bundle, ready for `evaluate.evaluate`.

Needs no TensorFlow; `keras_methods` has the members of a training run.
"""

import dataclasses
import sys
from collections.abc import Mapping

from fanet_tf.calibration.profile import GainLaw
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.denoising import defects
from fanet_tf.denoising import macs
from fanet_tf.denoising import noise_source
from fanet_tf.denoising import signal as signal_lib
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.machine import cpu_name
from fanet_tf.denoising.member_runner import threads_available
from fanet_tf.errors import InputError
from fanet_tf.evaluation import classical as classical_methods
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.evaluation.evaluate import Size

# Name on the command line: (function, row of the table, note).
_CLASSICAL = {
    "identity": (classical_methods.identity, "Input", "the noisy frame itself"),
    "gaussian": (
        classical_methods.gaussian,
        "Gaussian",
        "per plane, after Anscombe, width of least estimated risk",
    ),
    "nlm": (
        classical_methods.non_local_means,
        "Non-local means",
        "four planes together, after Anscombe, h = 0.5",
    ),
    "bm3d": (
        classical_methods.bm3d,
        "BM3D",
        "luma and three differences of the planes, after Anscombe",
    ),
}
CLASSICAL = tuple(_CLASSICAL)


def classical(name: str) -> Method:
    """Returns a classical method by its name."""
    if name not in _CLASSICAL:
        raise InputError(
            f"A method must be one of {', '.join(CLASSICAL)}. "
            f"Received: {name!r}"
        )
    if name == "bm3d":
        classical_methods.require_bm3d()
    function, label, note = _CLASSICAL[name]
    return Method(function, label, note=note)


def from_bundle(
    folder, recipe: str | None = None, num_threads: int | None = None
) -> Method:
    """Returns the array of a bundle, run as `fanet-denoise` runs it.

    Args:
        folder: of the bundle; None means the array that ships.
        recipe: number formats; None means float32, else the bundle's first.
        num_threads: of LiteRT; None means all cores.
    """
    array = bundle_lib.load(folder)
    recipe = Denoiser(array, recipe, num_threads).recipe
    denoisers: dict[int, Denoiser] = {}

    def denoise(noisy, noise):
        # One for each member: a run that changes the gain at each capture
        # would load a flatbuffer each time.
        noise = noise.pair()
        signal = signal_lib.of_packed(noisy, *noise)
        index = array.member_for(noise[0], signal).index
        if index not in denoisers:
            denoisers[index] = Denoiser(array.alone(index), recipe, num_threads)
        return denoisers[index].denoise_packed(noisy, noise)

    count = len(array.members)
    kind = f"NSMA (n={count})" if count > 1 else "one network"
    paths = [member.path(recipe) for member in array.members]
    return Method(
        denoise,
        f"{array.name}, {kind}, {recipe}",
        gmacs_per_mp=max(map(macs.gmacs_per_mp, paths)),
        note=f"bundle {array.folder}",
        law=noise_source.law_of_bundle(array),
        size=Size(
            count,
            sum(member.record["parameters"] for member in array.members),
            sum(path.stat().st_size for path in paths),
        ),
    )


def without_defects(method: Method) -> Method:
    """Returns the method behind the correction of defective pixels.

    As `fanet-denoise` does it by default: found in each frame, by itself.
    """

    def denoise(noisy, noise):
        corrected = defects.correct_packed(noisy, noise.pair())
        return method.denoise(corrected, noise)

    note = "defective pixels found and corrected first"
    return dataclasses.replace(
        method,
        denoise=denoise,
        note="; ".join(filter(None, (method.note, note))),
    )


def relabel(method: Method, name: str | None) -> Method:
    """Returns the method under another label, if one is given."""
    return dataclasses.replace(method, label=name) if name else method


def made_for_other_noise(
    methods: Mapping[str, Method], profile: GainLaw
) -> list[str]:
    """Returns a note on each bundle that was made for another noise law."""
    return [
        f"{method.label or name} was made for the noise of {method.law.sensor} "
        f"({method.law.status}); these captures have that of {profile.sensor} "
        f"({profile.status}). --profile chooses it."
        for name, method in methods.items()
        if method.law is not None and not method.law.equals(profile)
    ]


def machine() -> str:
    """Names the processor and its cores, for times to make sense."""
    return (
        f"{cpu_name()}, {threads_available()} cores, Python {sys.version[:6]}"
    )
