"""One phase of one member: its trainer, its batches, its `fit`."""

import re
from collections.abc import Callable

import keras
import tensorflow as tf

from fanet_tf import nsma
from fanet_tf.errors import InputError
from fanet_tf.losses import vgg
from fanet_tf.training import callbacks as callbacks_lib
from fanet_tf.training import distribution
from fanet_tf.training import members
from fanet_tf.training import precision
from fanet_tf.training import run_folder
from fanet_tf.training import teacher as teacher_lib
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed.schedule import Phase
from fanet_tf.training.plan import Plan

# How TensorFlow tells what a function of ours has raised while it made a batch.
_REFUSED = re.compile(r"\bInputError: (.*?)\nTraceback", re.DOTALL)


def seed(config, index: int) -> int:
    """Returns the seed of a member: of its first weights and its batches.

    So members differ, and none depends on those that were trained before it.
    """
    return config.seed * 1000 + index


def build_trainer(config, phase: Phase, index: int) -> trainer_lib.Trainer:
    """Builds and compiles the trainer of one phase."""
    keras.utils.set_random_seed(seed(config, index))
    half = phase.patch_size // 2
    with distribution.mirrored(phase.batch_size):
        member = members.build(config.model, half, half)
        if config.train.init_from:
            source = run_folder.trained_file(
                config.train.init_from, index, "train.init_from"
            )
            members.set_weights_from(member, source)
        precision.apply(member, config.train.precision)
        trainer = trainer_lib.Trainer(
            member,
            config.loss,
            teacher_lib.load(config.loss.teacher, half, half),
            vgg.features(config.loss.vgg)
            if config.loss.rgb_perceptual
            else None,
        )
        trainer_lib.compile_trainer(trainer, config.train)
    return trainer


def batches(
    plan: Plan, phase: Phase, index: int, bank, first: int
) -> tf.data.Dataset:
    """Returns a member's batches from `first` to the end of a phase.

    Args:
        plan: of the run.
        phase: gives the sizes and the last batch.
        index: of the member.
        bank: see `pipeline.build_bank`.
        first: first batch.
    """
    config = plan.config
    return pipeline.batches(
        config.data,
        phase,
        bank,
        plan.profile,
        nsma.widen(plan.ranges[index], config.nsma.overlap),
        seed(config, index),
        first,
        colour=bool(config.loss.rgb_perceptual),
    )


def fit(
    trainer: trainer_lib.Trainer,
    dataset: tf.data.Dataset,
    batch_size: int,
    steps: int,
    callbacks: list[keras.callbacks.Callback],
    place: Callable[[], str],
) -> None:
    """Trains on batches; one that is not finite ends the run.

    Args:
        trainer: of `build_trainer`.
        dataset: of `batches`.
        batch_size: of the whole batch, over all devices.
        steps: at most so many.
        callbacks: of Keras, in order.
        place: says which batch comes next.

    Raises:
        NonFiniteError: a batch is not finite.
        InputError: the files of a source cannot be used.
    """
    try:
        trainer.fit(
            distribution.share(dataset, batch_size),
            steps_per_epoch=steps,
            epochs=1,
            shuffle=False,  # Of arrays; batches come as they come.
            verbose=0,
            callbacks=callbacks,
        )
    except tf.errors.InvalidArgumentError as error:
        if refused := _REFUSED.search(error.message):
            raise InputError(refused[1]) from error
        if pipeline.NON_FINITE not in error.message:
            raise
        raise callbacks_lib.NonFiniteError(
            f"{pipeline.NON_FINITE}. Received: NaN or infinity in {place()}"
        ) from error
