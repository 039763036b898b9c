"""How many steps a second training takes, and where the time goes.

Times the whole of `fit` (input, step, EMA, callbacks' place), then its parts:
batches alone, forward, forward and backward, and each layer's forward and
backward by itself, summed by level of the network. Medians; on a busy machine
compare the CPU times, which do not count what others take.

Example:

    python benchmarks/training.py
    python benchmarks/training.py --config=configs/fan.py \
        --config.train.precision=mixed_bfloat16
"""

import collections
import itertools
import statistics
import time

import keras
import numpy as np
import tensorflow as tf
from absl import app
from absl import flags
from ml_collections import config_flags

from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.training import members
from fanet_tf.training import precision
from fanet_tf.training import step_clock
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule

_CONFIG = config_flags.DEFINE_config_file("config", None, "Config file.")
_STEPS = flags.DEFINE_integer(
    "steps", 30, "Timed steps.", lower_bound=step_clock.WARM_UP + 1
)
_LAYERS = flags.DEFINE_bool("layers", True, "Time each layer as well.")


def median_ms(work, count):
    """Returns the medians of clock and CPU time of `work()`, in ms."""
    clocks, cpus = [], []
    for index in range(step_clock.WARM_UP + count):
        clock, cpu = time.perf_counter(), time.process_time()
        work()
        if index >= step_clock.WARM_UP:
            clocks.append(1e3 * (time.perf_counter() - clock))
            cpus.append(1e3 * (time.process_time() - cpu))
    return statistics.median(clocks), statistics.median(cpus)


def _medians(clock):
    """Returns the medians of clock and CPU time of a step, in ms."""
    return tuple(
        1e3 * statistics.median(np.diff(times)[step_clock.WARM_UP :])
        for times in (clock.clocks, clock.cpus)
    )


def _trainer(config):
    half = config.data.patch_size // 2
    member = members.build(config.model, half, half)
    precision.apply(member, config.train.precision)
    trainer = trainer_lib.Trainer(member, config.loss)
    trainer_lib.compile_trainer(trainer, config.train)
    return trainer


def _batches(config):
    profile = profile_lib.load(config.data.profile)
    (phase,) = schedule.phases(config.train, config.data)
    a_range = members.subranges(profile, config.nsma.members)[0]
    bank = pipeline.build_bank(config.data, [phase], config.seed)
    return pipeline.batches(config.data, phase, bank, profile, a_range, 0, 0)


def _layer_times(config, member, count):
    """Returns ms of forward and backward by level: `{size: {kind: ms}}`."""
    rng = np.random.default_rng(0)
    times = collections.defaultdict(collections.Counter)
    for layer in member.get_layer("core").layers:
        inputs = layer.input
        if isinstance(layer, keras.layers.InputLayer):
            continue
        inputs = inputs if isinstance(inputs, list) else [inputs]
        arrays = [
            tf.cast(
                rng.standard_normal((config.data.batch_size, *x.shape[1:])),
                layer.compute_dtype,
            )
            for x in inputs
        ]
        single = not isinstance(layer.input, list)

        def step(arrays=arrays, layer=layer, single=single):
            with tf.GradientTape() as tape:
                tape.watch(arrays)
                y = layer(arrays[0]) if single else _call(layer, arrays)
                loss = tf.reduce_sum(tf.cast(y, "float32"))
            return tape.gradient(loss, [arrays, layer.trainable_variables])

        clock, _ = median_ms(tf.function(step), count)
        times[inputs[0].shape[1]][type(layer).__name__] += clock
    return times


def _call(layer, arrays):
    """Calls a layer of several inputs, given apart or as a list."""
    if layer.__class__.__module__.startswith("keras."):
        return layer(arrays)
    return layer(*arrays)


def main(argv):
    """Prints the table."""
    del argv
    config = _CONFIG.value or config_lib.default_config()
    size, batch = config.data.patch_size, config.data.batch_size
    config.train.steps = _STEPS.value + step_clock.WARM_UP
    trainer, batches = _trainer(config), _batches(config)

    def row(name, times):
        print(f"  {name:28} {times[0]:8.1f} ms  {times[1]:8.1f} ms of CPU")

    clock = step_clock.StepClock(_STEPS.value)
    trainer.fit(
        batches,
        steps_per_epoch=config.train.steps,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    whole = _medians(clock)
    print(
        f"{1e3 / whole[0]:.1f} steps a second of {batch} x {size} x {size}, "
        f"{config.train.precision}"
    )
    row("a step, input and all", whole)
    iterator = iter(batches)
    row(
        "a batch alone",
        median_ms(
            lambda: list(itertools.islice(iterator, 1)),
            _STEPS.value - step_clock.WARM_UP,
        ),
    )
    inputs, clean = next(iter(batches))
    member = trainer.member
    row(
        "forward",
        median_ms(tf.function(lambda: member(inputs)), _STEPS.value),
    )

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            loss = trainer.compute_loss(inputs, clean, member(inputs))
        return tape.gradient(loss, member.trainable_variables)

    both = median_ms(gradient, _STEPS.value)
    row("forward and backward", both)
    row("optimiser, EMA and the rest", tuple(np.subtract(whole, both)))
    if _LAYERS.value:
        times = _layer_times(config, member, max(_STEPS.value // 3, 3))
        total = sum(sum(kinds.values()) for kinds in times.values())
        print("forward and backward of each layer alone, by level:")
        for height in sorted(times, reverse=True):
            kinds = times[height]
            share = 100.0 * sum(kinds.values()) / total
            text = ", ".join(f"{k} {ms:.1f}" for k, ms in kinds.most_common(4))
            print(f"  {height:4} x {height:<4} {share:4.0f} %  {text}")


if __name__ == "__main__":
    app.run(main)
