"""Dead leaves: procedural images with the statistics of natural ones.

Ellipses and boxes of random size and colour fall on one another until the
plane is covered, which gives the sharp occlusion edges of photographs. Exact
scale invariance asks for radii from `p(r) ~ r^-3`; here it is `r^-2`, since a
denoiser also has to learn large flat areas. Half of the leaves carry a smooth
ramp or a fine texture, and half of the images are out of focus.

References: Lee, Mumford & Huang 2001, "Occlusion models for natural images";
Achddou, Gousseau & Ladjal 2021, "Synthetic images as a regularity prior for
image restoration neural networks".
"""

import cv2
import numpy as np


def _radii(rng, count, smallest, largest):
    """Draws from `p(r) ~ r^-2` between two limits (inverse of its CDF)."""
    u = rng.random(count)
    low, high = 1.0 / smallest, 1.0 / largest
    return 1.0 / (low + u * (high - low))


def _colour(rng):
    """A linear colour: brightness log-uniform, saturation mostly small."""
    brightness = np.exp(rng.uniform(np.log(0.004), np.log(0.95)))
    tint = rng.normal(1.0, 0.25, 3).clip(0.2, 1.8)
    return np.clip(brightness * tint / tint.mean(), 0.0, 1.0)


# In log brightness. Texture has up to 0.25 by its deviation.
_MOST_GRAIN = 8.0


def _fill(rng, size):
    """Returns the inside of a leaf, `[size, size, 3]`: flat, ramp, texture."""
    base = np.broadcast_to(_colour(rng), (size, size, 3)).astype(np.float32)
    kind = rng.integers(4)
    if kind < 2:
        return base
    if kind == 2:
        y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
        angle = rng.uniform(0, 2 * np.pi)
        ramp = np.cos(angle) * x + np.sin(angle) * y
        other = _colour(rng).astype(np.float32)
        weight = (ramp - ramp.min()) / max(np.ptp(ramp), 1e-6)
        return base + weight[..., None] * (other - base)
    grain = rng.standard_normal((size, size), dtype=np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 4.0))
    grain *= rng.uniform(0.02, 0.25) / max(float(grain.std()), 1e-6)
    # A leaf of a few pixels can be so even that its deviation says nothing.
    return base * np.exp(np.minimum(grain, _MOST_GRAIN))[..., None]


def dead_leaves(seed, size=512, smallest=3.0, largest=250.0, leaves=1500):
    """Draws one image.

    Args:
        seed: anything `numpy.random.default_rng` takes; the same seed draws
            the same image.
        size: height and width in pixels.
        smallest: radius of the smallest leaf, in pixels.
        largest: radius of the largest leaf.
        leaves: how many fall.

    Returns:
        `[size, size, 3]` float32, *linear* RGB in 0..1.
    """
    rng = np.random.default_rng(seed)
    # Drawn at twice the size and averaged down: edges get the sub-pixel
    # coverage that a lens gives them.
    big = 2 * size
    image = np.empty((big, big, 3), np.float32)
    image[:] = _colour(rng)
    for radius in 2 * _radii(rng, leaves, smallest, largest):
        y, x = rng.uniform(-radius, big + radius, 2)
        stretch = rng.uniform(0.4, 1.0)
        angle = rng.uniform(0, 180)
        reach = int(np.ceil(radius))
        top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
        bottom, right = min(int(y) + reach, big), min(int(x) + reach, big)
        if bottom <= top or right <= left:
            continue
        height, width = bottom - top, right - left
        mask = np.zeros((height, width), np.uint8)
        axes = (reach, max(int(radius * stretch), 1))
        center = (int(x) - left, int(y) - top)
        if rng.random() < 0.75:
            cv2.ellipse(mask, center, axes, angle, 0, 360, 1, -1)
        else:
            box = cv2.boxPoints((center, (axes[0] * 1.4, axes[1] * 1.4), angle))
            cv2.fillConvexPoly(mask, np.int32(box), 1)
        fill = _fill(rng, max(height, width))[:height, :width]
        np.copyto(
            image[top:bottom, left:right], fill, where=mask[..., None] > 0
        )
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:  # Out of focus, as much of any photograph is.
        small = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.5, 3.0))
    return np.clip(small, 0.0, 1.0)
