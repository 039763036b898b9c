"""The batches of a run: drawn, checked, spread over workers."""

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from fanet_tf import losses
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.data import camera as camera_lib
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import optics
from fanet_tf.training.feed import sources as sources_lib
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis
from fanet_tf.training.feed.photo_crops import PhotoCrops
from fanet_tf.training.feed.schedule import Phase
from fanet_tf.training.feed.sources import Source

# Begins the message of a batch that is not finite.
NON_FINITE = "A batch must be finite"


def build_bank(
    data: ConfigDict, phases: list[Phase], seed: int
) -> bank_lib.Bank | list[Source]:
    """Loads a run's clean images.

    A list of sources if some of them are streamed from their files: the others
    are then held in memory beside them.

    Args:
        data: the config's `data` section.
        phases: of the run; every image must hold their largest patch.
        seed: of the run.
    """
    largest = max(phase.patch_size for phase in phases)
    sources_lib.check_names(data.sources)
    if not any(map(sources_lib.is_streamed, data.sources)):
        return bank_lib.build(
            data.sources, data.weights, data.smooth_share, seed, largest
        )
    sources_lib.check_weights(data.sources, data.weights)
    photographs = PhotoCrops(
        camera_lib.get(data.camera), optics.of(data), data.smooth_share
    )
    # A mix is flipped by a shift of the mosaic: a cell more each way.
    smallest = largest + 2
    found = []
    for name in data.sources:
        if sources_lib.is_streamed(name):
            found.append(sources_lib.streamed(name, photographs))
            sources_lib.check_photographs(found[-1], smallest)
        else:
            found.append(sources_lib.loaded(name, photographs, seed, smallest))
    return found


def batches(
    data: ConfigDict,
    phase: Phase,
    bank: bank_lib.Bank | list[Source],
    profile: NoiseProfile,
    a_range: tuple[float, float],
    seed: int,
    first: int,
    colour: bool = False,
) -> tf.data.Dataset:
    """Returns the batches from `first` to the end of a phase.

    Args:
        data: the config's `data` section.
        phase: gives the sizes and the last batch.
        bank: see `build_bank`.
        profile: the sensor's noise.
        a_range: of the shot-noise slope, overlap included.
        seed: of the member.
        first: first batch.
        colour: whether the RGB perceptual loss needs the camera's colour.

    Returns:
        A tf.data.Dataset of `(inputs, clean)` for `trainer.Trainer`.
    """
    camera = camera_lib.get(data.camera)
    drawn = synthesis.of(
        data,
        bank,
        profile,
        a_range,
        phase.batch_size,
        phase.patch_size,
        seed,
    )
    if drawn.bank:
        dataset = synthesis.batches(drawn, first, phase.last)
    else:
        half = phase.patch_size // 2
        bank, weights = sources_lib.within(bank, data.weights, a_range)
        mixture = stream.Mixture(bank, weights, phase.batch_size, half, seed)
        dataset = stream.batches(mixture, drawn, first, phase.last)
    if data.service:
        # Each batch is made once, by any of the workers: with more than one
        # they come in no fixed order.
        dataset = dataset.apply(
            tf.data.experimental.service.distribute(
                "distributed_epoch", data.service
            )
        )
    dataset = dataset.map(_checked)
    if colour:
        typical = _typical_colour(camera, phase.batch_size)
        dataset = dataset.map(
            lambda inputs, clean: ({**inputs, **typical}, clean)
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
