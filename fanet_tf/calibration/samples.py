"""Flat patches of RAW frames to the histograms that the fit takes.

One frame: the patch's own pixels, with a smooth shading taken out of the
means and paid for in degrees of freedom. Two frames or more: differences of
pairs, in which shading, texture and the pixels' unequal sensitivity cancel;
patches that touch the clipping stay with the pixels, since a difference of
clipped values has no simple law.
"""

import collections
import dataclasses

import numpy as np

from fanet_tf.calibration.censored import Sample

MIN_PIXELS = 100
# Pixels of a patch that may be clipped. A true black clips half of them where
# the sensor clips at black; a darker one is no light at all, and a patch nearly
# all white says next to nothing.
MAX_CLIPPED = 0.75
# Up to this fraction of clipped pixels a patch counts as free of clipping.
_CLIPPED = 1e-3
# Pixels this many robust deviations off are hot, dead or dust.
_OUTLIER = 6.0
_FAR = 1 << 40  # Beyond any count; times `_SHIFTS` still an int64.
_SHIFTS = 1 << 20
# Bins per deviation of the noise: finer ones say nothing more.
_BINS_PER_DEVIATION = 3.0


@dataclasses.dataclass(frozen=True)
class Levels:
    """What the counts of one plane mean.

    Attributes:
        black: count of no light; may be a fraction.
        white: count that becomes 1.
        low: counts at or below it are clipped; -inf for none.
        high: counts at or above it are clipped; inf for none.
        step: distance of neighbouring counts.
    """

    black: float
    white: float
    low: float
    high: float
    step: float = 1.0

    def normalize(self, counts):
        """Maps counts to 0 = black, 1 = white."""
        return (counts - self.black) / (self.white - self.black)

    @property
    def scale(self) -> float:
        """Returns the counts between black and white."""
        return self.white - self.black


def _surface(frames):
    """Fits a quadratic surface to the mean of `[F, h, w]`.

    Returns:
        The surface less its mean, `[h, w]`, and the ratio of explained to
        unexplained variance per degree of freedom (an F statistic).
    """
    mean = np.mean(frames, axis=0)
    height, width = mean.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    columns = [np.ones_like(x), x, y, x * x, x * y, y * y]
    design = np.stack([c.ravel() for c in columns], axis=1)
    solution, *_ = np.linalg.lstsq(design, mean.ravel())
    surface = (design @ solution).reshape(mean.shape)
    shading = surface - np.mean(surface)
    rest = np.sum((mean - surface) ** 2) / max(mean.size - 6, 1)
    return shading, np.sum(shading**2) / 5.0 / max(rest, 1e-30)


def _neighbour_variance(frames):
    """Returns the variance that neighbours' differences show, of `[F, h, w]`.

    Slopes cancel in second differences, along rows and along columns.
    """
    total, count = 0.0, 0
    for axis in (1, 2):
        second = np.diff(frames, n=2, axis=axis)
        total += np.sum(second**2)
        count += second.size
    return total / count / 6.0


def _is_textured(flat, rounding):
    """Returns whether `[F, h, w]` varies more than its neighbours do.

    Fine texture shows in the pixels, coarse texture in means of 4 x 4 of
    them. Thresholds lie four deviations above what noise alone gives.
    """
    noise = _neighbour_variance(flat)
    # Rounding makes both uneven where the noise is below a count.
    slack = 1.05 + 8.0 / np.sqrt(flat.size)
    if np.var(flat) > slack * noise + 1.2 * rounding:
        return True
    mean = np.mean(flat, axis=0)
    height, width = (n // 4 for n in mean.shape)
    if height * width < 16:
        return False
    blocks = mean[: 4 * height, : 4 * width]
    blocks = blocks.reshape(height, 4, width, 4).mean(axis=(1, 3))
    expected = (noise + rounding) / (16.0 * len(flat))
    return np.var(blocks) > expected * (1.1 + 4.0 * np.sqrt(2.0 / blocks.size))


def _histogram(counts, shift, levels, bin_width):
    """Returns lower and upper edges and weights of the filled bins.

    Args:
        counts: `[n]` multiples of `levels.step`.
        shift: `[n]` what to take off them: shading or flicker.
        levels: of the plane; `low` and `high` make the outer bins.
        bin_width: in counts; at least one step is taken.
    """
    step = levels.step
    width = max(round(bin_width / step), 1)  # Steps in a bin.
    steps = np.round(counts / step).astype(np.int64)
    # Far outside any count, and far inside int64.
    low = max(levels.low / step, -_FAR)
    high = min(levels.high / step, _FAR)
    bins = np.floor_divide(steps, width)
    bins[steps <= low], bins[steps >= high] = -_FAR, _FAR
    shift_width = bin_width / 4.0
    shifts = np.round(shift / shift_width).astype(np.int64)
    # One key for bin and shift: numpy sorts numbers faster than pairs.
    keys, weight = np.unique(
        bins * _SHIFTS + shifts + _SHIFTS // 2, return_counts=True
    )
    bins, shifts = keys // _SHIFTS, keys % _SHIFTS - _SHIFTS // 2
    # The bins beside the clipped ones end where those begin.
    first = np.maximum(bins * width - 0.5, low + 0.5)
    last = np.minimum(bins * width + width - 0.5, high - 0.5)
    at_low, at_high = bins == -_FAR, bins == _FAR
    first[at_low], last[at_low] = -np.inf, low + 0.5
    first[at_high], last[at_high] = high - 0.5, np.inf
    offset = shifts * shift_width
    return first * step - offset, last * step - offset, weight.astype(float)


def without_outliers(values):
    """Returns which of `[n]` values lie near their median."""
    median = np.median(values)
    deviation = 1.4826 * np.median(np.abs(values - median))
    if deviation == 0.0:  # Most pixels read one count.
        return np.ones(values.shape, bool)
    return np.abs(values - median) <= _OUTLIER * deviation


def _level(frames, levels, clipped, **names):
    """Makes a sample of the pixels themselves; None where it is textured."""
    shading, strength = _surface(frames)
    factor, surface = 1.0, np.zeros_like(shading)
    # 99.9 % of shading-free patches stay below 4.1 (F, 5 and many).
    if clipped <= _CLIPPED and strength > 4.1:
        surface = shading
        factor = 1.0 - 5.0 / shading.size
    flat = frames - surface
    variance = float(np.var(flat))
    rounding = levels.step**2 / 12.0
    if _is_textured(flat, rounding):
        return None
    shift = np.broadcast_to(surface, frames.shape).ravel()
    counts = frames.ravel()
    keep = np.ones(counts.shape, bool)
    if clipped <= _CLIPPED:
        keep = without_outliers(counts - shift)
    lower, upper, weight = _histogram(
        counts[keep],
        shift[keep],
        levels,
        np.sqrt(variance) / _BINS_PER_DEVIATION,
    )
    return Sample(
        levels.normalize(lower),
        levels.normalize(upper),
        weight,
        mean=float(levels.normalize(np.mean(counts))),
        x=None,
        variance=max(variance - rounding, 0.0) / levels.scale**2,
        factor=factor,
        **names,
    )


def _difference(frames, levels, **names):
    """Makes a sample of the differences of disjoint pairs of frames."""
    pairs = len(frames) // 2
    difference = frames[: 2 * pairs : 2] - frames[1 : 2 * pairs : 2]
    # A lamp's flicker is one step for the whole patch.
    flicker = np.broadcast_to(
        np.mean(difference, axis=(1, 2), keepdims=True), difference.shape
    ).ravel()
    counts = difference.ravel()
    keep = without_outliers(counts - flicker)
    variance = float(np.var((counts - flicker)[keep]))
    lower, upper, weight = _histogram(
        counts[keep],
        flicker[keep],
        dataclasses.replace(levels, low=-np.inf, high=np.inf),
        np.sqrt(variance) / _BINS_PER_DEVIATION,
    )
    rounding = levels.step**2 / 12.0
    return Sample(
        lower / levels.scale,
        upper / levels.scale,
        weight,
        mean=0.0,
        x=float(levels.normalize(np.mean(frames))),
        variance=max(variance / 2.0 - rounding, 0.0) / levels.scale**2,
        factor=2.0 * (1.0 - (pairs - 1.0) / len(counts)),
        extra=rounding / levels.scale**2,
        **names,
    )


def of_patch(frames, levels: Levels, dark: bool = False, **names):
    """Makes a sample of one patch of one plane.

    Args:
        frames: `[F, h, w]` counts of frames of one gain.
        levels: of this plane.
        dark: whether no light fell on it, so that `x` is 0.
        **names: `plane` and `patch` of the sample.

    Returns:
        A `Sample` and None, or None and why not: `"small"`, `"clipped"` or
        `"textured"`.
    """
    frames = np.asarray(frames, np.float64)
    if frames[0].size < MIN_PIXELS:
        return None, "small"
    is_clipped = (frames <= levels.low) | (frames >= levels.high)
    clipped = float(np.mean(is_clipped))
    # The black level of dark frames is what they are to tell.
    if clipped > (0.95 if dark else MAX_CLIPPED):
        return None, "clipped"
    if clipped <= _CLIPPED and len(frames) > 1:
        sample = _difference(frames, levels, **names)
    elif np.mean(frames >= levels.high) > _CLIPPED and len(frames) > 1:
        # Near white the pixels' unequal sensitivity would count as noise,
        # and there are differences enough without it.
        return None, "clipped"
    else:
        sample = _level(frames, levels, clipped, **names)
        if sample is None:
            return None, "textured"
    return (dataclasses.replace(sample, x=0.0) if dark else sample), None


def of_patches(packed, patches, levels):
    """Makes the samples of all patches and planes of one gain.

    Args:
        packed: `[F, h, w, 4]` counts of packed frames.
        patches: list of `(top, left, height, width)` in packed pixels.
        levels: four `Levels`, of R, Gr, Gb and B.

    Returns:
        List of `Sample`, and a `Counter` of why others were left out.
    """
    found, left_out = [], collections.Counter()
    for index, (top, left, height, width) in enumerate(patches):
        window = packed[:, top : top + height, left : left + width]
        for plane, plane_levels in enumerate(levels):
            sample, reason = of_patch(
                window[..., plane], plane_levels, plane=plane, patch=index
            )
            if sample is None:
                left_out[reason] += 1
            else:
                found.append(sample)
    return found, left_out
