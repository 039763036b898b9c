"""The sensor's noise: a heteroscedastic Gaussian, clipped as sensors clip.

    y = clip(x + sqrt(a x + b) n, 0, 1),    n ~ N(0, 1)

`a` is the shot-noise slope (S of a DNG NoiseProfile, k of k-sigma), `b` the
read-noise *variance* (O of a NoiseProfile, sigma squared of k-sigma), both in
units where black is 0 and white is 1.

Reference: Foi et al. 2008, "Practical Poissonian-Gaussian noise modeling and
fitting for single-image raw-data".
"""

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


def variance(clean, noise: NoiseParams, xp=np):
    """Returns the variance at each pixel of `clean`, `[B, h, w, C]`."""
    a, b = noise.images(xp)
    return a * xp.maximum(clean, 0.0) + b


def add_noise(clean, noise: NoiseParams, normal, xp=np):
    """Draws a noisy capture of `clean`.

    Args:
        clean: `[B, h, w, C]` in 0..1.
        noise: `a` and `b` of each image.
        normal: standard normal draw of the shape of `clean`. An argument, so
            that this function is pure and the seed is the caller's.
        xp: namespace of the arrays.

    Returns:
        `[B, h, w, C]`, clipped to 0..1 as the sensor clips.
    """
    noisy = clean + xp.sqrt(variance(clean, noise, xp)) * normal
    return xp.clip(noisy, 0.0, 1.0)
