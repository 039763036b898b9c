"""The PSNR of each crop as a loss."""

from keras import ops

# Of the noise's variance: what lies 30 dB below it is as good as clean.
FLOOR = 1e-3


def psnr(denoised, clean, scale, offset):
    """Returns `mean_b log(MSE_b / variance_b + FLOOR)`, a scalar.

    The errors are those of RAW, as PSNR has them; 0.23 less is 1 dB more. An
    error of squares gives the mean of what can be behind the noise, where an
    L1 gives the median, which is darker than it near black. The logarithm lets
    every crop count by what a change is worth in dB: a smooth or dark one that
    is nearly clean as much as one full of texture.

    Reference: Chen et al. 2021, HINet (the PSNR loss). The variance is that of
    the noise at the crop's mean; it makes the floor one of quality and changes
    no gradient.

    Args:
        denoised: `[B, h, w, 4]`.
        clean: `[B, h, w, 4]`.
        scale: `[B, 1, 1, 1]`, 1/a.
        offset: `[B, 1, 1, 1]`, b/a^2.
    """
    denoised, clean = (ops.cast(x, "float32") for x in (denoised, clean))
    # In units of `a`, where nothing is too small for float32.
    error = ops.mean(ops.square((denoised - clean) * scale), axis=(1, 2, 3))
    mean = ops.mean(clean * scale, axis=(1, 2, 3))
    variance = mean + ops.reshape(offset, (-1,))
    return ops.mean(ops.log(error / variance + FLOOR))
