"""Noise of neighbours that goes together: the autocovariance over the sensor.

    gamma(l, m) = mean of n(i, j) n(i + l, j + m)

from frames of noise alone, whose lines' means have been taken off: what rows
and columns share is `lines`' to measure. Taking them off takes a little of
`gamma` away as well, which is put back:

    gamma = seen + sum over m of gamma / W + sum over l of gamma / H

Lags are sensor pixels: even ones compare pixels of one colour, which are
`raw.sensor_terms.correlated`'s, odd ones those of two.
"""

import math

import numpy as np
from scipy import fft

from fanet_tf.calibration.estimate import Estimate

# Largest lag, in sensor pixels: four steps of one colour.
LAG = 8
# Side of the window that is looked at: 4 M pixels know a correlation to 1e-3.
_WINDOW = 2048


class Autocovariance:
    """Collects the autocovariance of frames of noise.

    Args:
        shape: `(H, W)` of the mosaics.
    """

    def __init__(self, shape: tuple[int, int]):
        self._shape = shape
        sides = [min(side, _WINDOW) // 2 * 2 for side in shape]
        # Begins at an even place, so the colours stay where they are.
        starts = [
            (side - size) // 4 * 2
            for side, size in zip(shape, sides, strict=True)
        ]
        self._window = tuple(
            slice(start, start + size)
            for start, size in zip(starts, sides, strict=True)
        )
        self._sides = sides
        # Zeros beyond the edge keep its two ends apart.
        self._padded = [fft.next_fast_len(n + LAG, real=True) for n in sides]
        self._power = 0.0
        self._num_frames = 0

    @property
    def num_pairs(self) -> int:
        """Returns how many pairs a frame has at each lag, about."""
        return self._sides[0] * self._sides[1]

    def add(self, mosaic: np.ndarray) -> None:
        """Takes `[H, W]` float32, the means of its lines taken off."""
        window = mosaic[self._window]
        spectrum = fft.rfft2(window, self._padded)
        self._power = self._power + np.abs(spectrum) ** 2
        self._num_frames += 1

    def map(self) -> np.ndarray:
        """Returns `gamma`, `[2 LAG + 1, 2 LAG + 1]`; no lag is the middle."""
        seen = fft.irfft2(
            np.asarray(self._power, np.float64), self._padded
        ) / max(self._num_frames, 1)
        lags = np.arange(-LAG, LAG + 1)
        down, across = (n - np.abs(lags) for n in self._sides)
        seen = seen[np.ix_(lags, lags)] / np.outer(down, across)
        gamma = seen
        for _ in range(3):
            gamma = (
                seen
                + gamma.sum(axis=1, keepdims=True) / self._shape[1]
                + gamma.sum(axis=0, keepdims=True) / self._shape[0]
            )
        return gamma


def of_line_mean(gamma: np.ndarray, axis: int, length: int) -> float:
    """Returns the variance that pixels leave in the mean of a line.

    Args:
        gamma: as `Autocovariance.map` returns it.
        axis: that the line runs along: 1 for rows, 0 for columns.
        length: pixels of the line.
    """
    middle = LAG
    along = gamma[middle] if axis == 1 else gamma[:, middle]
    lags = np.abs(np.arange(-LAG, LAG + 1))
    return float(np.sum(along * (1.0 - lags / length)) / length)


def neighbour(correlation: np.ndarray, axis: int, num_pairs: int) -> Estimate:
    """Returns the correlation of the next pixel of the same colour.

    Args:
        correlation: `gamma` over the variance of the noise.
        axis: 0 for the pixel below, 1 for the one beside.
        num_pairs: independent pairs that were looked at.
    """
    step = (2, 0) if axis == 0 else (0, 2)
    value = float(correlation[LAG + step[0], LAG + step[1]])
    # Bartlett 1946: correlated noise has fewer independent pairs.
    half = 1.96 * math.sqrt(np.sum(np.square(correlation)) / num_pairs)
    return Estimate(value, value - half, value + half)


def same_colour(correlation: np.ndarray) -> np.ndarray:
    """Returns the even lags, `[LAG + 1, LAG + 1]`: steps of one colour."""
    return correlation[::2, ::2]
