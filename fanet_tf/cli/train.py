"""Trains a denoiser or an array of them.

Example:
    fanet-train --config=configs/fan.py --workdir=runs/fan \
        --config.nsma.members=4 --config.train.learning_rate=3e-4

The same command again goes on where it stopped.
"""

from absl import flags
from ml_collections import config_flags

from fanet_tf.cli import program

_CONFIG = config_flags.DEFINE_config_file("config", None, "Config file.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Where the run is written.")

_EXIT_NON_FINITE = 3


def main(arguments):
    """Hands the flags to `train.train`."""
    if arguments:
        program.fail(f"No positional arguments are taken: {arguments}")
    config = _CONFIG.value  # Before the slow imports: typos fail at once.
    from fanet_tf import callbacks
    from fanet_tf import train

    try:
        train.train(config, _WORKDIR.value)
    except callbacks.NonFiniteError as error:
        program.fail(error, code=_EXIT_NON_FINITE)


def cli():
    """Entry point of `fanet-train`."""
    program.run(main, required=["config", "workdir"])


if __name__ == "__main__":
    cli()
