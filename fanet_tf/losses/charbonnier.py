"""Charbonnier loss: an L1 that is smooth at zero."""

from keras import ops

# Young et al., equation 3.
EPSILON = 1e-6


def charbonnier(error):
    """Returns `mean(sqrt(error^2 + c^2))`, c = 1e-6, a scalar.

    In float32 whatever the mixed precision: `c^2 = 1e-12` is 0 in float16.
    The gradient, `error / sqrt(error^2 + c^2)`, is 0 at 0.

    Args:
        error: `[B, h, w, C]`, prediction minus target.
    """
    error = ops.cast(error, "float32")
    return ops.mean(ops.sqrt(ops.square(error) + EPSILON**2))
