"""What the sources of a run hold: how many images, how sharp, how bright."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.raw import sharpness
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis
from fanet_tf.training.feed.bank import Bank
from fanet_tf.training.feed.sources import Source

SIDE = 64  # Packed pixels of a crop that is measured.
_CROPS = 128  # Of each source: 16 openings of a streamed one.


@dataclasses.dataclass(frozen=True)
class Entry:
    """One source of a run.

    Attributes:
        name: as the config has it.
        share: of the crops, in 0..1.
        count: its images, or its files where it is streamed.
        sharpness: `D(1) / D(8)` of its clean crops (`raw.sharpness`), those
            without contrast left out.
        brightness: mean of each of the crops.
    """

    name: str
    share: float
    count: int
    sharpness: np.ndarray
    brightness: np.ndarray


def clean_crops(
    data: ConfigDict,
    bank: Bank | list[Source],
    side: int,
    seed: int,
    count: int,
) -> Iterator[np.ndarray]:
    """Draws clean crops as the batches of a run have them.

    Args:
        data: the config's `data` section.
        bank: see `pipeline.build_bank`.
        side: of a crop, in packed pixels.
        seed: of the run.
        count: of the crops.

    Yields:
        `[side, side, 4]`, packed.
    """
    if isinstance(bank, Bank):
        profile = profile_lib.load(data.profile)
        a_range = tuple(float(profile.a(g)) for g in profile.gain_range)
        drawn = synthesis.of(
            data, bank, profile, a_range, data.batch_size, 2 * side, seed
        )
        # What the sensor adds is not measured.
        drawn = dataclasses.replace(drawn, sensor=None)
        blocks = (
            drawn.batch(tf.constant(step, tf.int64))[1].numpy()
            for step in itertools.count()
        )
    else:
        clean = [dataclasses.replace(source, planes=4) for source in bank]
        mixture = stream.Mixture(
            clean, data.weights, data.batch_size, side, seed, block=1
        )
        blocks = map(mixture.block, itertools.count())
    yield from itertools.islice(itertools.chain.from_iterable(blocks), count)


def take(
    data: ConfigDict, bank: Bank | list[Source], largest: int, seed: int
) -> Iterator[Entry]:
    """Measures the sources of a run, one after another.

    Args:
        data: the config's `data` section.
        bank: see `pipeline.build_bank`.
        largest: patch of the run, in sensor pixels; no image is smaller.
        seed: of the run.
    """
    side = min(SIDE, largest // 2)
    total = sum(data.weights)
    for index, (name, weight) in enumerate(
        zip(data.sources, data.weights, strict=True)
    ):
        crops = []
        if weight:
            alone = data.copy_and_resolve_references()
            alone.sources, alone.weights = (name,), (1.0,)
            part = _part(bank, index)
            crops = list(clean_crops(alone, part, side, seed, _CROPS))
        measurable = crops if side > sharpness.LAGS[-1] else []
        yield Entry(
            name,
            weight / total,
            _count(data, bank, index),
            sharpness.ratios(map(sharpness.structure, measurable)),
            np.array([crop.mean() for crop in crops]),
        )


def _part(bank, index):
    return bank.of_source(index) if isinstance(bank, Bank) else [bank[index]]


def _count(data, bank, index) -> int:
    if not isinstance(bank, Bank):
        return len(bank[index].items)
    # Each image has a smooth variant beside it.
    return bank.per_source[index] // (2 if data.smooth_share > 0 else 1)
