"""Which noise to train on: `a` drawn, `b` following by one of three laws.

    a       log-uniform over a range
    b       on the line       log b = slope log a + intercept    (the paper)
            about the line    the same plus N(0, scatter^2)
            on the gain law   b(gain(a)), gain(a) the inverse of a(gain)

Pure functions: the draws are arguments, so the seed is the caller's, and the
same draws give the same noise in numpy, tf.data and Keras. References: Young
et al., supplement section 6; Brooks et al. 2019 (the scatter).
"""

import math

import numpy as np


def sample_log_uniform_a(uniform, a_range, xp=np):
    """Maps draws to shot-noise slopes whose logarithm is uniform.

    Args:
        uniform: draws in 0..1, any shape (`[B]` for a batch).
        a_range: `(low, high)`, both positive.
        xp: namespace of the arrays.
    """
    low, high = a_range
    if not 0.0 < low <= high:
        raise ValueError(
            "`a_range` must be positive and increasing. "
            f"Received: a_range={tuple(a_range)}"
        )
    low, high = math.log(low), math.log(high)
    return xp.exp(low + (high - low) * uniform)


def b_from_line(
    a, slope: float, intercept: float, scatter=0.0, normal=None, xp=np
):
    """Returns `b` on the line `log b` on `log a`, or scattered about it.

    Args:
        a: shot-noise slopes, any shape.
        slope: of the line, natural logarithms.
        intercept: of the line.
        scatter: standard deviation of `log b` around the line.
        normal: standard normal draws of the shape of `a`, or None for the
            line itself.
        xp: namespace of the arrays.
    """
    log_b = slope * xp.log(a) + intercept
    if normal is not None:
        log_b = log_b + scatter * normal
    return xp.exp(log_b)


def b_from_gain_law(a, a_coefficients, b_coefficients, xp=np):
    """Returns `b(gain)` at the gain whose shot-noise slope is `a`.

    Args:
        a: shot-noise slopes, any shape.
        a_coefficients: `(a0, a1)` of `a = a0 + a1 gain`.
        b_coefficients: `(b0, b1, b2)` of `b = b0 + b1 gain + b2 gain^2`.
        xp: namespace of the arrays; unused, since arithmetic is enough.
    """
    del xp
    a0, a1 = a_coefficients
    b0, b1, b2 = b_coefficients
    gain = (a - a0) / a1
    return b0 + (b1 + b2 * gain) * gain


class RandomDraws:
    """Draws of a numpy generator, as `raw.sensor` asks for them.

    Args:
        rng: `np.random.Generator`, or a seed of one.
    """

    def __init__(self, rng):
        self._rng = np.random.default_rng(rng)

    def uniform(self, *shape):
        """Returns float32 draws in 0..1."""
        return self._rng.random(shape, dtype=np.float32)

    def normal(self, *shape):
        """Returns standard normal float32 draws."""
        return self._rng.standard_normal(shape, dtype=np.float32)
