"""Gain-free domains: the k-sigma transform and its square-root form.

With `scale = 1/a` and `offset = b/a^2` the noise of any capture becomes

    ksigma:    s = x scale + offset             Var[s] = E[s]
    anscombe:  z = 2 sqrt(max(s, 0) + 3/8)      Var[z] about 1
    signed:    z = 2 sqrt(max(u, 0) + offset + 3/8)
                   + min(u, 0) / sqrt(offset + 3/8),    u = x scale

so a network need not know the gain. `anscombe` maps every value below `-b/a`
to one number: at gain 64 of the IMX258 that is 1.3 deviations below black, and
9 % of a black frame. `signed_anscombe` is the same function above black and
goes on linearly below it, with the slope it has at black: only read noise
reaches there, and its variance does not depend on the scene. Continued from
`s = 0` instead, noise would be amplified 2.4 times below that point.

`scale` and `offset` are the arguments
and not `a` and `b`: in float16 `a^2` is a subnormal and `b/a^2` comes out
wrong.

References: Wang et al. 2020 (PMRID, k-sigma); Anscombe 1948; Foi et al. 2008.
"""

import numpy as np

from fanet_tf.raw.noise import NoiseParams

TRANSFORMS = (
    "anscombe",
    "signed_anscombe",
    "signed_anscombe_algebraic",
    "ksigma",
)
# The signed transform whose way back is `moved_signed_anscombe`; that of the
# others is the first order of it.
ALGEBRAIC = "signed_anscombe_algebraic"
SIGNED = ("signed_anscombe", ALGEBRAIC)  # They keep what lies below black.

SHIFT = 0.375  # 3/8: with it the variance is nearest to 1 (Anscombe 1948).


def scale_offset(noise: NoiseParams, xp=np):
    """Returns `1/a` and `b/a^2`, each `[B, 1, 1, 1]`."""
    a, b = noise.images(xp)
    return 1.0 / a, b / (a * a)


def ksigma(x, scale, offset):
    """Maps RAW 0..1 to the domain where the variance equals the mean."""
    return x * scale + offset


def inverse_ksigma(stabilised, scale, offset):
    """Inverse of `ksigma` for the same `scale` and `offset`."""
    return (stabilised - offset) / scale


def deviation(s, lowest=0.0, xp=np):
    """Returns the noise's deviation at a k-sigma value, of `anscombe`.

    `sqrt(s)` for bright values; the shift keeps it from 0 in the dark. In RAW
    units it is this times `a`.

    Args:
        s: what `ksigma` gives.
        lowest: `s` below it counts as this: 0, or `offset`, the `s` of black,
            below which only read noise is left.
        xp: namespace of the arrays.
    """
    return xp.sqrt(xp.maximum(s, lowest) + SHIFT)


def anscombe(x, scale, offset, xp=np):
    """Maps RAW 0..1 to the domain where the noise has about unit variance."""
    return 2.0 * deviation(ksigma(x, scale, offset), xp=xp)


def signed_anscombe(x, scale, offset, xp=np):
    """Maps RAW from below black to 1 to noise of about unit variance.

    Value and slope are continuous; at and above black the same as `anscombe`.
    The variance is 0.70 to 1.09 at gain 64 (0.87 to 1.03 at gain 1).

    Args:
        x: RAW, 0 = black, 1 = white; not clipped at black.
        scale: `1/a`.
        offset: `b/a^2`.
        xp: namespace of the arrays.
    """
    u = x * scale
    above = xp.maximum(u, 0.0)
    black = offset + SHIFT
    return 2.0 * xp.sqrt(above + black) + (u - above) / xp.sqrt(black)


def inverse_signed_anscombe(stabilised, scale, offset, xp=np):
    """Algebraic inverse of `signed_anscombe`, exact everywhere."""
    black = offset + SHIFT
    root = xp.sqrt(black)
    half = 0.5 * xp.maximum(stabilised, 2.0 * root)
    below = xp.minimum(stabilised - 2.0 * root, 0.0)
    return (half * half - black + below * root) / scale


def moved_signed_anscombe(noisy, half, step, scale, offset, xp=np):
    """Returns the RAW whose transform is a step away from a pixel's.

    The algebraic inverse of `signed_anscombe` at `z + r`, without subtracting
    two large numbers; `z` is the pixel's transform and `v` what of it lies
    below black, `min(u, 0) / sqrt(offset + 3/8)`:

        ((z + r)^2 / 4 - 3/8 - offset) / scale
            = noisy + (r (z / 2 + r / 4) + v^2 / 4) / scale

    Its first order, `noisy + r z / (2 scale)`, is off by `r^2 / (4 scale)`,
    in the dark a sixth of a squared deviation of the noise in each pixel.
    Below black the parabola goes on, so a step to there is not exact.

    Args:
        noisy: RAW, 0 = black, 1 = white; not clipped at black.
        half: `z / 2`, half of its `signed_anscombe`.
        step: `r`, in deviations of the noise.
        scale: `1/a`.
        offset: `b/a^2`.
        xp: namespace of the arrays.
    """
    below = xp.minimum(noisy * scale, 0.0)
    change = step * (half + 0.25 * step)
    # In this order nothing leaves the range of half precision.
    change += below * below * (0.25 / (offset + SHIFT))
    return noisy + change / scale


def inverse_anscombe(stabilised, scale, offset):
    """Algebraic inverse of `anscombe`, exact where `ksigma(x) >= 0`."""
    half = 0.5 * stabilised
    return inverse_ksigma(half * half - SHIFT, scale, offset)
