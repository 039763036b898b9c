"""Does the input pipeline keep ahead of training?

Times batches from `data.synthesis`, noise and all, and steps of the config's
network on a batch that is already there, each alone and on the same cores. On
a busy machine compare CPU time: it does not count what others take.

Example:

    python benchmarks/pipeline.py
    python benchmarks/pipeline.py --batches=400
"""

import itertools
import statistics
import time

from absl import app
from absl import flags

from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.training import members
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import synthesis

_BATCHES = flags.DEFINE_integer("batches", 200, "A round.", lower_bound=10)
_ROUNDS = flags.DEFINE_integer("rounds", 5, "Rounds.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 30, "Training steps.", lower_bound=2)
_REALISM = flags.DEFINE_string("realism", "none", "config.data.realism.")

# Patches of 128 x 128 sensor pixels a second, on two cores.
TARGET = 2700
# The pipeline's rate over training's.
MARGIN = 10


def _synthesis(config):
    profile = profile_lib.load(config.data.profile)
    bank = bank_lib.build(
        config.data.sources,
        config.data.weights,
        config.data.smooth_share,
        config.seed,
        config.data.patch_size,
    )
    return synthesis.Synthesis(
        bank,
        camera_lib.get(config.data.camera),
        profile,
        members.subranges(profile, config.nsma.members)[0],
        config.data.b_law,
        config.data.batch_size,
        config.data.patch_size,
        config.seed,
        synthesis.sensor_of(config.data),
    )


class _Rate:
    """Patches a second, by the clock and by the CPU time of all threads."""

    def __init__(self, num_patches, work):
        clock, cpu = time.perf_counter(), time.process_time()
        work()
        self.by_clock = num_patches / (time.perf_counter() - clock)
        self.by_cpu = num_patches / (time.process_time() - cpu)


def _pipeline_rates(dataset, batch_size, num_batches, rounds):
    """Returns a `_Rate` of each round; the first batches warm up."""
    batches = iter(dataset)

    def take(count):
        for _ in itertools.islice(batches, count):
            pass

    take(20)
    return [
        _Rate(batch_size * num_batches, lambda: take(num_batches))
        for _ in range(rounds)
    ]


def _training_rate(config, batch, steps):
    """Returns the `_Rate` at which training takes patches."""
    half = config.data.patch_size // 2
    trainer = trainer_lib.Trainer(
        members.build(config.model, half, half), config.loss
    )
    trainer_lib.compile_trainer(trainer, config.train)

    def work(count):
        for _ in range(count):
            trainer.train_on_batch(*batch)

    work(3)
    return _Rate(config.data.batch_size * steps, lambda: work(steps))


def main(argv):
    """Prints both rates and their ratio; exit code 1 below the targets."""
    del argv
    config = config_lib.default_config()
    config.data.realism = _REALISM.value
    total = 20 + _BATCHES.value * _ROUNDS.value
    dataset = synthesis.batches(_synthesis(config), 0, total)
    rates = _pipeline_rates(
        dataset, config.data.batch_size, _BATCHES.value, _ROUNDS.value
    )
    clock = statistics.median(rate.by_clock for rate in rates)
    cpu = statistics.median(rate.by_cpu for rate in rates)
    size = config.data.patch_size
    print(
        f"pipeline: {clock:,.0f} patches of {size} x {size} a second, "
        f"{cpu:,.0f} a CPU second; target {TARGET:,} on two cores"
    )
    trained = _training_rate(config, next(iter(dataset)), _STEPS.value)
    ratio, cpu_ratio = clock / trained.by_clock, cpu / trained.by_cpu
    print(
        f"training: {trained.by_clock:,.0f} patches a second, "
        f"{trained.by_cpu:,.0f} a CPU second; the pipeline is {ratio:.1f} "
        f"times faster ({cpu_ratio:.1f} by CPU time), target {MARGIN}"
    )
    return 0 if clock >= TARGET and ratio >= MARGIN else 1


if __name__ == "__main__":
    app.run(main)
