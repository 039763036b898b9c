"""Exports a trained array to a bundle of LiteRT flatbuffers, or checks one.

Example:
    fanet-export --workdir=runs/fan --output=runs/fan/bundle \
        --recipes=float32,float16,dynamic_wi8_afp32
    fanet-export --verify=runs/fan/bundle
"""

from absl import flags

from fanet_tf.cli import program

_WORKDIR = flags.DEFINE_string("workdir", None, "Folder of a finished run.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder of the bundle.")
_RECIPES = flags.DEFINE_string(
    "recipes",
    "float32,float16,dynamic_wi8_afp32",
    "Comma-separated recipes, or 'all'.",
)
_TILE = flags.DEFINE_integer(
    "tile", 384, "Height and width of the input, packed pixels.", lower_bound=8
)
_NAME = flags.DEFINE_string(
    "name", None, "Name of the bundle; default: that of the run's folder."
)
_GROUPS = flags.DEFINE_enum(
    "groups",
    "native",
    ["native", "dense"],
    "Group convolutions as one grouped operation, or as a dense one with a "
    "block-diagonal kernel for targets that know no groups.",
)
_VERIFY = flags.DEFINE_string(
    "verify", None, "Bundle to check instead: every byte, every member."
)
_PHOTOGRAPHS = flags.DEFINE_string(
    "photographs",
    "held_back",
    "What quality is measured on: 'held_back', three photographs of a "
    "dependency, or a folder; nothing that was trained on.",
)
_LIMIT = flags.DEFINE_integer(
    "photographs_limit", 12, "Of their number; 0 takes all.", lower_bound=0
)
_QUALITY_LIMITS = flags.DEFINE_list(
    "quality_limits",
    [],
    "Largest loss of a recipe at any gain, as RECIPE=DB, instead of its own.",
)
_ALLOW = flags.DEFINE_bool(
    "allow_quality_loss",
    False,
    "Write members that miss their limit, too; the manifest says so.",
)
_TILES = flags.DEFINE_integer(
    "calibration_tiles", 24, "For the static recipes' ranges.", lower_bound=1
)
_STEPS = flags.DEFINE_integer(
    "finetune_steps",
    600,
    "Of training with simulated integers for static_wi8_ai8; 0: none.",
    lower_bound=0,
)
_TARGET = flags.DEFINE_float(
    "int8_target",
    0.1,
    "Loss of static_wi8_ai8 on the calibration crops, dB, above which further "
    "layers stay in float; below half of it nothing is fine-tuned.",
)
_MAX_FLOAT_MACS = flags.DEFINE_float(
    "max_float_macs",
    0.2,
    "Largest share of the multiply-accumulates that stay in float for it.",
    lower_bound=0.0,
    upper_bound=1.0,
)
flags.DEFINE_alias("float_share", "max_float_macs")  # Its name until 0.1.
_RATE = flags.DEFINE_float("finetune_rate", 5e-4, "Peak learning rate of it.")
_SEED = flags.DEFINE_integer("seed", 0, "Of calibration and fine-tuning.")
_SOURCES = flags.DEFINE_list(
    "sources", [], "Training sources to calibrate on; default: the run's."
)
_PROFILE = flags.DEFINE_string(
    "profile", "", "Noise profile, a name or .json; default: the run's."
)


def main(arguments):
    """Hands the flags to `bundle.write`, or to `check.check`."""
    if arguments:
        program.fail(f"No positional arguments are taken: {arguments}")
    import pathlib

    if _VERIFY.value:
        from export.contract import check

        counts = check.check(_VERIFY.value)
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"{_VERIFY.value} is whole: {listed}")
        return
    for flag in ("workdir", "output"):
        if not flags.FLAGS[flag].value:
            program.fail(f"--{flag} must be given, or --verify.")

    from export import bundle
    from export.int8 import calibration
    from export.member import recipes

    workdir = pathlib.Path(_WORKDIR.value)
    output = bundle.write(
        workdir,
        _OUTPUT.value,
        recipes.parse(_RECIPES.value),
        _TILE.value,
        _NAME.value or workdir.resolve().name,
        _GROUPS.value,
        photographs=_PHOTOGRAPHS.value,
        photographs_limit=_LIMIT.value,
        quality_limits=_limits(_QUALITY_LIMITS.value),
        allow_quality_loss=_ALLOW.value,
        calibrate=calibration.Settings(
            _TILES.value,
            _STEPS.value,
            _RATE.value,
            _SEED.value,
            _TARGET.value,
            _MAX_FLOAT_MACS.value,
        ),
        sources=tuple(_SOURCES.value),
        profile=_PROFILE.value,
    )
    print((output / "README.md").read_text(encoding="utf-8"), end="")
    print(f"Wrote {output}")


def _limits(pairs):
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


def cli():
    """Entry point of `fanet-export`."""
    program.run(main)


if __name__ == "__main__":
    cli()
