"""The batches of a run: drawn, checked, spread over workers."""

import numpy as np
import tensorflow as tf

from fanet_tf import losses
from fanet_tf.data import camera as camera_lib
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import sources
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis

# Begins the message of a batch that is not finite.
NON_FINITE = "A batch must be finite"


def build_bank(config):
    """Loads the run's clean images; None if they are streamed from files."""
    if any(sources.is_streamed(name) for name in config.data.sources):
        return None
    largest = max(
        [config.data.patch_size]
        + [size for _, size, _ in config.train.patch_schedule]
    )
    return bank_lib.build(
        config.data.sources,
        config.data.weights,
        config.data.smooth_share,
        config.seed,
        largest,
    )


def batches(config, phase, bank, profile, a_range, seed, first):
    """Returns the batches from `first` to the end of a phase.

    Args:
        config: of the run.
        phase: `schedule.Phase`.
        bank: `build_bank`.
        profile: the sensor's noise.
        a_range: of the shot-noise slope, overlap included.
        seed: of the member.
        first: first batch.

    Returns:
        A tf.data.Dataset of `(inputs, clean)` for `trainer.Trainer`.
    """
    camera = camera_lib.get(config.data.camera)
    drawn = synthesis.Synthesis(
        bank,
        camera,
        profile,
        a_range,
        config.data.b_law,
        phase.batch_size,
        phase.patch_size,
        seed,
        synthesis.sensor_of(config.data),
    )
    if bank is None:
        mixture = stream.from_names(
            config.data.sources,
            config.data.weights,
            camera,
            phase.batch_size,
            phase.patch_size,
        )
        dataset = stream.batches(mixture, drawn, first, phase.last)
    else:
        dataset = synthesis.batches(drawn, first, phase.last)
    if config.data.service:
        # Each batch is made once, by any of the workers: with more than one
        # they come in no fixed order.
        dataset = dataset.apply(
            tf.data.experimental.service.distribute(
                "distributed_epoch", config.data.service
            )
        )
    dataset = dataset.map(_checked)
    if config.loss.rgb_perceptual:
        colour = _typical_colour(camera, phase.batch_size)
        dataset = dataset.map(
            lambda inputs, clean: ({**inputs, **colour}, clean)
        )
    return dataset.prefetch(4)


def _checked(inputs, clean):
    """Stops at a batch that is not a number, before it does harm."""
    check = tf.debugging.check_numerics
    inputs = {name: check(v, NON_FINITE) for name, v in inputs.items()}
    return inputs, check(clean, NON_FINITE)


def _typical_colour(camera, batch_size):
    """Returns `losses.COLOUR` of the camera's middle, for every crop.

    A loss compares two pictures through the same window, so it need not be
    the one of each crop, which RAW files do not tell.
    """
    matrix, _, red, blue = camera.typical()
    values = (np.linalg.inv(matrix), red, blue)
    return {
        name: tf.constant(np.stack([np.float32(value)] * batch_size))
        for name, value in zip(losses.COLOUR, values, strict=True)
    }
