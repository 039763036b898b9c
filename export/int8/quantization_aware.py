"""Quantisation-aware fine-tuning: a short training with simulated integers.

Its target is the float32 member's output for the same noisy crop, which shows
the few hundredths of a decibel that eight bits cost. (The clean crop as a
second target trained the member itself on, towards what is bright: one lost
0.06 dB over all pixels and 0.23 dB in the darkest quarter, without it 0.14 and
0.15 dB.) Errors count in deviations of the noise, so that every brightness and
gain has the same weight.
"""

import dataclasses

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from export.flatbuffer import core as core_lib
from export.flatbuffer import planes
from export.int8 import quantise
from export.int8 import simulate
from fanet_tf import layers
from fanet_tf.raw import ksigma

# To trace the graph takes as long as that many steps without it.
_WORTH_TRACING = 8


@dataclasses.dataclass(frozen=True)
class Ends:
    """The ends of a core in integers alone, and what an app computes there.

    Attributes:
        transform: one of `layers.stabilise.TRANSFORMS`.
        grid: of its input in two planes; None for an input of 16 bits.
        wide_layers: see `quantise.static`.
    """

    transform: str
    grid: planes.Grid | None
    wide_layers: tuple[str, ...] = ()

    def quantised(self, flatbuffer: bytes, ranges: dict) -> bytes:
        """Returns a core in float32 as one in integers alone."""
        return quantise.static(
            flatbuffer, ranges, whole=True, wide_layers=self.wide_layers
        )


class _AroundCore(keras.Model):
    """A simulated core between its ends, from a member's inputs to `denoised`.

    `flatbuffer.core.around` in Keras.
    """

    def __init__(self, core, ends):
        super().__init__(name="around_core")
        self.core, self.grid = core, ends.grid
        self.transform = ends.transform
        self.stabilise = layers.Stabilise(ends.transform)

    def call(self, inputs, quantise=True):
        stabilised, unit = self.stabilise(
            inputs["noisy"], inputs["scale"], inputs["offset"]
        )
        feeds = {core_lib.INPUT: stabilised}
        if self.grid is not None:
            feeds = self.grid.split(stabilised, xp=keras.ops)
        residual = self.core(feeds, quantise=quantise)
        return core_lib.restore(
            inputs,
            stabilised,
            unit,
            residual,
            self.transform,
            xp=keras.ops,
        )


class _Trainer(keras.Model):
    """Trains a simulated member towards its own float32 output at the start."""

    def __init__(self, student, teacher):
        super().__init__(name="finetune")
        self.student, self.teacher = student, teacher

    def call(self, inputs):
        return self.student(inputs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        target = self.teacher(x, quantise=False)
        s = ksigma.ksigma(x["noisy"], x["scale"], x["offset"])
        # Below black only read noise is left, of the same deviation.
        deviation = ksigma.deviation(s, x["offset"], xp=keras.ops)
        weight = keras.ops.square(x["scale"] / deviation)
        return keras.ops.mean(weight * keras.ops.square(y_pred - target))


def train(
    flatbuffer: bytes,
    ranges: dict,
    data: tf.data.Dataset,
    steps: int,
    learning_rate: float,
    ends: Ends | None = None,
) -> tuple[dict[str, np.ndarray], dict]:
    """Trains kernels, biases and ranges of a static int8 member.

    Args:
        flatbuffer: float32.
        ranges: from `quantise.calibrate`.
        data: batches of `(inputs, clean)`.
        steps: of Adam, with cosine decay.
        learning_rate: its peak.
        ends: where the flatbuffer is a core, which is then in integers alone;
            None for a member.

    Returns:
        Constants for `graph.with_constants`, and ranges for `quantise.static`.

    Raises:
        simulate.UnknownOperation: the graph cannot be simulated.
    """
    make = ends.quantised if ends else quantise.static
    quantised = make(flatbuffer, ranges)
    student = simulate.Simulated(quantised, flatbuffer)
    teacher = simulate.Simulated(quantised, flatbuffer)
    teacher.trainable = False
    pair = (student, teacher)
    if ends is not None:
        pair = tuple(_AroundCore(core, ends) for core in pair)
    trainer = _Trainer(*pair)
    trainer.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        ),
        jit_compile=False,
        run_eagerly=steps < _WORTH_TRACING,
    )
    trainer.optimizer.build(student.trainable_variables)
    silent = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: (
            step % 100
            or logging.info(
                "  fine-tuning: step %d of %d, loss %.4f",
                step,
                steps,
                logs["loss"],
            )
        )
    )
    trainer.fit(
        data, steps_per_epoch=steps, epochs=1, verbose=0, callbacks=[silent]
    )
    return (
        student.constants(),
        quantise.with_ranges(ranges, student.trained_ranges()),
    )


def simulated(
    quantised: bytes,
    flatbuffer: bytes,
    inputs: dict[str, np.ndarray],
    ends: Ends | None = None,
) -> np.ndarray:
    """Returns the output of a quantised flatbuffer's simulation.

    Args:
        quantised: the flatbuffer.
        flatbuffer: the float32 one that it was made of.
        inputs: by name.
        ends: see `train`.
    """
    model = simulate.Simulated(quantised, flatbuffer)
    if ends is not None:
        model = _AroundCore(model, ends)
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return keras.ops.convert_to_numpy(model(tensors))
