"""Frames of one gain -> `(a, b)`: per plane and pooled, with intervals."""

import collections
import dataclasses

import numpy as np

from fanet_tf.calibration import censored
from fanet_tf.calibration import samples as samples_lib
from fanet_tf.calibration.samples import Levels
from fanet_tf.errors import InputError
from fanet_tf.raw import cfa

# Fewer samples, or samples of so nearly one intensity, make no line.
MIN_SAMPLES = 4
MIN_SPREAD = 0.01
# A patch this far off, in standard errors and in fractions, is an outlier.
_OUTLIER_Z = 4.5
_OUTLIER_RESIDUAL = 0.1
_DARK_TILE = 48
_DARK_TILES = 24


@dataclasses.dataclass(frozen=True)
class Scene:
    """Frames of one gain that show the same, and its flat patches.

    Attributes:
        packed: `[F, h, w, 4]` counts.
        levels: four `Levels`, of R, Gr, Gb and B.
        patches: list of `(top, left, height, width)` in packed pixels.
    """

    packed: np.ndarray
    levels: tuple[Levels, ...]
    patches: list


@dataclasses.dataclass(frozen=True)
class Measurement:
    """The noise of a sensor at one gain.

    Attributes:
        pooled: fit of all planes together.
        planes: fits of R, Gr, Gb and B; None where too little was usable.
        naive: `(a, b)` of ordinary least squares on mean and variance; for
            comparison, since clipping and outliers bias it.
        samples: what was fitted.
        left_out: how many patches of a plane were not, by reason.
        black: black level of each plane that was used, counts.
        num_dark: samples of dark frames among `samples`.
    """

    pooled: censored.Fit
    planes: tuple[censored.Fit | None, ...]
    naive: tuple[float, float]
    samples: list
    left_out: dict[str, int]
    black: tuple[float, ...]
    num_dark: int = 0

    def warnings(self) -> list[str]:
        """Returns what a reader must know before trusting the fit."""
        found, fit = [], self.pooled
        if fit.b <= 0.0:
            low, high = fit.b_interval
            found.append(
                f"b came out negative ({fit.b:.2e}, 95 % interval {low:.2e} to "
                f"{high:.2e}): the patches are too bright to show the read "
                "noise; add dark patches or dark frames"
            )
        if fit.a_interval[0] <= 0.0:
            low, high = fit.a_interval
            found.append(
                f"a is not known to be positive ({low:.2e} to {high:.2e})"
            )
        if not fit.converged:
            found.append("the fit did not converge")
        return found


def _robust_fit(samples, left_out):
    """Fits; takes outlying patches out, at most a third, and fits again."""
    limit = len(samples) - max(2 * len(samples) // 3, MIN_SAMPLES)
    fit = censored.fit(samples)
    for _ in range(3):
        # A model that misses all patches a little must not lose half of them.
        spread = max(np.sqrt(np.median(fit.z**2) / 0.455), 1.0)
        off = np.abs(fit.z) / spread
        bad = (off > _OUTLIER_Z) & (np.abs(fit.residuals) > _OUTLIER_RESIDUAL)
        worst = np.argsort(-np.where(bad, off, 0.0))[: max(limit, 0)]
        worst = worst[bad[worst]]
        if len(worst) == 0:
            break
        limit -= len(worst)
        left_out["outlier"] += len(worst)
        samples = [s for i, s in enumerate(samples) if i not in set(worst)]
        fit = censored.fit(samples)
    return fit, samples


def _naive(samples):
    x = [sample.intensity for sample in samples]
    slope, offset = np.polyfit(x, [sample.variance for sample in samples], 1)
    return float(slope), float(offset)


def _spread(samples):
    return np.ptp([sample.intensity for sample in samples])


def _tiles(height, width):
    """Returns windows spread evenly over a dark frame."""
    size = min(_DARK_TILE, height, width)
    rows, columns = height // size, width // size
    every = max(rows * columns // _DARK_TILES, 1)
    return [
        (index // columns * size, index % columns * size, size, size)
        for index in range(0, rows * columns, every)
    ][:_DARK_TILES]


def measure_dark(packed, levels):
    """Measures the black level and the read noise of dark frames.

    Args:
        packed: `[F, h, w, 4]` counts.
        levels: four `Levels` as the file gives them.

    Returns:
        Four `Levels` with the measured black, and the samples in their units.
    """
    windows = _tiles(*packed.shape[1:3])
    shifted, samples = [], []
    for plane, declared in enumerate(levels):
        found = _dark_samples(packed[..., plane], declared, windows, plane)
        if not found:
            raise InputError(
                f"dark frames must show noise. Received: plane "
                f"{cfa.PLANES[plane]} with nothing but clipped pixels"
            )
        # Differences have lost the level; single frames fit it.
        counts = packed[..., plane]
        if np.mean(counts > declared.low) > 0.999:
            kept = samples_lib.without_outliers(counts.ravel())
            black = float(np.mean(counts.ravel()[kept]))
        else:
            fit = censored.fit(found, free_a=False)
            black = declared.black + declared.scale * float(np.mean(fit.means))
        measured = dataclasses.replace(declared, black=black)
        shifted.append(measured)
        samples += _dark_samples(packed[..., plane], measured, windows, plane)
    return tuple(shifted), samples


def _shifted(levels, declared, measured):
    """Moves the black of `levels` as it moved from `declared` to `measured`.

    Floats may have another step in dark frames than in light ones, so counts
    cannot be carried over; fractions of white can.
    """
    return tuple(
        dataclasses.replace(
            level,
            black=level.black
            + (after.black - before.black) / before.scale * level.scale,
        )
        for level, before, after in zip(levels, declared, measured, strict=True)
    )


def _dark_samples(plane_frames, levels, windows, plane):
    found = []
    for top, left, height, width in windows:
        sample, _ = samples_lib.of_patch(
            plane_frames[:, top : top + height, left : left + width],
            levels,
            dark=True,
            plane=plane,
            patch=-1,
        )
        if sample is not None:
            found.append(sample)
    return found


def measure(scenes, dark=None, dark_levels=None) -> Measurement:
    """Measures `(a, b)` of one gain.

    Args:
        scenes: list of `Scene`, all of this gain.
        dark: `[F, h, w, 4]` counts of dark frames of this gain, or None.
        dark_levels: four `Levels` of these; None takes those of the scenes.

    Raises:
        InputError: if no line can be fitted through what is usable.
    """
    left_out = collections.Counter()
    found, levels = [], scenes[0].levels
    if dark is not None:
        dark_levels = dark_levels or levels
        measured, found = measure_dark(dark, dark_levels)
        levels = _shifted(levels, dark_levels, measured)
    num_dark = len(found)
    for scene in scenes:
        scene_levels = scene.levels if dark is None else levels
        usable, unusable = samples_lib.of_patches(
            scene.packed, scene.patches, scene_levels
        )
        found = found + usable
        left_out += unusable
    if len(found) - num_dark < MIN_SAMPLES or _spread(found) < MIN_SPREAD:
        raise InputError(_too_little(found[num_dark:], left_out))
    pooled, kept = _robust_fit(found, left_out)
    planes = []
    for plane in range(4):
        mine = [sample for sample in kept if sample.plane == plane]
        enough = len(mine) >= MIN_SAMPLES and _spread(mine) >= MIN_SPREAD
        planes.append(censored.fit(mine) if enough else None)
    return Measurement(
        pooled=pooled,
        planes=tuple(planes),
        naive=_naive(kept),
        samples=kept,
        left_out=dict(left_out),
        black=tuple(level.black for level in levels),
        num_dark=sum(sample.patch == -1 for sample in kept),
    )


def _too_little(found, left_out) -> str:
    reasons = ", ".join(f"{n} {why}" for why, n in sorted(left_out.items()))
    if len(found) >= MIN_SAMPLES:
        x = [sample.intensity for sample in found]
        return (
            f"Patches must differ in brightness by {MIN_SPREAD} at least. "
            f"Received: {min(x):.4f} to {max(x):.4f}"
        )
    return (
        f"A fit needs {MIN_SAMPLES} usable patches (of one colour each). "
        f"Received: {len(found)} usable; left out: {reasons or 'none'}"
    )
