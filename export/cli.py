"""Exports a trained array to a bundle of LiteRT flatbuffers.

Example:
    fanet-export --workdir=runs/fan --output=runs/fan/bundle \
        --recipes=float32,float16,dynamic_wi8_afp32
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


def main(arguments):
    """Hands the flags to `bundle.write`."""
    if arguments:
        program.fail(f"No positional arguments are taken: {arguments}")
    import pathlib

    from export import bundle
    from export import recipes

    workdir = pathlib.Path(_WORKDIR.value)
    output = bundle.write(
        workdir,
        _OUTPUT.value,
        recipes.parse(_RECIPES.value),
        _TILE.value,
        _NAME.value or workdir.resolve().name,
        _GROUPS.value,
    )
    print(f"Wrote {output}")


def cli():
    """Entry point of `fanet-export`."""
    program.run(main, required=["workdir", "output"])


if __name__ == "__main__":
    cli()
