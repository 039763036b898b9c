"""Peak signal-to-noise ratio."""

import math

import numpy as np


def psnr(image, reference, valid=None) -> float:
    """Returns the PSNR in dB for a data range of 1; equal images: infinity.

    One mean squared error over all pixels and channels (not a mean of the
    channels' dB), in float64: `skimage.metrics.peak_signal_noise_ratio` with
    `data_range=1`.

    Args:
        image: `[height, width, channels]`.
        reference: of the same shape.
        valid: `[height, width]` bool, the pixels that count; None: all.
    """
    if image.shape != reference.shape:
        raise ValueError(
            "`image` and `reference` must have the same shape. Received: "
            f"image.shape={image.shape}, reference.shape={reference.shape}"
        )
    error = np.asarray(image, np.float64) - np.asarray(reference, np.float64)
    if valid is not None:
        error = error[valid]
    if error.size == 0:
        raise ValueError("PSNR needs at least one pixel.")
    mse = float(np.mean(error * error))
    return math.inf if mse == 0.0 else -10.0 * math.log10(mse)
