"""The Keras model that trains a member, and its state as plain arrays."""

import keras
import numpy as np

from fanet_tf import losses
from fanet_tf.errors import InputError


class Trainer(keras.Model):
    """A member under training: `fit` with weighed losses.

    Args:
        member: keras.Model, see `models.member.build`.
        loss_config: the config's `loss` section: `domain`, and one weight for
            each loss.
    """

    def __init__(self, member, loss_config):
        super().__init__(name="trainer")
        if loss_config.domain not in losses.DOMAINS:
            raise InputError(
                "`loss.domain` must be one of "
                f"{', '.join(losses.DOMAINS)}. Received: {loss_config.domain!r}"
            )
        self.member = member
        self.loss_config = loss_config

    def call(self, inputs):
        """Returns what the member gives, `[B, h, w, 4]`."""
        return self.member(inputs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Returns the weighed sum of the losses, a scalar."""
        error = losses.error(
            y_pred, y, x["scale"], x["offset"], self.loss_config.domain
        )
        return self.loss_config.charbonnier * losses.charbonnier(error)


def compile_trainer(trainer: Trainer, config) -> None:
    """Attaches Adam with warm-up, cosine decay and EMA, and builds it.

    `jit_compile` stays off: on a CPU TensorFlow's graph mode is faster than
    XLA, and XLA takes a minute to compile first.
    """
    train = config.train
    if train.warmup_steps:
        rate = keras.optimizers.schedules.CosineDecay(
            0.0,
            max(train.steps - train.warmup_steps, 1),
            warmup_target=train.learning_rate,
            warmup_steps=train.warmup_steps,
        )
    else:
        rate = keras.optimizers.schedules.CosineDecay(
            train.learning_rate, train.steps
        )
    optimizer = keras.optimizers.Adam(
        rate, use_ema=True, ema_momentum=train.ema
    )
    gpu = keras.backend.backend() == "jax"
    trainer.compile(optimizer=optimizer, jit_compile=gpu)
    optimizer.build(trainer.member.trainable_variables)


def get_state(trainer: Trainer) -> list[np.ndarray]:
    """Returns weights, then optimizer variables (its EMA among them)."""
    variables = [*trainer.member.variables, *trainer.optimizer.variables]
    return [keras.ops.convert_to_numpy(v) for v in variables]


def set_state(trainer: Trainer, arrays) -> None:
    """Inverse of `get_state`."""
    variables = [*trainer.member.variables, *trainer.optimizer.variables]
    shapes = [tuple(v.shape) for v in variables]
    if shapes != [a.shape for a in arrays]:
        raise InputError(
            "A checkpoint must be of the config's network. Received: "
            f"{len(arrays)} arrays for {len(shapes)} variables, or other shapes"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def ema_weights(trainer: Trainer) -> list[np.ndarray]:
    """Returns the averaged weights, in the order of `member.weights`.

    The same attribute that Keras's own `SwapEMAWeights` callback reads.
    """
    averages = trainer.optimizer._model_variables_moving_average
    by_path = {
        variable.path: average
        for variable, average in zip(
            trainer.member.trainable_variables, averages, strict=True
        )
    }
    return [
        keras.ops.convert_to_numpy(by_path.get(w.path, w))
        for w in trainer.member.weights
    ]
