r"""Denoises RAW frames with an exported array.

Example:
    fanet-denoise in.dng out.dng
    fanet-denoise in.dng out.png --noise=4e-4,2e-6 --strength=0.8
    fanet-denoise mosaic.npy out.npy --cfa=GRBG --gain=16
    fanet-denoise frame.raw out.dng --width=4208 --height=3120 --bits=10 \
        --cfa=RGGB --black_level=64 --gain=8
    fanet-denoise shoot/ denoised/ --skip_existing --defects=auto,defects.json

The noise comes from one of --noise, --gain, --iso and --profile, else from the
file's NoiseProfile, else from an estimate of the frame that is good or fair.
"""

import pathlib
import signal
import sys

from absl import flags

from fanet_tf.cli import max_pixels_flag
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.cli import raw_flags
from fanet_tf.denoising import batch
from fanet_tf.denoising import bundle
from fanet_tf.denoising import defects
from fanet_tf.denoising import denoiser
from fanet_tf.denoising import member_runner
from fanet_tf.denoising import noise_source
from fanet_tf.denoising import strength
from fanet_tf.errors import InputError
from fanet_tf.files import shading_map

_EXIT_TERMINATED = 143

flags.adopt_module_key_flags(max_pixels_flag)
flags.adopt_module_key_flags(overwrite_flag)
flags.adopt_module_key_flags(raw_flags)

_BUNDLE = flags.DEFINE_string(
    "bundle",
    None,
    "Folder of an exported array, or the name of a shipped one; default: "
    "imx258, which is made for phones.",
)
_RECIPE = flags.DEFINE_string(
    "recipe",
    None,
    "Number formats, as in the bundle; default: float32, else its first.",
)
_NOISE = flags.DEFINE_string(
    "noise",
    None,
    "a,b (shot-noise slope, read-noise variance; black 0, white 1), or"
    " `estimate`: measured on each frame, or `file`: from its NoiseProfile and"
    " nothing else. Default: its NoiseProfile, else a good or fair estimate.",
)
_GAIN = flags.DEFINE_float("gain", None, "Sensor gain, 1..64.")
_ISO = flags.DEFINE_float(
    "iso",
    None,
    "ISO; needs a --profile with base_iso (imx258 has none: give --gain).",
)
_PROFILE = flags.DEFINE_string(
    "profile",
    None,
    "Noise profile: a name or a .json file. Used at --gain or --iso, else at"
    " the file's ISO. Default, for --gain and --iso: the bundle's own law.",
)
_STRENGTH = flags.DEFINE_float(
    "strength", 1.0, "0 leaves the frame as it is, 1 denoises fully."
)
_CHROMA_STRENGTH = flags.DEFINE_float(
    "chroma_strength", None, "Strength for coloured noise; default: --strength."
)
_DEFECTS = flags.DEFINE_list(
    "defects",
    [defects.AUTO],
    "Defective pixels that are corrected first: auto (those that are found),"
    " a JSON file of fanet-calibrate, both (auto,FILE), or none.",
)
_SHADING = flags.DEFINE_string(
    "shading",
    None,
    "Shading gains that the frames were multiplied by: .npy of [rows, columns]"
    " or [4, rows, columns], or the GainMap of a .dng. The noise is that"
    " before. Default: none were.",
)
_FORMAT = flags.DEFINE_enum(
    "format",
    "dng",
    ["dng", "tif", "png", "jpg", "npy"],
    "Kind of the outputs when OUT is a folder.",
)
_SKIP_EXISTING = flags.DEFINE_bool(
    "skip_existing", False, "Leave out frames whose output is there."
)
_RECURSIVE = flags.DEFINE_bool(
    "recursive",
    False,
    "Take the frames of the folders in an input folder too; their outputs"
    " stand in folders of the same names.",
)
_THREADS = flags.DEFINE_integer(
    "threads",
    None,
    "Of LiteRT; default: all cores.",
    lower_bound=1,
    upper_bound=member_runner.MAX_THREADS,
)
_MAX_MEMORY = flags.DEFINE_float(
    "max_memory",
    None,
    "Megabytes the network may take beyond the idle process and the frame;"
    " default: as many as denoise the frame soonest.",
    lower_bound=1,
)
_TILE = flags.DEFINE_enum(
    "tile",
    "frame",
    ["frame", "manifest"],
    "Size of the tiles: chosen for the frame, or the manifest's, which gives"
    " what an app with the same flatbuffer gives.",
)


def main(arguments):
    """Denoises the inputs; returns 1 if some of a batch failed."""
    # Ends as Ctrl-C does, so that what is half-written is taken away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_EXIT_TERMINATED))
    if len(arguments) < 2:
        raise InputError(
            "fanet-denoise needs inputs and an output: fanet-denoise IN... OUT"
        )
    *inputs, output = arguments
    jobs = batch.plan(
        list(map(pathlib.Path, inputs)),
        output,
        f".{_FORMAT.value}",
        raw_flags.suffixes(),
        _RECURSIVE.value,
    )
    chroma = _CHROMA_STRENGTH.value
    strength.check(
        _STRENGTH.value, _STRENGTH.value if chroma is None else chroma
    )
    array = bundle.load(_BUNDLE.value)
    task = batch.Task(
        denoiser=denoiser.Denoiser(
            array,
            _RECIPE.value,
            _THREADS.value,
            int(_MAX_MEMORY.value * 1e6) if _MAX_MEMORY.value else None,
            own_tile=_TILE.value == "manifest",
        ),
        noise_of=noise_source.chooser(
            array, _NOISE.value, _GAIN.value, _ISO.value, _PROFILE.value
        ),
        raw_format=raw_flags.raw_format,
        strength=_STRENGTH.value,
        chroma_strength=chroma,
        overwrite=overwrite_flag.OVERWRITE.value,
        defects=defects.parse(_DEFECTS.value),
        shading=shading_map.read(_SHADING.value) if _SHADING.value else None,
    )
    return batch.run(task, jobs, _SKIP_EXISTING.value)


def cli():
    """Entry point of `fanet-denoise`."""
    program.run(main, rare=[*raw_flags.NAMES, "max_pixels", "max_memory"])


if __name__ == "__main__":
    cli()
