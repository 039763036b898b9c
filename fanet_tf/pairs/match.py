"""Brightness, saturation and motion of an aligned pair.

What exposure times and gains promise is measured, and what cannot be compared
pixel by pixel is masked.
"""

import dataclasses
import math

import cv2
import numpy as np

from fanet_tf.pairs.align import RefusedError
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw.noise import NoiseParams

MAX_STOPS = 0.5  # Between promised and measured brightness.
MAX_TINT = 0.05  # Between the planes' ratios: the light changed its colour.
MAX_MASKED = 0.2  # Share of a frame.

_BLOCK = 16  # Packed pixels; a block's mean has 1/16 of a pixel's noise.
_MIN_BLOCKS = 20
_SATURATED = 0.99
_WINDOW = 9  # Packed pixels whose mean is tested for motion.


@dataclasses.dataclass(frozen=True)
class Brightness:
    """How much brighter the noisy frame is than the clean one.

    Attributes:
        promised: by exposure times and gains.
        measured: the factor that the clean frame is multiplied by.
        planes: the factor of each plane, R, Gr, Gb, B.
    """

    promised: float
    measured: float
    planes: tuple[float, float, float, float]


def _block_sums(values):
    """Sums `[h, w, C]` over blocks; what does not fill a block is left out."""
    height, width = (size // _BLOCK * _BLOCK for size in values.shape[:2])
    blocks = values[:height, :width].reshape(
        height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK, -1
    )
    return blocks.sum(axis=(1, 3), dtype=np.float64)


def coarse(noisy, clean, promised: float) -> float:
    """Returns the brightness of `noisy` over `clean` before they are aligned.

    Args:
        noisy: `[h, w, 4]`.
        clean: `[h, w, 4]`.
        promised: what exposure times and gains say.

    Raises:
        RefusedError: it is far from what was promised.
    """
    light = float(clean.mean(dtype=np.float64))
    factor = float(noisy.mean(dtype=np.float64)) / light if light > 0 else 0.0
    _check_promise(factor, promised)
    return factor


def _check_promise(factor: float, promised: float) -> None:
    if factor <= 0 or abs(math.log2(factor / promised)) > MAX_STOPS:
        raise RefusedError(
            "brightness cannot be matched: exposure times and gains promise a "
            f"factor of {promised:.3g}, within {MAX_STOPS:g} stops. "
            f"Received: {factor:.3g}"
        )


def measure(
    noisy, clean, inside, noise: NoiseParams, promised: float
) -> Brightness:
    """Measures the brightness of `noisy` over that of `clean`.

    The median over blocks of the ratio of sums, per plane, where neither frame
    is near white or lost in the noise: so an object that moved does not tell.

    Args:
        noisy: `[h, w, 4]`.
        clean: `[h, w, 4]`, aligned.
        inside: `[h, w]` bool, where `clean` has a picture.
        noise: `(a, b)` of the noisy frame, each `[1]`.
        promised: what exposure times and gains say.

    Raises:
        RefusedError: the brightness cannot be matched.
    """
    expected = clean * promised
    sigma = np.sqrt(noise_lib.variance(expected[None], noise)[0])
    usable = (
        inside[..., None]
        & (clean < 0.8)
        & (expected < 0.8 - 2.0 * sigma)
        & (expected > np.maximum(0.01, 2.0 * sigma))
    )
    counts = _block_sums(usable)
    noisy_sums = _block_sums(np.where(usable, noisy, 0.0))
    clean_sums = _block_sums(np.where(usable, clean, 0.0))
    ratios = []
    for plane in range(4):
        full = counts[..., plane] >= _BLOCK * _BLOCK / 2
        if full.sum() < _MIN_BLOCKS:
            raise RefusedError(
                "brightness cannot be matched: at least "
                f"{_MIN_BLOCKS} blocks of {_BLOCK} x {_BLOCK} pixels must lie "
                "between black and white in each plane. Received: "
                f"{int(full.sum())} in {('R', 'Gr', 'Gb', 'B')[plane]}"
            )
        ratio = noisy_sums[full, plane] / clean_sums[full, plane]
        ratios.append(float(np.median(ratio)))
    measured = float(np.mean(ratios))
    _check_promise(measured, promised)
    tint = max(ratios) / min(ratios) - 1.0
    if tint > MAX_TINT:
        raise RefusedError(
            "brightness cannot be matched: the planes must differ by at most "
            f"{MAX_TINT:.0%}; the light changed. Received: {tint:.0%}"
        )
    return Brightness(promised, measured, tuple(ratios))


def _box(values):
    return cv2.blur(values, (_WINDOW, _WINDOW))


def _dilate(mask, size: int):
    kernel = np.ones((size, size), np.uint8)
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)


def saturated(noisy, clean):
    """Returns `[h, w]` bool: a plane of either frame is at white, or beside.

    Args:
        noisy: `[h, w, 4]`.
        clean: `[h, w, 4]`, as captured (before it is made as bright).
    """
    at_white = (noisy >= _SATURATED) | (clean >= _SATURATED)
    return _dilate(at_white.any(axis=-1), 3)


def moved(noisy, clean, noise: NoiseParams):
    """Returns `[h, w]` bool: the frames differ by more than noise explains.

    Means over 9 x 9 packed pixels and four planes are compared. Allowed are
    five deviations of such a mean, 2 % of the brightness (flicker of lamps),
    a tenth of a pixel of misalignment at edges, and near black what clipping
    adds.

    Args:
        noisy: `[h, w, 4]`.
        clean: `[h, w, 4]`, aligned and as bright.
        noise: `(a, b)` of the noisy frame, each `[1]`.
    """
    grey = clean.mean(axis=-1).astype(np.float32)
    difference = _box((noisy - clean).mean(axis=-1).astype(np.float32))
    variance = noise_lib.variance(clean[None], noise)[0].astype(np.float32)
    sigma = np.sqrt(variance.mean(axis=-1))
    deviation = np.sqrt(_box(variance.mean(axis=-1)) / (4.0 * _WINDOW**2))
    gradient = np.abs(np.gradient(grey)[0]) + np.abs(np.gradient(grey)[1])
    # A Gaussian clipped at its mean is 0.4 deviations brighter.
    clipping = 0.4 * sigma * (grey < 2.0 * sigma)
    allowed = (
        5.0 * deviation
        + 0.02 * np.abs(_box(grey))
        + 0.1 * _box(gradient)
        + _box(clipping.astype(np.float32))
    )
    suspect = (np.abs(difference) > allowed).astype(np.uint8)
    # Specks are noise of the noise; a thing that moved is larger.
    opened = cv2.morphologyEx(suspect, cv2.MORPH_OPEN, np.ones((3, 3)))
    return _dilate(opened, _WINDOW)


def valid_pixels(noisy, clean, matched, inside, noise: NoiseParams):
    """Returns `[h, w]` bool: pixels that can be compared.

    Args:
        noisy: `[h, w, 4]`.
        clean: `[h, w, 4]`, aligned, as captured.
        matched: `[h, w, 4]`, the same, as bright as `noisy`.
        inside: `[h, w]` bool, where `clean` has a picture.
        noise: `(a, b)` of the noisy frame, each `[1]`.

    Raises:
        RefusedError: more than a fifth of the frame is masked.
    """
    white, motion = saturated(noisy, clean), moved(noisy, matched, noise)
    valid = inside & ~white & ~motion
    # The strip that a shift leaves empty is lost, but says nothing of the pair.
    masked = float(((white | motion) & inside).sum() / max(inside.sum(), 1))
    if masked > MAX_MASKED:
        raise RefusedError(
            f"at most {MAX_MASKED:.0%} of a frame may be saturated or moved. "
            f"Received: {masked:.0%} ({white.mean():.0%} saturated, "
            f"{motion.mean():.0%} moved)"
        )
    return valid
