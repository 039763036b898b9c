"""Draws for the crops of a batch, as a sensor model asks for them."""

import math

import numpy as np

from fanet_tf.raw import sensor_terms as terms


class CropDraws:
    """Draws one number, or an array, for each crop of a batch.

    Args:
        draws: with `uniform(*shape)` and `normal(*shape)`.
        batch: number of crops.
        xp: namespace of the arrays.
        share: of the crops that have the sensor's terms.

    Attributes:
        xp: namespace of the arrays.
        amount: `[B]`, 1 where a crop has the sensor's terms, else 0.
    """

    def __init__(self, draws, batch, xp, share):
        self._draws, self._batch, self.xp = draws, batch, xp
        self.amount = xp.ones((batch,), np.float32)
        if share < 1.0:
            self.amount = xp.where(self.uniform() < share, self.amount, 0.0)

    def uniform(self, *shape):
        """Uniform in 0..1, `[B, *shape]`."""
        return self._draws.uniform(self._batch, *shape)

    def normal(self, *shape):
        """Standard normal, `[B, *shape]`."""
        return self._draws.normal(self._batch, *shape)

    def even(self, low_high):
        """Uniform in a range, `[B]`."""
        return terms.between(self.uniform(), low_high)

    def log(self, low_high):
        """Log-uniform in a range, `[B]`."""
        low, high = (math.log(x) for x in low_high)
        return self.xp.exp(terms.between(self.uniform(), (low, high)))

    def few(self, low_high):
        """More often near the low end of a range, `[B]`."""
        return terms.between(self.uniform() ** 2, low_high)
