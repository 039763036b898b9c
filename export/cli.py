r"""Exports a trained array to a bundle of LiteRT flatbuffers, or checks one.

Example:
    fanet-export --workdir=runs/fan --output=runs/fan/bundle \
        --recipes=float32,float16,dynamic_wi8_afp32
    fanet-export --verify=runs/fan/bundle
"""

import pathlib

from absl import flags

from fanet_tf.cli import network_flag
from fanet_tf.cli import program
from fanet_tf.files import names

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a finished run.")
_OUTPUT = flags.DEFINE_string(
    "output", None, "Folder of the bundle; replaces a bundle that is there."
)
_RECIPES = flags.DEFINE_string(
    "recipes",
    "float32,float16,dynamic_wi8_afp32",
    "Comma-separated recipes, or 'all'; docs/export.md says which to choose.",
)
_TILE = flags.DEFINE_integer(
    "tile",
    384,
    "Height and width of the input, packed pixels. A larger tile wastes less "
    "on its halo and takes more memory.",
    lower_bound=8,
)
_HALO = flags.DEFINE_enum(
    "halo",
    "measured",
    ["measured", "exact"],
    "Outer pixels of a tile that are thrown away: as few as --halo_tolerance "
    "allows on the photographs (measured), or all that the layers can reach "
    "(exact).",
)
_HALO_TOLERANCE = flags.DEFINE_float(
    "halo_tolerance",
    0.05,
    "Largest error of a tile against a whole frame, in deviations of the "
    "noise.",
    lower_bound=0.0,
    upper_bound=1.0,
)
_NAME = flags.DEFINE_string(
    "name", None, "Name of the bundle; default: that of the run's folder."
)
_GROUPS = flags.DEFINE_enum(
    "groups",
    "native",
    ["native", "dense"],
    "Exports a group convolution as one grouped operation (native), or with a "
    "block-diagonal kernel (dense), which costs more and runs on targets "
    "without grouped convolutions.",
)
_VERIFY = flags.DEFINE_string(
    "verify", None, "Checks this bundle instead: every byte and every member."
)
_PHOTOGRAPHS = flags.DEFINE_string(
    "photographs",
    "held_back",
    "Folder of photographs that quality is measured on, none of which was "
    "trained on; 'held_back' takes three that come with scikit-image.",
)
_LIMIT = flags.DEFINE_integer(
    "photographs_limit",
    12,
    "Largest number of photographs; 0 takes all.",
    lower_bound=0,
)
_QUALITY_LIMITS = flags.DEFINE_list(
    "quality_limits",
    [],
    "Largest loss of a recipe at any gain, as RECIPE=DB, instead of its own.",
)
_ALLOW = flags.DEFINE_bool(
    "allow_quality_loss",
    False,
    "Writes members that miss their limit, too; the manifest says so.",
)
_TILES = flags.DEFINE_integer(
    "calibration_tiles",
    24,
    "Number of crops that static recipes take their ranges from.",
    lower_bound=1,
)
_STEPS = flags.DEFINE_integer(
    "finetune_steps",
    600,
    "Steps of training with simulated integers, for static_wi8_ai8 and "
    "core_static_wi8_ai8; 0 skips it.",
    lower_bound=0,
)
_TARGET = flags.DEFINE_float(
    "int8_target",
    0.1,
    "Loss of static_wi8_ai8 on the calibration crops, dB. Above it, further "
    "layers stay in float; below half of it, nothing is fine-tuned.",
)
_MAX_FLOAT_MACS = flags.DEFINE_float(
    "max_float_macs",
    0.2,
    "Largest share of the multiply-accumulates that stay in float for "
    "static_wi8_ai8.",
    lower_bound=0.0,
    upper_bound=1.0,
)
flags.DEFINE_alias("float_share", "max_float_macs")  # Its name until 0.1.
_RATE = flags.DEFINE_float(
    "finetune_rate", 5e-4, "Peak learning rate of the fine-tuning."
)
_SEED = flags.DEFINE_integer(
    "seed", 0, "Seed of the calibration crops and of the fine-tuning."
)
_SOURCES = flags.DEFINE_list(
    "sources", [], "Training sources to calibrate on; default: the run's."
)
_PROFILE = flags.DEFINE_string(
    "profile", "", "Noise profile, a name or .json; default: the run's."
)


def main(arguments: list[str]) -> None:
    """Exports the run, or checks the bundle, that the flags name."""
    if arguments:
        program.fail(f"No positional arguments are taken: {arguments}")
    if _VERIFY.value:
        verify(_VERIFY.value)
        return
    for flag in ("workdir", "output"):
        if not flags.FLAGS[flag].value:
            program.fail(f"--{flag} must be given, or --verify.")
    export(_WORKDIR.value, _OUTPUT.value)


def verify(folder: str) -> None:
    """Checks a bundle and prints how much was checked; no TensorFlow."""
    from export.contract import check

    counts = check.check(folder)
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    print(f"{names.printable(folder)} is whole: {listed}")


def export(workdir: str, output: str) -> None:
    """Exports a run and prints the bundle's card."""
    program.import_tensorflow()
    from export import bundle
    from export.int8 import calibration
    from export.member import recipes

    network_flag.use()
    options = bundle.Options(
        name=_NAME.value or pathlib.Path(workdir).resolve().name,
        recipes=recipes.parse(_RECIPES.value, _limits(_QUALITY_LIMITS.value)),
        tile=_TILE.value,
        group_form=_GROUPS.value,
        photographs=_PHOTOGRAPHS.value,
        photographs_limit=_LIMIT.value,
        allow_quality_loss=_ALLOW.value,
        calibration=calibration.Settings(
            tiles=_TILES.value,
            steps=_STEPS.value,
            learning_rate=_RATE.value,
            seed=_SEED.value,
            target_db=_TARGET.value,
            max_float_macs=_MAX_FLOAT_MACS.value,
        ),
        sources=tuple(_SOURCES.value),
        profile=_PROFILE.value,
        halo_tolerance=(
            _HALO_TOLERANCE.value if _HALO.value == "measured" else None
        ),
    )
    folder = bundle.write(workdir, output, options)
    print((folder / "README.md").read_text(encoding="utf-8"), end="")
    print(f"Wrote {names.printable(output)}")


def _limits(pairs) -> dict[str, float]:
    limits = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            limits[name] = float(value)
        except ValueError:
            program.fail(
                f"--quality_limits must be RECIPE=DB,... Received: {pair!r}"
            )
    return limits


def cli() -> None:
    """Entry point of `fanet-export`."""
    program.run(
        main,
        rare=[
            "calibration_tiles",
            "finetune_rate",
            "finetune_steps",
            "float_share",
            "groups",
            "halo",
            "halo_tolerance",
            "int8_target",
            "max_float_macs",
            "seed",
            "sources",
        ],
    )


if __name__ == "__main__":
    cli()
