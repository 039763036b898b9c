"""The PSNR of each crop as a loss."""

from keras import ops

# Of the noise's variance: what lies 30 dB below it is as good as clean.
FLOOR = 1e-3


def psnr(error, variance=1.0):
    """Returns `mean_b log(MSE_b / variance_b + FLOOR)`, a scalar.

    0.23 less is 1 dB more. An error of squares gives the mean of what can be
    behind the noise, where an L1 gives the median, which is darker than it near
    black. The logarithm lets every crop count by what a change is worth in dB:
    a smooth or dark one that is nearly clean as much as one full of texture.

    Reference: Chen et al. 2021, HINet (the PSNR loss).

    Args:
        error: `[B, h, w, C]`, prediction minus target, in one of the domains.
        variance: of the noise in that domain, a number or `[B]`. It makes the
            floor one of quality and changes no gradient.
    """
    error = ops.cast(error, "float32")
    mse = ops.mean(ops.square(error), axis=(1, 2, 3))
    return ops.mean(ops.log(mse / variance + FLOOR))
