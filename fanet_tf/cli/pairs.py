r"""Makes a paired test set of captures, or a plan of what to capture.

Example:
    fanet-pairs --plan --scenes=20 --per_scene=4 > captures.csv
    fanet-pairs --captures=captures.csv --folder=frames --profile=imx258 \
        --output=test_set
    fanet-evaluate --pairs=test_set --bundle=runs/fan/bundle --output=OUT
"""

import pathlib

from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.cli import max_pixels_flag
from fanet_tf.cli import program
from fanet_tf.cli import raw_flags
from fanet_tf.errors import InputError
from fanet_tf.files import names
from fanet_tf.pairs import build
from fanet_tf.pairs import plan

flags.adopt_module_key_flags(max_pixels_flag)
flags.adopt_module_key_flags(raw_flags)

_PLAN = flags.DEFINE_bool(
    "plan", False, "Prints a list of captures to make, and does nothing else."
)
_SCENES = flags.DEFINE_integer("scenes", 20, "Of the plan.", lower_bound=1)
_PER_SCENE = flags.DEFINE_integer(
    "per_scene", 4, "Noisy captures of a scene in the plan.", lower_bound=1
)
_CLEAN_MS = flags.DEFINE_float(
    "clean_ms",
    1280.0,
    "Exposure time of clean frames in the plan, milliseconds.",
    lower_bound=1e-3,
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the plan's gains.")
_CAPTURES = flags.DEFINE_string(
    "captures", None, "CSV list of the captures (see --plan)."
)
_FOLDER = flags.DEFINE_string(
    "folder", None, "Where the captures lie; default: beside the list."
)
_PROFILE = flags.DEFINE_string(
    "profile", "imx258", "Noise: a shipped profile or a .json file."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the paired set.")


def main(arguments):
    """Hands the flags to `plan.make` or `build.build`."""
    if arguments:
        raise InputError(f"Unexpected arguments: {' '.join(arguments)}")
    profile = profile_lib.load(_PROFILE.value)
    if _PLAN.value:
        shots = plan.make(
            _SCENES.value,
            _PER_SCENE.value,
            _SEED.value,
            profile.gain_range,
            _CLEAN_MS.value,
        )
        print(plan.to_csv(shots), end="")
        return
    if _CAPTURES.value is None or _OUTPUT.value is None:
        raise InputError(
            "--captures and --output must be given (or --plan, which prints a "
            "list to fill in)."
        )
    folder = _FOLDER.value or pathlib.Path(_CAPTURES.value).parent
    shots = plan.read(_CAPTURES.value)
    index = build.build(
        shots, folder, profile, _OUTPUT.value, raw_format=raw_flags.raw_format
    )
    for record in index["pairs"]:
        rows, columns = record["shift"]
        name = names.printable(record["name"])
        print(
            f"{name}: gain {record['gain']:g}, shift {rows:+.2f} "
            f"{columns:+.2f}, {record['masked']:.1%} masked, "
            f"{record['psnr']:.2f} dB"
        )
    for record in index["refused"]:
        text = f"{record['name']}: refused, {record['reason']}"
        print(names.printable(text))
    page = names.printable(pathlib.Path(_OUTPUT.value) / "index.html")
    print(
        f"{len(index['pairs'])} pairs, {len(index['refused'])} refused: {page}"
    )


def cli():
    """Entry point of `fanet-pairs`."""
    program.run(main)


if __name__ == "__main__":
    cli()
