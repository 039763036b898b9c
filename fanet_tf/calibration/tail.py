"""How far the noise is from a Gaussian: its excess kurtosis.

    kurtosis = kappa_4 / kappa_2^2        0 for a Gaussian

above 0 where single pixels blink or glow. The cumulants of what is left after
the mean of `F` frames is taken off, and those of rounding, are known and
undone:

    kappa_2 (1 - 1/F),  kappa_4 ((1 - 1/F)^4 + (F - 1) / F^4)
    rounding to a step q adds q^2 / 12 and -q^4 / 120
"""

import numpy as np

from fanet_tf.calibration.estimate import Estimate

# Strips of a frame, each left out once to learn how sure the number is.
_STRIPS = 16


class Tail:
    """Collects the second and the fourth moment of frames of noise."""

    def __init__(self):
        self._sums = 0.0  # [strip, moment, plane]

    def add(self, noise: np.ndarray, usable: np.ndarray) -> None:
        """Takes a frame.

        Args:
            noise: `[h, w, 4]`, what is left after the mean of the frames.
            usable: `[h, w, 4]`, False for defects.
        """
        squares = np.where(usable, noise, 0.0).astype(np.float64) ** 2
        strips = np.array_split(np.arange(len(noise)), _STRIPS)
        self._sums = self._sums + np.array(
            [
                [
                    usable[rows].sum(axis=(0, 1)),
                    squares[rows].sum(axis=(0, 1)),
                    (squares[rows] ** 2).sum(axis=(0, 1)),
                ]
                for rows in strips
            ]
        )

    def kurtosis(self, num_frames: int, step: float) -> Estimate:
        """Returns the excess kurtosis, the mean of the planes.

        Args:
            num_frames: whose mean was taken off.
            step: that the values were rounded to.
        """
        value = _kurtosis(self._sums.sum(axis=0), num_frames, step)
        # The jackknife: what the value would be without each strip.
        filled = [i for i, s in enumerate(self._sums) if s[0].all()]
        without = [
            _kurtosis(self._sums.sum(axis=0) - self._sums[i], num_frames, step)
            for i in filled
        ]
        count = len(without)
        error = np.sqrt((count - 1.0) * np.var(without)) if count > 1 else 0.0
        half = 2.13 * float(error)  # Student's t of 15 degrees of freedom.
        return Estimate(value, value - half, value + half)


def _kurtosis(sums, num_frames: int, step: float) -> float:
    count, second, fourth = sums
    second, fourth = second / count, fourth / count
    keep = 1.0 - 1.0 / num_frames
    kappa4 = (fourth - 3.0 * second * second) / (
        keep**4 + (num_frames - 1.0) / num_frames**4
    )
    kappa2 = second / keep
    kappa4 = kappa4 + step**4 / 120.0
    kappa2 = kappa2 - step**2 / 12.0
    return float(np.mean(kappa4 / kappa2**2))
