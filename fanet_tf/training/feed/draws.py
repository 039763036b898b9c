"""Stateless draws for `raw.sensor` in tf.data: same seed, same noise."""

import tensorflow as tf

_MOST = 32  # Draws of one sensor model, with some to spare.


class StatelessDraws:
    """Draws in the order they are asked for, each from a seed of its own.

    Args:
        seed: of all; `[2]` int64.
    """

    def __init__(self, seed):
        self._seeds = iter(
            tf.unstack(tf.random.split(seed, _MOST, alg="philox"))
        )

    def uniform(self, *shape):
        """Returns float32 draws in 0..1."""
        return tf.random.stateless_uniform(
            shape, next(self._seeds), alg="philox"
        )

    def normal(self, *shape):
        """Returns standard normal float32 draws."""
        return tf.random.stateless_normal(
            shape, next(self._seeds), alg="philox"
        )
