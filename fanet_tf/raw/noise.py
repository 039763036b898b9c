"""The sensor's noise: a heteroscedastic Gaussian, clipped as sensors clip.

    y = clip(x + sqrt(a x + b) n, 0, 1),    n ~ N(0, 1)

`a` is the shot-noise slope (S of a DNG NoiseProfile, k of k-sigma), `b` the
read-noise *variance* (O of a NoiseProfile, sigma squared of k-sigma), both in
units where black is 0 and white is 1.

The clipped value is a censored Gaussian: darker than `x` near white, brighter
near black, and of less variance than `a x + b` at both ends
(`censored_mean`, `censored_variance`).

The same pair stands in DNG files and Android's camera results: there
`Var = S x + O` in the same units, so `a = S` and `b = O` (`from_dng`).

References: Foi et al. 2008, "Practical Poissonian-Gaussian noise modeling and
fitting for single-image raw-data"; Foi 2009, "Clipped noisy images".
"""

import math
from typing import Any, NamedTuple

import numpy as np


class NoiseParams(NamedTuple):
    """Noise of a batch of captures.

    Attributes:
        a: `[B]` shot-noise slope; grows with the gain.
        b: `[B]` read-noise variance, not its deviation.
    """

    a: Any
    b: Any

    def images(self, xp=np):
        """Returns `a` and `b` as `[B, 1, 1, 1]`, to meet image batches."""
        return tuple(xp.reshape(p, (-1, 1, 1, 1)) for p in self)

    def pair(self) -> tuple[float, float]:
        """Returns the `a` and `b` of a single capture as numbers."""
        return tuple(np.asarray(p, np.float64).item() for p in self)


def from_dng(profile) -> NoiseParams:
    """Reads a noise profile of DNG or Android, as `a` and `b` of `[n]`.

    Args:
        profile: `(S, O)` of each plane, one after the other or as pairs:
            NoiseProfile (tag 51041) in the order of the file's colour planes,
            or `SENSOR_NOISE_PROFILE` of `CaptureResult` in the order of the
            CFA. Both give the variance `S x + O` of a pixel whose
            signal `x` is 0 at the black and 1 at the white level.
    """
    pairs = np.reshape(np.asarray(profile, np.float64), (-1, 2))
    return NoiseParams(pairs[:, 0], pairs[:, 1])


def to_dng(noise: NoiseParams):
    """Inverse of `from_dng`: `(S, O)` of each plane, `[2n]` float64."""
    return np.stack([np.asarray(p, np.float64) for p in noise], -1).ravel()


def variance(clean, noise: NoiseParams, xp=np):
    """Returns the variance at each pixel of `clean`, `[B, h, w, C]`."""
    a, b = noise.images(xp)
    return a * xp.maximum(clean, 0.0) + b


def add_noise(clean, noise: NoiseParams, normal, xp=np, low: float = 0.0):
    """Draws a noisy capture of `clean`.

    Args:
        clean: `[B, h, w, C]` in 0..1.
        noise: `a` and `b` of each image.
        normal: standard normal draw of the shape of `clean`. An argument, so
            that this function is pure and the seed is the caller's.
        xp: namespace of the arrays.
        low: where the file clips; below 0 for one with a pedestal.

    Returns:
        `[B, h, w, C]`, clipped to `low`..1.
    """
    noisy = clean + xp.sqrt(variance(clean, noise, xp)) * normal
    return xp.clip(noisy, low, 1.0)


def _tails(clean, noise, low, high):
    """Returns the deviation and, for both ends, distance, tail and density.

    Distances from `clean` to the ends in deviations; for `x` in between they
    are positive and nothing below cancels, in float32 too.
    """
    deviation = np.sqrt(variance(clean, noise))
    ends = []
    for distance in ((clean - low) / deviation, (high - clean) / deviation):
        density = np.exp(-0.5 * distance * distance) / math.sqrt(2 * math.pi)
        tail = 0.5 * _erfc(distance / math.sqrt(2.0))
        ends.append((distance, tail, density))
    return deviation, *ends


_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def _censored_shift(below, above):
    """Returns the mean of the clipped value less `x`, in deviations."""
    # What lies beyond an end is pulled back to it: E[max(n - t, 0)].
    excess = [density - t * tail for t, tail, density in (below, above)]
    return excess[0] - excess[1]


def censored_mean(
    clean, noise: NoiseParams, low: float = 0.0, high: float = 1.0
):
    """Returns the mean of `add_noise` at each pixel, `[B, h, w, C]` of NumPy.

    Args:
        clean: `[B, h, w, C]` between `low` and `high`.
        noise: `a` and `b` of each image.
        low: where the sensor clips; below 0 for one with a pedestal.
        high: where it saturates.
    """
    deviation, below, above = _tails(clean, noise, low, high)
    return clean + deviation * _censored_shift(below, above)


def censored_variance(
    clean, noise: NoiseParams, low: float = 0.0, high: float = 1.0
):
    """Returns the variance of `add_noise` at each pixel; as `censored_mean`."""
    deviation, below, above = _tails(clean, noise, low, high)
    # 1 less what clipping takes: the integral of (n^2 - t^2) beyond t.
    taken = [(1.0 - t * t) * q + t * p for t, q, p in (below, above)]
    shift = _censored_shift(below, above)
    return deviation**2 * (1.0 - taken[0] - taken[1] - shift * shift)
