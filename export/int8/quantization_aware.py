"""Quantisation-aware fine-tuning: a short training with simulated integers.

Two targets of equal weight: the clean crop, and what the float32 member itself
gives on the same noisy crop, which is less noisy a target and so shows the few
hundredths that eight bits cost. The error counts in deviations of the noise,
so that each brightness and gain counts the same.
"""

import keras
import tensorflow as tf
from absl import logging

from export.int8 import quantise
from export.int8 import simulate
from fanet_tf.raw import ksigma


class _Trainer(keras.Model):
    """Trains a `Simulated` towards its own float32 output at the start."""

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
        errors = keras.ops.square(y_pred - target) + keras.ops.square(
            y_pred - y
        )
        return keras.ops.mean(weight * errors)


def train(flatbuffer, ranges, data, steps, learning_rate):
    """Trains kernels, biases and ranges of a static int8 member.

    Args:
        flatbuffer: bytes, float32.
        ranges: from `quantise.calibrate`.
        data: tf.data.Dataset of `(inputs, clean)`.
        steps: of Adam, with cosine decay.
        learning_rate: its peak.

    Returns:
        `(constants, ranges)` for `graph.with_constants`, `quantise.static`.
    """
    quantised = quantise.static(flatbuffer, ranges)
    student = simulate.Simulated(quantised, flatbuffer)
    teacher = simulate.Simulated(quantised, flatbuffer)
    teacher.trainable = False
    trainer = _Trainer(student, teacher)
    trainer.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(learning_rate, steps)
        ),
        jit_compile=False,
    )
    trainer.optimizer.build(student.trainable_variables)
    silent = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda step, logs: (
            step % 100
            or logging.info(
                "Fine-tuning: step %d, loss %.4f", step, logs["loss"]
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


def simulated(quantised, flatbuffer, inputs):
    """Returns what the simulation of a quantised flatbuffer computes.

    Args:
        quantised: bytes.
        flatbuffer: bytes, the float32 one that it was made of.
        inputs: name -> array.
    """
    model = simulate.Simulated(quantised, flatbuffer)
    tensors = {name: tf.constant(value) for name, value in inputs.items()}
    return keras.ops.convert_to_numpy(model(tensors))
