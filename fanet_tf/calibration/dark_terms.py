"""Dark frames of one gain -> what the sensor adds beyond `N(0, b)`.

    black level      of each plane, and how it drifts over the series
    lines            row and column noise (`lines`)
    correlation      of neighbours (`correlation`)
    tail             kurtosis (`tail`)
    defects          pixels that are off in every frame (`defect_map`)

All but the first and the last come from what is left of each frame after the
mean of the series and the frame's own level are taken off, so the fixed pattern
drops out; the variance that this takes, `1 / F` of it, is put back. Single
events are limited to 6 deviations, which no Gaussian reaches.
"""

import dataclasses

import numpy as np
from scipy import stats

from fanet_tf.calibration import correlation
from fanet_tf.calibration import defect_map
from fanet_tf.calibration.estimate import Estimate
from fanet_tf.calibration.lines import Lines
from fanet_tf.calibration.samples import Levels
from fanet_tf.calibration.tail import Tail
from fanet_tf.raw import cfa

MIN_FRAMES = 2
# More pixels at the lowest count than defects can explain: the file ends at
# black, and half of the noise is missing.
_CLIPPED = 0.01
# Below so many counts of noise rounding is no longer noise of its own.
_LEAST_NOISE = 0.4
_EVENT = 6.0
# Sensor pixels; lags of `correlation.LAG` need room.
_LEAST_SIDE = 64


@dataclasses.dataclass(frozen=True)
class DarkNoise:
    """What the noise of one gain's dark frames is like; in counts.

    Attributes:
        read: deviation of a pixel without its lines' offsets, rounding taken
            off.
        row: deviation of the rows' offsets.
        column: deviation of the columns' offsets.
        down: correlation with the next pixel of the same colour in a column.
        across: the same in a row.
        kurtosis: excess over a Gaussian's.
        autocorrelation: `[2 L + 1, 2 L + 1]`, lags in sensor pixels.
        row_spectrum: `(cycles a row, power)`, 1 = what pixels alone give.
        column_spectrum: the same over columns.
    """

    read: float
    row: Estimate
    column: Estimate
    down: Estimate
    across: Estimate
    kurtosis: Estimate
    autocorrelation: np.ndarray
    row_spectrum: tuple[np.ndarray, np.ndarray]
    column_spectrum: tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class DarkTerms:
    """What the dark frames of one gain show.

    Attributes:
        levels: four `Levels` as the files give them.
        is_clipped: whether the files are clipped at black.
        black: black level of R, Gr, Gb, B in counts; of clipped files the
            mean of what is left, which lies above it.
        black_by_frame: `[F, 4]` the same of each frame.
        drift: deviation of the level over the series, counts.
        noise: None where the frames do not tell; `why` says why.
        why: empty, or why `noise` is None.
        defects: found in this gain; None with one frame.
    """

    levels: tuple[Levels, ...]
    is_clipped: bool
    black: tuple[Estimate, ...]
    black_by_frame: np.ndarray
    drift: float
    noise: DarkNoise | None
    why: str
    defects: defect_map.Found | None

    @property
    def num_frames(self) -> int:
        """Returns how many frames there are."""
        return len(self.black_by_frame)

    @property
    def is_signed(self) -> bool:
        """Whether the files keep the noise below black."""
        return any(level.low < level.black for level in self.levels)


def measure(packed: np.ndarray, levels: tuple[Levels, ...]) -> DarkTerms:
    """Measures dark frames of one gain.

    Args:
        packed: `[F, h, w, 4]` counts, in the order they were taken.
        levels: four `Levels` of these frames.
    """
    count = len(packed)
    lowest = np.array([level.low for level in levels])
    clipped = float(np.mean(packed <= lowest)) > _CLIPPED
    mean = packed.mean(axis=0, dtype=np.float64)
    if count < MIN_FRAMES:
        usable, defects = np.ones(mean.shape, bool), None
    else:
        defects = defect_map.find(packed, mean, levels, clipped)
        usable = defects.usable(mean.shape)
    by_frame = np.stack([_levels_of(frame, usable) for frame in packed])
    noise, why = None, ""
    if count < MIN_FRAMES:
        why = f"its terms need {MIN_FRAMES} dark frames or more"
    elif 2 * min(mean.shape[:2]) < _LEAST_SIDE:
        why = f"its dark frames are smaller than {_LEAST_SIDE} pixels"
    elif clipped:
        why = "its dark frames are clipped at black, so their terms are hidden"
    else:
        noise = _noise(packed, mean, by_frame, usable, levels[0].step)
        if noise is None:
            why = (
                f"its dark frames' noise is below {_LEAST_NOISE} counts; "
                "rounding hides their terms"
            )
    return DarkTerms(
        levels,
        clipped,
        _black(by_frame),
        by_frame,
        _drift(by_frame, mean.shape, noise),
        noise,
        why,
        defects,
    )


def _levels_of(frame, usable):
    """Returns the mean of each plane without its defects."""
    total = np.sum(frame, axis=(0, 1), where=usable, dtype=np.float64)
    return total / usable.sum(axis=(0, 1))


def _black(by_frame) -> tuple[Estimate, ...]:
    """Returns the level of each plane; the frames' scatter is its error."""
    count = len(by_frame)
    values = by_frame.mean(axis=0)
    if count < 2:
        return tuple(Estimate(float(v), float(v), float(v)) for v in values)
    half = by_frame.std(axis=0, ddof=1) / np.sqrt(count)
    half = half * stats.t.ppf(0.975, count - 1)
    return tuple(
        Estimate(float(v), float(v - h), float(v + h))
        for v, h in zip(values, half, strict=True)
    )


def _drift(by_frame, shape, noise) -> float:
    """Returns the deviation of the level beyond what noise leaves in it.

    0 where noise alone scatters as much in one of 40 series.
    """
    freedom = len(by_frame) - 1
    if freedom < 1:
        return 0.0
    seen, chance = float(np.mean(by_frame.var(axis=0, ddof=1))), 0.0
    if noise is not None:
        height, width = shape[:2]
        chance = noise.read**2 / (height * width)
        chance += noise.row.value**2 / height + noise.column.value**2 / width
    if seen < chance * stats.chi2.ppf(0.975, freedom) / freedom:
        return 0.0
    return float(np.sqrt(seen - chance))


def _residual(frame, mean, shift, usable):
    """Returns what one frame adds to the mean of all, `[h, w, 4]` float32."""
    residual = frame - mean
    residual -= shift
    residual[~usable] = 0.0
    return residual.astype(np.float32)


def _noise(packed, mean, by_frame, usable, step) -> DarkNoise | None:
    count = len(packed)
    height, width = (2 * side for side in mean.shape[:2])
    rows, columns, tail = Lines(axis=1), Lines(axis=0), Tail()
    covariance = correlation.Autocovariance((height, width))
    shifts = by_frame - by_frame.mean(axis=0)
    for frame, shift in zip(packed, shifts, strict=True):
        residual = _residual(frame, mean, shift, usable)
        tail.add(residual, usable)
        event = _EVENT * 1.4826 * np.median(np.abs(residual))
        np.clip(residual, -event, event, out=residual)
        mosaic = cfa.unpack(residual[None])[0, :, :, 0]
        of_rows, of_columns = rows.add(mosaic), columns.add(mosaic)
        covariance.add(mosaic - of_rows - of_columns)
    unbias = count / (count - 1.0)
    gamma = unbias * covariance.map()
    middle = gamma.shape[0] // 2
    variance = gamma[middle, middle] - step**2 / 12.0
    if variance < (_LEAST_NOISE * step) ** 2:
        return None
    found = {}
    for name, lines, axis, length in (
        ("row", rows, 1, width),
        ("column", columns, 0, height),
    ):
        pixels = correlation.of_line_mean(gamma, axis, length)
        found[name] = lines.variance(pixels, unbias, count - 1).map(
            lambda v: np.sqrt(max(v, 0.0))
        )
        found[f"{name}_spectrum"] = lines.spectrum(pixels, unbias)
    ratio = gamma / variance
    ratio[middle, middle] = 1.0
    pairs = covariance.num_pairs * (count - 1)
    return DarkNoise(
        read=float(np.sqrt(variance)),
        down=correlation.neighbour(ratio, 0, pairs),
        across=correlation.neighbour(ratio, 1, pairs),
        kurtosis=tail.kurtosis(count, step),
        autocorrelation=ratio,
        **found,
    )
