"""How much of the noise stays: blends a noisy frame with its denoised one.

Photographers often keep some grain and take all of the coloured noise. In the
stabilised domain noise is equally strong everywhere, so the same blend looks
the same in shadows and highlights:

    z = z_denoised + (1 - luminance) mean(d) + (1 - chroma) (d - mean(d))

with `d = z_noisy - z_denoised` and the mean over R, Gr, Gb, B.
"""

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.raw import ksigma


def check(luminance: float, chroma: float) -> None:
    """Raises `InputError` unless both strengths are 0..1."""
    for name, value in (("strength", luminance), ("chroma_strength", chroma)):
        if not 0.0 <= value <= 1.0:
            raise InputError(f"`{name}` must be 0 to 1. Received: {value}")


def _root(s):
    """Signed square root: Anscombe's, continued below black."""
    return 2.0 * np.copysign(np.sqrt(np.abs(s)), s)


def _square(z):
    half = 0.5 * z
    return half * np.abs(half)


def blend(noisy, denoised, scale, offset, luminance: float, chroma: float):
    """Blends `[h, w, 4]` RAW; strength 0 gives `noisy`, 1 `denoised`.

    Args:
        noisy: packed RAW.
        denoised: the same, denoised.
        scale: `1/a`.
        offset: `b/a^2`.
        luminance: strength for what the four planes have in common.
        chroma: strength for the rest.
    """
    if luminance == chroma == 1.0:
        return denoised
    if luminance == chroma == 0.0:
        return noisy
    shift = np.float32(offset + ksigma.SHIFT)
    scale = np.float32(scale)
    z = _root(denoised * scale + shift)
    d = _root(noisy * scale + shift) - z
    common = d.mean(axis=-1, keepdims=True)
    grey, colour = np.float32(1.0 - luminance), np.float32(1.0 - chroma)
    kept = grey * common + colour * (d - common)
    # Squaring adds the variance of what is kept, and taking the root lost
    # that of all the noise: for unit variance both are known, and without
    # their difference half strength would darken by up to a/16.
    same = colour + 0.25 * (grey - colour)  # Weight of a plane's own noise...
    other = 0.25 * (grey - colour)  # ...and of each other plane's.
    bright = np.maximum(z, 2.0)
    others = np.sum(1.0 / bright, axis=-1, keepdims=True) - 1.0 / bright
    lost = bright * (same / bright + other * others)
    won = same**2 + 3.0 * other**2
    squared = _square(z + kept) + 0.25 * (lost - won)
    return ((squared - shift) / scale).astype(np.float32)
