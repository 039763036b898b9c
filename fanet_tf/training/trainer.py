"""The Keras model that trains a member, and its state as plain arrays."""

import keras
import numpy as np
from ml_collections import ConfigDict

from fanet_tf import losses
from fanet_tf.errors import InputError


class Trainer(keras.Model):
    """A member under training: `fit` with weighed losses.

    Only the member learns: teacher and VGG-16 are frozen, and their variables
    are no part of a checkpoint.

    Args:
        member: keras.Model, see `models.member.build`.
        loss_config: the config's `loss` section: `domain`, and one weight for
            each loss.
        teacher: member graph of the same size, if a loss needs one.
        vgg: `losses.vgg.features`, if a loss needs it.
    """

    def __init__(self, member, loss_config, teacher=None, vgg=None):
        super().__init__(name="trainer")
        losses.check(loss_config)
        self.member = member
        self.loss_config = loss_config
        self.teacher = teacher
        self.vgg = vgg
        self._features = None
        if teacher is not None:
            teacher.trainable = False
        if loss_config.feature:
            self._features = losses.TeacherFeatures(teacher)
        if vgg is not None:
            vgg.trainable = False
        names = [
            name for name in losses.NAMES if losses.weight(loss_config, name)
        ]
        # One loss alone is the total, which Keras keeps already.
        self.term_means = (
            [keras.metrics.Mean(name=name) for name in names]
            if len(names) > 1
            else []
        )

    def call(self, inputs):
        """Returns what the member gives, `[B, h, w, 4]`."""
        return self.member(losses.member_inputs(inputs))

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Returns the weighed sum of the losses, a scalar."""
        terms = losses.terms(
            self.loss_config,
            x,
            y,
            y_pred,
            self.teacher,
            self._features,
            self.vgg,
        )
        for mean in self.term_means:
            mean.update_state(terms[mean.name])
        return sum(terms.values()) / _num_replicas()


def _num_replicas():
    """Returns how many devices' gradients TensorFlow will add up."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def compile_trainer(trainer: Trainer, train: ConfigDict) -> None:
    """Attaches Adam with warm-up, cosine decay and EMA, and builds it.

    `jit_compile` stays off: on a CPU TensorFlow's graph mode is faster than
    XLA, and XLA takes a minute to compile first.

    Args:
        trainer: not compiled yet.
        train: the config's `train` section.
    """
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
        rate,
        use_ema=True,
        ema_momentum=train.ema,
        global_clipnorm=train.clip_norm or None,
    )
    gpu = keras.backend.backend() == "jax"
    trainer.compile(optimizer=optimizer, jit_compile=gpu)
    optimizer.build(trainer.member.trainable_variables)


def _variables(trainer: Trainer):
    return [*trainer.member.variables, *trainer.optimizer.variables]


def get_state(trainer: Trainer) -> list[np.ndarray]:
    """Returns weights, optimizer variables (its EMA among them), sums.

    The sums are those of the losses since the last log, so that a resumed run
    logs the same means.
    """
    variables = [*_variables(trainer), *trainer.metrics_variables]
    return [keras.ops.convert_to_numpy(v) for v in variables]


def set_state(trainer: Trainer, arrays) -> list[np.ndarray]:
    """Inverse of `get_state`; returns the sums for `set_sums`.

    Keras empties the sums when `fit` starts, so they must be set after that.
    """
    variables = _variables(trainer)
    shapes = [tuple(v.shape) for v in variables]
    arrays, sums = arrays[: len(shapes)], arrays[len(shapes) :]
    if shapes != [a.shape for a in arrays]:
        raise InputError(
            "A checkpoint must be of the config's network. Received: "
            f"{len(arrays)} arrays for {len(shapes)} variables, or other shapes"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return sums


def set_sums(trainer: Trainer, sums) -> None:
    """Sets the running sums of the losses; `sums` may be empty."""
    if len(sums) == len(trainer.metrics_variables):
        for variable, array in zip(
            trainer.metrics_variables, sums, strict=True
        ):
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
