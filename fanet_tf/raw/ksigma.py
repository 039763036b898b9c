"""Gain-free domains: the k-sigma transform and its square-root form.

With `scale = 1/a` and `offset = b/a^2` the noise of any capture becomes

    ksigma:    s = x scale + offset             Var[s] = E[s]
    anscombe:  z = 2 sqrt(max(s, 0) + 3/8)      Var[z] about 1

so a network need not know the gain. `scale` and `offset` are the arguments
and not `a` and `b`: in float16 `a^2` is a subnormal and `b/a^2` comes out
wrong.

References: Wang et al. 2020 (PMRID, k-sigma); Anscombe 1948; Foi et al. 2008.
"""

import numpy as np

from fanet_tf.raw.noise import NoiseParams


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


def anscombe(x, scale, offset, xp=np):
    """Maps RAW 0..1 to the domain where the noise has about unit variance."""
    s = xp.maximum(ksigma(x, scale, offset), 0.0)
    return 2.0 * xp.sqrt(s + 0.375)


def inverse_anscombe(stabilised, scale, offset):
    """Algebraic inverse of `anscombe`, exact where `ksigma(x) >= 0`."""
    half = 0.5 * stabilised
    return inverse_ksigma(half * half - 0.375, scale, offset)
