r"""Trains a denoiser or an array of them.

Example:
    fanet-train --config=configs/fan.py --workdir=runs/fan \
        --config.nsma.members=4 --config.train.learning_rate=3e-4

The same command again goes on where it stopped. With --dry_run it says what it
would train and how long that takes here. Exit code 3: a loss, batch or weight
was not a number; nothing of it was saved.

Several machines, each with its own GPUs, train one run together on the JAX
backend. Start on each of them, with its own number and a `workdir` that all
see:

    KERAS_BACKEND=jax fanet-train --config=configs/fan.py --workdir=runs/fan \
        --coordinator=HOST:PORT --num_processes=2 --process_id=0
"""

import functools
import sys

from absl import flags

from fanet_tf.cli import program

with program.extra("train"):
    from ml_collections import config_flags

    from fanet_tf.cli import config_words
    from fanet_tf.cli import network_flag

_CONFIG = config_flags.DEFINE_config_file("config", None, "Config file.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Where the run is written.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator", None, "HOST:PORT of process 0, where several train together."
)
_NUM_PROCESSES = flags.DEFINE_integer(
    "num_processes", 1, "How many train together.", lower_bound=1
)
_PROCESS_ID = flags.DEFINE_integer(
    "process_id", 0, "Number of this one, from 0.", lower_bound=0
)
_DRY_RUN = flags.DEFINE_bool(
    "dry_run",
    False,
    "Say what would be trained, in what time, and train nothing; needs no "
    "--workdir.",
)
_DRY_RUN_PICTURE = flags.DEFINE_string(
    "dry_run_picture",
    "dry_run.png",
    "Where --dry_run draws a batch, clean and noisy at each gain.",
)
flags.register_multi_flags_validator(
    ["workdir", "dry_run"],
    lambda values: values["workdir"] is not None or values["dry_run"],
    "--workdir=DIR must be given, or --dry_run",
)

_EXIT_NON_FINITE = 3


def main(arguments):
    """Hands the flags to `train.train`, or to `dry_run.lines`."""
    if arguments:
        program.fail(f"No positional arguments are taken: {arguments}")
    # Before the slow imports and before a folder is made: a config that could
    # not be loaded fails at its first use.
    config = _CONFIG.value
    config_words.settle_shares(
        config, any("config.data.weights" in word for word in sys.argv)
    )
    config.to_json()
    program.import_tensorflow()
    _take_own_network(config)
    from fanet_tf.training import callbacks
    from fanet_tf.training import distribution
    from fanet_tf.training import dry_run
    from fanet_tf.training import train

    if _DRY_RUN.value and _NUM_PROCESSES.value > 1:
        program.fail(
            "--dry_run must run in one process, without --num_processes"
        )
    if _COORDINATOR.value:
        distribution.initialize(
            _COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value
        )
    elif _NUM_PROCESSES.value > 1:
        program.fail("--num_processes above 1 needs --coordinator=HOST:PORT")
    try:
        if _DRY_RUN.value:
            for line in dry_run.lines(
                config, _WORKDIR.value, _DRY_RUN_PICTURE.value
            ):
                print(line, flush=True)
        else:
            train.train(config, _WORKDIR.value)
    except callbacks.NonFiniteError as error:
        program.fail(error, code=_EXIT_NON_FINITE)


def _take_own_network(config) -> None:
    """Puts the network of --network, if given, in the place of the config's."""
    section = network_flag.use()
    if section is None:
        return
    lost = [
        word
        for word in sys.argv
        if word.lstrip("-").startswith("config.model.")
        and not word.lstrip("-").startswith("config.model.transform=")
    ]
    if lost:
        program.fail(
            "--network brings its own sizes; of config.model only transform "
            f"may be given. Received: {' '.join(lost)}"
        )
    config.model = {**section, "transform": config.model.transform}


def cli():
    """Entry point of `fanet-train`."""
    program.run(
        main,
        required=["config"],
        rare=["coordinator", "dry_run_picture", "num_processes", "process_id"],
        rewrite=config_words.rewritten,
        explain=functools.partial(config_words.explain, flag=_CONFIG),
    )


if __name__ == "__main__":
    cli()
