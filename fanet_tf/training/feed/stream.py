"""Batches from sets too large for memory, mixed by weight with any others.

Young et al. mix unprocessed MIRFLICKR with clean frames of SIDD and
See-in-the-Dark. Crops are drawn in blocks of some batches. A block depends on
nothing but the seed and its number, so a resumed run gets the batches it would
have had. Each file that is opened gives several crops, spread over the block;
nothing else is kept in memory.
"""

from collections.abc import Sequence

import numpy as np

from fanet_tf.data import damage as damage_lib
from fanet_tf.data import sidd
from fanet_tf.errors import InputError
from fanet_tf.training.feed import augment
from fanet_tf.training.feed import real_pairs
from fanet_tf.training.feed import sources as sources_lib
from fanet_tf.training.feed.sources import Source


class Mixture:
    """Draws clean crops from several sets.

    Args:
        sources: see `sources.streamed` and `sources.loaded`.
        weights: share of the crops that each gives.
        batch_size: crops of a batch.
        size: of a crop, in packed pixels.
        seed: of the run.
        block: batches of a block.
        crops_per_file: that one opening of a file gives.
        damage_limit: share of a set's files that may be damaged.
    """

    def __init__(
        self,
        sources: list[Source],
        weights: Sequence[float],
        batch_size: int,
        size: int,
        seed: int,
        block: int = 16,
        crops_per_file: int = 8,
        damage_limit: float = 0.01,
    ):
        sources_lib.check_weights([s.name for s in sources], weights)
        self.sources = sources
        self.planes = max(source.planes for source in sources)
        weights = np.asarray(weights, np.float64)
        self.weights = weights / weights.sum()
        self.batch_size = batch_size
        self.size = size
        self.seed = seed
        self.block_batches = block
        self.crops_per_file = crops_per_file
        self.damage = [
            damage_lib.Damage(len(s.items), damage_limit) for s in sources
        ]

    def block(self, number: int) -> np.ndarray:
        """Draws block `number`: `[block * batch_size, size, size, planes]`.

        The first four planes are clean; `real_pairs` names the others of a mix
        with pairs.
        """
        total = self.block_batches * self.batch_size
        rng = np.random.default_rng([self.seed, 2, number])
        # Each crop draws its source; those of one source share openings.
        drawn = rng.choice(len(self.sources), total, p=self.weights)
        crops = []
        for index in range(len(self.sources)):
            wanted = int(np.sum(drawn == index))
            while wanted > 0:
                count = min(self.crops_per_file, wanted)
                some = self._from_one_file(index, rng, count)
                if some is not None:
                    crops.append(some)
                    wanted -= count
        crops = rng.permutation(np.concatenate(crops))
        uniform = rng.random((3, total))
        parts = np.split(crops, self.planes // 4, axis=-1)
        return np.concatenate(
            [augment.augment(part, uniform) for part in parts],
            axis=-1,
            dtype=np.float32,
        )

    def _from_one_file(self, index: int, rng, count: int):
        """Returns crops with a spare row and column; None: damaged."""
        source = self.sources[index]
        if source.chances is None:
            place = rng.integers(len(source.items))
        else:
            place = rng.choice(len(source.items), p=source.chances)
        item = source.items[place]
        name = item.name if isinstance(item, sidd.Pair) else str(item)
        with self.damage[index].reading(name):
            crops = source.crops(item, rng, count, self.size + 1)
            if not np.isfinite(crops).all():
                raise InputError(f"{name}: must hold finite values.")
            return self._padded(crops[..., : source.planes])
        return None

    def _padded(self, crops):
        """Clips the clean planes, and gives crops the planes of the mix."""
        missing = self.planes - crops.shape[-1]
        clean = np.clip(crops[..., :4], 0.0, 1.0)
        if self.planes == 4:
            return clean
        others = np.pad(crops[..., 4:], [(0, 0)] * 3 + [(0, missing)])
        return np.concatenate([clean, others], axis=-1)


def crop_batches(mixture: Mixture, first: int, last: int):
    """Returns the batches `first` to `last - 1` as a tf.data.Dataset.

    Each `[batch_size, size, size, planes]` float32, see `Mixture.block`. Blocks
    are read by two threads, ahead of the training.
    """
    import tensorflow as tf

    per_block = mixture.block_batches
    size = mixture.size
    shape = (per_block * mixture.batch_size, size, size, mixture.planes)

    def read(number):
        crops = tf.numpy_function(
            lambda n: mixture.block(int(n)), [number], tf.float32
        )
        return tf.ensure_shape(crops, shape)

    blocks = tf.data.Dataset.range(first // per_block, -(-last // per_block))
    dataset = blocks.map(read, num_parallel_calls=2, deterministic=True)
    dataset = dataset.unbatch().batch(mixture.batch_size, drop_remainder=True)
    return dataset.skip(first % per_block).take(last - first)


def batches(mixture: Mixture, synthesis, first: int, last: int):
    """Returns training batches: the mixture's crops with noise.

    It is drawn, but for crops of pairs.

    Args:
        mixture: of the clean crops.
        synthesis: a `synthesis.Synthesis` of the same seed; its noise is
            drawn, its bank may be None.
        first: first batch.
        last: one past the last.

    Returns:
        A tf.data.Dataset of `(inputs, clean)`, as `synthesis.batches` gives.
    """
    import tensorflow as tf

    def add_noise(step, crops):
        key = tf.stack([tf.cast(synthesis.seed, tf.int64), step])
        seeds = tf.random.split(key, 4, alg="philox")
        inputs, clean = synthesis.exposed(crops[..., :4], seeds[2:])
        if mixture.planes == 4:
            return inputs, clean
        return real_pairs.put(crops, inputs, clean, synthesis.is_clipped)

    crops = crop_batches(mixture, first, last)
    dataset = tf.data.Dataset.zip(tf.data.Dataset.range(first, last), crops)
    # AutoGraph cannot convert a method of a NamedTuple, and need not.
    add_noise = tf.autograph.experimental.do_not_convert(add_noise)
    return dataset.map(add_noise).prefetch(4)
