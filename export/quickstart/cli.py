"""The main job on a small scale: train, export, denoise, report.

Example:
    fanet-quickstart --output=runs/quickstart

About ten minutes on two cores; no download, no data of your own.
"""

import pathlib

from absl import flags

from fanet_tf.cli import program

_OUTPUT = flags.DEFINE_string(
    "output", "runs/quickstart", "Folder of everything it makes."
)
_SHARED_STEPS = flags.DEFINE_integer(
    "shared_steps", None, "Training steps of the shared start.", lower_bound=1
)
_MEMBER_STEPS = flags.DEFINE_integer(
    "member_steps", None, "Training steps of each member.", lower_bound=1
)


def main(arguments: list[str]) -> None:
    """Hands the flags to `run.run`."""
    if arguments:
        program.fail(f"No positional arguments are taken: {arguments}")
    program.import_tensorflow()
    from export.quickstart import run

    run.run(
        pathlib.Path(_OUTPUT.value),
        _SHARED_STEPS.value or run.SHARED_STEPS,
        _MEMBER_STEPS.value or run.MEMBER_STEPS,
    )


def cli() -> None:
    """Entry point of `fanet-quickstart`."""
    program.run(main)


if __name__ == "__main__":
    cli()
