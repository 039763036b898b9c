"""Structural similarity.

Reference: Wang et al. 2004, "Image quality assessment: from error visibility
to structural similarity".
"""

import cv2
import numpy as np

SIGMA = 1.5
RADIUS = 5  # An 11 x 11 window, as published.
C1 = 0.01**2
C2 = 0.03**2


def _window_mean(image):
    kernel = cv2.getGaussianKernel(2 * RADIUS + 1, SIGMA, cv2.CV_64F)
    return cv2.sepFilter2D(
        image, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_REFLECT
    )


def _plane(x, y, valid) -> float:
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    var_x = _window_mean(x * x) - mean_x * mean_x
    var_y = _window_mean(y * y) - mean_y * mean_y
    covariance = _window_mean(x * y) - mean_x * mean_y
    similarity = (
        (2.0 * mean_x * mean_y + C1)
        * (2.0 * covariance + C2)
        / ((mean_x * mean_x + mean_y * mean_y + C1) * (var_x + var_y + C2))
    )
    inside = slice(RADIUS, -RADIUS)  # Windows that lie in the image.
    similarity = similarity[inside, inside]
    if valid is not None:
        similarity = similarity[valid[inside, inside]]
    return float(similarity.mean())


def ssim(image, reference, valid=None) -> float:
    """Returns the mean SSIM, at most 1, for a data range of 1.

    A Gaussian window of deviation 1.5 and 11 x 11 pixels, population variances,
    only windows wholly inside the image, each channel by itself (a packed plane
    or a colour) and then their mean: scikit-image's `structural_similarity`
    with `gaussian_weights=True, use_sample_covariance=False, data_range=1,
    channel_axis=-1`.

    Args:
        image: `[height, width, channels]`, at least 11 x 11.
        reference: of the same shape.
        valid: `[height, width]` bool; windows about other pixels do not count,
            and what such pixels add to a window is taken from the reference.
            None: all.
    """
    if image.shape != reference.shape:
        raise ValueError(
            "`image` and `reference` must have the same shape. Received: "
            f"image.shape={image.shape}, reference.shape={reference.shape}"
        )
    if min(image.shape[:2]) < 2 * RADIUS + 1:
        raise ValueError(
            f"SSIM needs at least {2 * RADIUS + 1} x {2 * RADIUS + 1} pixels. "
            f"Received: image.shape={image.shape}"
        )
    if valid is not None:
        image = np.where(valid[..., None], image, reference)
    planes = [
        _plane(
            np.ascontiguousarray(image[..., i], np.float64),
            np.ascontiguousarray(reference[..., i], np.float64),
            valid,
        )
        for i in range(image.shape[-1])
    ]
    return sum(planes) / len(planes)
