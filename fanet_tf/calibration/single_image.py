"""A first guess of `(a, b)` from one noisy RAW of an unknown camera.

One level of the orthonormal Haar transform splits each plane into 2 x 2
blocks. White noise falls independently on the four coefficients of a block:

    LL/2   the block's mean: its intensity
    HH     noise of the pixel's variance; blind to slopes and to edges along
           rows and columns
    LH, HL the same noise plus the picture: they say where texture is

Blocks are chosen by LH and HL alone, so the choice does not bias HH. What
texture is left in HH is a wide second component of a mixture that is fitted
by expectation-maximisation, the noise being the narrow one:

    HH ~ (1 - p) N(0, a x + b) + p N(0, TEXTURE^2 (a x + b))

Blocks with clipped pixels would look quieter than they are and are left out,
with everything as near to the clipping as a clipped pixel is likely.

References: Foi et al. 2008, "Practical Poissonian-Gaussian noise modeling and
fitting for single-image raw-data"; Azzari & Foi 2014 (the mixture).
"""

import dataclasses

import cv2
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.raw import cfa
from fanet_tf.raw.noise import NoiseParams

# Deviation of the mixture's wide component, in deviations of the noise.
TEXTURE = 3.0
# Bins of intensity, evenly filled, for the start of the fit.
_BINS = 24
_MIN_BLOCKS = 400
# What is known of `b` before looking: log b = intercept + slope log a, and its
# spread. The line of the imx258 stand-in; the published laws of other sensors
# lie within 1.2 of it. It decides only where the picture holds no shadows.
_PRIOR = (-1.09, 1.69, 1.5)
_ITERATIONS = 12


@dataclasses.dataclass(frozen=True)
class Confidence:
    """How sure an estimate from a single image is.

    Attributes:
        verdict: `"good"`, `"fair"` or `"poor"`.
        a_error: standard error of `a`, as a fraction of it.
        b_error: standard error of `b`, as a fraction of it.
        num_blocks: blocks of 2 x 2 pixels of one plane that were used.
        texture: fraction of them that the fit took for texture.
        intensity_range: 2nd and 98th percentile of their intensity.
    """

    verdict: str
    a_error: float
    b_error: float
    num_blocks: int
    texture: float
    intensity_range: tuple[float, float]

    def describe(self) -> str:
        """Returns one line for people."""
        low, high = self.intensity_range
        return (
            f"{self.verdict}: a within {self.a_error:.0%}, b within "
            f"{self.b_error:.0%} (standard errors), from {self.num_blocks} "
            f"blocks of intensity {low:.3f} to {high:.3f}"
        )


def _haar(plane):
    """Returns mean, HH, LH and HL of the 2 x 2 blocks of `[h, w]`."""
    height, width = (n // 2 * 2 for n in plane.shape)
    p, q = plane[0:height:2, 0:width:2], plane[0:height:2, 1:width:2]
    r, s = plane[1:height:2, 0:width:2], plane[1:height:2, 1:width:2]
    return (
        (p + q + r + s) / 4.0,
        (p - q - r + s) / 2.0,
        (p + q - r - s) / 2.0,
        (p - q + r - s) / 2.0,
    )


def _box(image, size: int):
    """Returns the mean of `size` x `size` neighbours."""
    return cv2.blur(image, (size, size), borderType=cv2.BORDER_REFLECT)


def _blocks(packed, low: float, high: float):
    """Returns `x`, HH squared and texture energy of blocks far from clipping.

    Args:
        packed: `[h, w, 4]` float32.
        low: values at or below it are clipped.
        high: values at or above it are clipped.

    Returns:
        Three arrays `[n]`: the intensity, smoothed over 3 x 3 blocks; the
        square of HH; the mean square of LH and HL over 5 x 5 blocks.
    """
    parts = []
    for plane in np.moveaxis(packed, -1, 0):
        plane = np.ascontiguousarray(plane, np.float32)
        mean, hh, lh, hl = _haar(plane)
        clipped = ((plane <= low) | (plane >= high)).astype(np.float32)
        near_clipping = _box(_haar(clipped)[0], 9) > 0.002
        energy = _box((lh * lh + hl * hl) / 2.0, 5)
        keep = ~near_clipping
        parts.append((_box(mean, 3)[keep], np.square(hh[keep]), energy[keep]))
    return [
        np.concatenate(p).astype(np.float64) for p in zip(*parts, strict=True)
    ]


def _bins(x):
    """Returns the bin of each block; bins are evenly filled by intensity."""
    edges = np.quantile(x, np.linspace(0, 1, _BINS + 1)[1:-1])
    return np.searchsorted(edges, x)


def _weighted_line(x, y, weight):
    """Fits `y = a x + b`; returns `(a, b)` and their covariance."""
    design = np.stack([x, np.ones_like(x)], axis=1)
    information = design.T @ (design * weight[:, None])
    covariance = np.linalg.pinv(information)
    return covariance @ (design.T @ (weight * y)), covariance


def _quietest(x, hh2, energy, bins):
    """Returns intensity and variance of the quietest quarter of each bin."""
    means, variances = [], []
    for index in np.unique(bins):
        here = np.flatnonzero(bins == index)
        quiet = here[np.argsort(energy[here])[: max(len(here) // 4, 20)]]
        means.append(np.mean(x[quiet]))
        # Median of a squared standard normal: 0.455.
        variances.append(np.median(hh2[quiet]) / 0.455)
    return np.array(means), np.array(variances)


def quietest(packed, low=None, high: float = 1.0):
    """Returns what the parts without texture show, before any fit.

    Args:
        packed: as `estimate` takes it, and so are the others.
        low: values at or below it are clipped.
        high: values at or above it are clipped.

    Returns:
        Intensities and the variances there, two arrays of at most 24 numbers.
    """
    packed = np.asarray(packed)
    low = float(np.min(packed)) if low is None else low
    x, hh2, energy = _blocks(packed, low, high)
    return _quietest(x, hh2, energy, _bins(x))


def _start(x, hh2, energy, bins):
    """Returns a first `(a, b)` from the quietest quarter of each bin."""
    means, variances = _quietest(x, hh2, energy, bins)
    floor = 1e-3 * np.median(variances) + 1e-12
    params, weight = np.zeros(2), 1.0 / np.maximum(variances, floor) ** 2
    for _ in range(5):  # Reweighted: a textured bin must not pull the rest.
        params, _ = _weighted_line(means, variances, weight)
        fitted = np.maximum(means * params[0] + params[1], floor)
        excess = np.maximum(variances / fitted - 1.0, 0.0)
        weight = 1.0 / (fitted * (1.0 + 4.0 * excess)) ** 2
    return params, floor


def _quiet(energy, variance, bins):
    """Chooses the blocks where LH and HL show noise alone.

    Returns:
        `[n]` booleans, and the fraction of bins in which fewer than a tenth
        of the blocks are so quiet that the quietest tenth had to do.
    """
    ratio = energy / variance
    keep = ratio < 1.3
    indices = np.unique(bins)
    busy = 0
    for index in indices:
        here = bins == index
        count = np.sum(here)
        # Of a small frame's blocks a bin may hold fewer than twenty.
        enough = min(max(int(0.1 * count), 20), count)
        if np.sum(keep & here) < enough:
            limit = np.partition(ratio[here], enough - 1)[enough - 1]
            keep |= here & (ratio <= limit)
            busy += 1
    return keep, busy / len(indices)


def _noise_weight(hh2, variance, texture):
    """Returns the probability that each HH is noise, not texture."""
    log_ratio = -0.5 * hh2 / variance * (1.0 - 1.0 / TEXTURE**2)
    noise = (1.0 - texture) * np.exp(log_ratio)
    return noise / (noise + texture / TEXTURE)


def _inflation(hh2, variance, weight, bins):
    """Returns how far the bins scatter beyond chance, a factor >= 1.

    Texture that looks like noise lifts some intensities and not others; the
    misfit it leaves is the only sign of it, so the error grows by it.
    """
    n = np.bincount(bins, weight, minlength=_BINS)
    measured = np.bincount(bins, weight * hh2, minlength=_BINS)
    fitted = np.bincount(bins, weight * variance, minlength=_BINS)
    filled = n > 20
    ratio = measured[filled] / np.maximum(fitted[filled], 1e-12)
    chi2 = np.sum(n[filled] / 2.0 * (ratio - 1.0) ** 2)
    return max(1.0, chi2 / max(np.sum(filled) - 2, 1))


def _with_prior(params, covariance):
    """Combines `(a, b)` with what is known of `b`, which keeps it positive."""
    (a_hat, b_hat), (slope_ab, variance_b) = params, covariance[:, 1]
    intercept, slope, spread = _PRIOR
    b = np.geomspace(1e-9, 1e-1, 4000)
    a = a_hat + slope_ab / variance_b * (b - b_hat)
    a = np.maximum(a, 1e-7)
    cost = 0.5 * (b - b_hat) ** 2 / variance_b
    log_prior = (np.log(b) - intercept - slope * np.log(a)) / spread
    cost = cost + 0.5 * log_prior**2
    density = np.exp(-(cost - cost.min()))
    density /= np.sum(density)
    log_b = np.sum(density * np.log(b))
    b_error = np.sqrt(np.sum(density * (np.log(b) - log_b) ** 2))
    best = np.argmin(cost)
    return a[best], b[best], b_error


def estimate(packed, low=None, high: float = 1.0):
    """Estimates the noise of one RAW frame.

    Args:
        packed: `[h, w, 4]` float, 0 = black level, 1 = white level.
        low: values at or below it are taken for clipped; None takes 0 when
            the frame holds nothing below it, else the frame's minimum.
        high: values at or above it are taken for clipped.

    Returns:
        `NoiseParams` with `a` and `b` of shape `[1]`, and a `Confidence`.

    Raises:
        InputError: if too little of the frame is unclipped.
    """
    packed = np.asarray(packed)
    if packed.ndim != 3 or packed.shape[-1] != 4:
        raise InputError(
            f"`packed` must be `[h, w, 4]`. Received: shape={packed.shape}"
        )
    low = float(np.min(packed)) if low is None else low
    x, hh2, energy = _blocks(packed, low, high)
    if len(x) < _MIN_BLOCKS:
        raise InputError(
            f"An estimate from one image needs {_MIN_BLOCKS} blocks of "
            "2 x 2 unclipped pixels of one colour. "
            f"Received: {len(x)} in a frame of {packed.shape[0]} x "
            f"{packed.shape[1]} packed pixels"
        )
    bins = _bins(x)
    params, floor = _start(x, hh2, energy, bins)
    texture = 0.1
    for _ in range(_ITERATIONS):
        variance = np.maximum(x * params[0] + params[1], floor)
        keep, busy = _quiet(energy, variance, bins)
        weight = _noise_weight(hh2[keep], variance[keep], texture)
        texture = float(np.clip(1.0 - np.mean(weight), 0.01, 0.5))
        # Var[HH^2] = 2 v^2.
        params, covariance = _weighted_line(
            x[keep], hh2[keep], weight / (2.0 * variance[keep] ** 2)
        )
    covariance = covariance * _inflation(
        hh2[keep], x[keep] * params[0] + params[1], weight, bins[keep]
    )
    a, b, b_error = _with_prior(params, covariance)
    # What texture adds, by experience on photographs: it grows with the share
    # of busy intensities and with what LH and HL hold beyond the noise.
    excess = np.median(energy[keep] / np.maximum(x[keep] * a + b, floor)) - 1.0
    systematic = 0.03 + 0.4 * busy**2 + max(excess, 0.0)
    a_error = np.hypot(np.sqrt(covariance[0, 0]) / a, systematic)
    b_error = np.hypot(b_error, systematic)
    span = np.percentile(x[keep], (2, 98))
    verdict = "good" if a_error < 0.1 else "fair" if a_error < 0.3 else "poor"
    return (
        NoiseParams(np.array([a]), np.array([b])),
        Confidence(
            verdict,
            float(a_error),
            float(b_error),
            int(np.sum(keep)),
            texture,
            (float(span[0]), float(span[1])),
        ),
    )


def of_mosaic(mosaic, pattern: str = "RGGB"):
    """Estimates the noise of a mosaic `[H, W]`, 0 = black, 1 = white.

    Returns what `estimate` does.
    """
    rggb = cfa.to_rggb(np.asarray(mosaic)[None, :, :, None], pattern)
    return estimate(cfa.pack(rggb)[0])
