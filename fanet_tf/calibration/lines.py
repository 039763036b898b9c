"""Row and column noise: offsets that a whole line of the sensor shares.

The mean of a row of `W` pixels scatters from row to row by

    T = R + v,    v = sum over m of gamma(0, m) (1 - |m| / W) / W

`R` is the variance of the rows' own offsets, `v` what the pixels' noise leaves
in a mean of `W`: its variance over `W`, and more where neighbours are
correlated (`gamma`, `correlation.Autocovariance`). Columns likewise. Lines are
those of the sensor: R and Gr share a row, R and Gb a column.

Reference: Wei et al. 2020 (ELD, row noise).
"""

import numpy as np

from fanet_tf.calibration.estimate import Estimate

# Points of a spectrum; finer ones are averaged.
_POINTS = 64


class Lines:
    """Collects the means of one kind of line from frames of noise alone.

    Args:
        axis: of a mosaic that a line runs along: 1 for rows, 0 for columns.
    """

    def __init__(self, axis: int):
        self._axis = axis
        self._num_frames = 0
        self._squares = 0.0
        self._power = 0.0
        self._count = 0

    def add(self, mosaic: np.ndarray) -> np.ndarray:
        """Takes a frame.

        Args:
            mosaic: `[H, W]` of noise, each of its four planes of mean 0.

        Returns:
            The means of its lines, to be broadcast with `mosaic`.
        """
        means = mosaic.mean(axis=self._axis, keepdims=True, dtype=np.float64)
        line = means.ravel()
        self._count = line.size
        self._num_frames += 1
        self._squares += np.sum(line * line)
        self._power = self._power + np.abs(np.fft.rfft(line)) ** 2
        return means.astype(np.float32)

    @property
    def total(self) -> float:
        """Returns `T` of the frames."""
        # The even and the odd lines have a mean of 0 each.
        return float(self._squares / self._num_frames / max(self._count - 2, 1))

    def variance(self, pixels: float, unbias: float, freedom: int) -> Estimate:
        """Estimates the variance `R` of the lines' own offsets.

        Args:
            pixels: `v`.
            unbias: factor on the frames' variance, `F / (F - 1)` where the
                mean of `F` frames was taken off.
            freedom: independent frames, `F - 1`.
        """
        total = unbias * self.total
        count = max(freedom * (self._count - 2), 1)
        half = 1.96 * np.sqrt(2.0 / count) * total
        value = total - pixels
        return Estimate(value, value - half, value + half)

    def spectrum(self, pixels: float, unbias: float):
        """Returns frequencies (cycles a line) and power, 1 = pixels alone.

        Args:
            pixels: `v`.
            unbias: as of `variance`.
        """
        power = self._power * unbias / self._num_frames / self._count / pixels
        frequency = np.arange(len(power)) / self._count
        # The mean is 0 by construction; it is no frequency.
        power, frequency = power[1:], frequency[1:]
        starts = np.unique(
            np.linspace(0, len(power), _POINTS, endpoint=False).astype(int)
        )
        sizes = np.diff([*starts, len(power)])
        return (
            np.add.reduceat(frequency, starts) / sizes,
            np.add.reduceat(power, starts) / sizes,
        )
