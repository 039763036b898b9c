r"""Measures a sensor's noise from frames of a chart.

Example:
    fanet-calibrate shoot/*.dng --output=sensor.json
    fanet-calibrate shoot/ --dark=dark/ --base_iso=50 --output=sensor.json
    fanet-calibrate one.dng --gain=1 --output=one.json
    fanet-calibrate a.npy b.npy c.npy d.npy --gain=1,1,8,8 --cfa=GRBG \
        --black_level=64 --white_level=1023 --output=sensor.json

Frames of a ColorChecker, or of any scene with flat areas: two or more of each
gain, the same light on both, exposure time constant. The gain is ISO / base
ISO unless given. Writes the profile and, beside it, a page with the plots; with
dark frames also the map of the sensor's defective pixels.
"""

import math
import pathlib
import sys

from absl import flags

from fanet_tf import progress_bar
from fanet_tf.cli import max_pixels_flag
from fanet_tf.cli import overwrite_flag
from fanet_tf.cli import program
from fanet_tf.cli import raw_flags
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import frame_search
from fanet_tf.files import names
from fanet_tf.files import reader

with program.extra("calibrate"):
    from fanet_tf.calibration import calibrate

flags.adopt_module_key_flags(max_pixels_flag)
flags.adopt_module_key_flags(overwrite_flag)
flags.adopt_module_key_flags(raw_flags)

_OUTPUT = flags.DEFINE_string("output", None, "The profile, a .json file.")
_PAGE = flags.DEFINE_string(
    "page", None, "The page, an .html file; default: beside the profile."
)
_GAIN = flags.DEFINE_list(
    "gain", None, "Gain of each frame in order, or one for all."
)
_BASE_ISO = flags.DEFINE_float(
    "base_iso", None, "ISO of gain 1; default: the lowest of the frames."
)
_DARK = flags.DEFINE_list(
    "dark",
    None,
    "Frames or folders shot with the lens covered: best eight or more of each"
    " gain, in the order they were taken.",
)
_DARK_GAIN = flags.DEFINE_list("dark_gain", None, "Gains of --dark; as --gain.")
_PATCHES = flags.DEFINE_enum(
    "patches",
    "auto",
    ["auto", "chart", "flat"],
    "Where to measure: a ColorChecker, flat areas, or whichever is there.",
)
_CORNERS = flags.DEFINE_list(
    "corners",
    None,
    "x,y of the chart's four outer patch corners in pixels: upper left, upper"
    " right, lower right, lower left (eight numbers).",
)
_SENSOR = flags.DEFINE_string("sensor", None, "Name for the profile.")


def _numbers(flag, counts=None):
    """Returns the numbers of a list flag, or None where it is not given."""
    if flag.value is None:
        return None
    try:
        numbers = [float(text) for text in flag.value]
        if not all(map(math.isfinite, numbers)):
            raise ValueError
    except ValueError as error:
        raise InputError(
            f"--{flag.name} must be numbers. Received: {','.join(flag.value)}"
        ) from error
    if not numbers or (counts and len(numbers) not in counts):
        allowed = " or ".join(map(str, counts or ("some",)))
        raise InputError(
            f"--{flag.name} must be {allowed} numbers. "
            f"Received: {','.join(flag.value)}"
        )
    return numbers


def _read(path: pathlib.Path):
    return reader.read(path, raw_flags.raw_format(path))


def _progress(items):
    return progress_bar.Bar(items, disable=not items)


def main(arguments):
    """Measures, prints a line for each gain, writes profile and page."""
    if not arguments:
        raise InputError("Give the frames, or folders of them.")
    overwrite = overwrite_flag.OVERWRITE.value
    output = pathlib.Path(_OUTPUT.value)
    if output.suffix != ".json":
        raise InputError(
            f"--output must be a .json file. Received: {_OUTPUT.value!r}"
        )
    page = atomic.resolve(_PAGE.value or output.with_suffix(".html"))
    output = atomic.resolve(output)
    defects = output.with_suffix(".defects.json") if _DARK.value else None
    if not output.parent.is_dir():
        raise InputError(f"{output.parent}: must be a folder that exists.")
    corners = _numbers(_CORNERS, (8,))
    kinds = raw_flags.suffixes()
    shoot = calibrate.Shoot(
        paths=frame_search.expand(arguments, kinds),
        dark=frame_search.expand(_DARK.value or (), kinds),
        gains=_numbers(_GAIN),
        dark_gains=_numbers(_DARK_GAIN),
        base_iso=_BASE_ISO.value,
        mode=_PATCHES.value,
        corners=corners and list(zip(corners[::2], corners[1::2], strict=True)),
        sensor=_SENSOR.value,
    )
    calibrate.check_outputs(
        output, page, [*shoot.paths, *shoot.dark], overwrite, defects
    )
    result = calibrate.calibrate(
        shoot, _read, _progress, defects.name if defects else ""
    )
    written = calibrate.write(result, output, page, overwrite, defects)
    calibrate.summary(result)
    for warning in result.warnings:
        text = names.printable(f"fanet-calibrate: warning: {warning}")
        print(text, file=sys.stderr)
    *others, last = map(names.printable, written)
    print(f"Wrote {', '.join(others)} and {last}")


def cli():
    """Entry point of `fanet-calibrate`."""
    program.run(
        main,
        required=["output"],
        rare=[*raw_flags.NAMES, "max_pixels", "corners"],
    )


if __name__ == "__main__":
    cli()
