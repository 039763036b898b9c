"""Maximum likelihood of `(a, b)` from clipped and quantised pixels.

A pixel of a flat patch of mean `m` reads the count `k` with the probability
of its bin, and the bins at the ends reach to infinity: what the sensor
clipped is counted and not guessed (a censored Gaussian):

    P(k) = Phi((upper - m) / s) - Phi((lower - m) / s)
    s^2  = c (a x + b) + e

    level       pixels of one frame: x = m, c = 1, e = 0
    difference  of two frames: x known, c = 2, e = step^2 / 12 (what rounding
                twice adds to rounding once)
    dark        x = 0

A black patch may fit an `m` a little below 0, and the line goes on there: cut
off at 0 it would lift the mean of `x` and lower `b` by 1 %. All patches share
`a` and `b`; each keeps its own `m`, so neither clipping nor rounding biases
the pair. `c` also carries the degrees of freedom that a shading correction
took. Solved by Fisher scoring; the means are eliminated one by one, so a fit
costs a few passes over the histograms.

References: Foi 2009, "Clipped noisy images: heteroskedastic modeling and
practical denoising"; Azzari & Foi 2014.
"""

import dataclasses

import numpy as np
from scipy import special
from scipy import stats

_MAX_ITERATIONS = 60
_TINY = 1e-300


@dataclasses.dataclass(frozen=True)
class Sample:
    """Histogram of one patch of one plane, in units 0 = black, 1 = white.

    Attributes:
        lower: `[n]` lower edges of the filled bins; -inf where clipped.
        upper: `[n]` upper edges; +inf where clipped.
        weight: `[n]` pixels in each bin.
        mean: mean of what was counted; where the fit starts from. About 0
            for differences.
        x: intensity that sets the variance; None takes the fitted mean.
        variance: plain sample variance, divided by `factor`; for plots.
        factor: `c` above.
        extra: `e` above.
        plane: 0..3 of R, Gr, Gb, B.
        patch: index of the patch.
    """

    lower: np.ndarray
    upper: np.ndarray
    weight: np.ndarray
    mean: float
    x: float | None
    variance: float
    factor: float = 1.0
    extra: float = 0.0
    plane: int = 0
    patch: int = 0

    @property
    def intensity(self) -> float:
        """Returns where the sample stands on the axis of a plot."""
        return self.mean if self.x is None else self.x


@dataclasses.dataclass(frozen=True)
class Fit:
    """`(a, b)` of one capture with 95 % confidence intervals.

    Attributes:
        a: shot-noise slope.
        b: read-noise variance.
        a_interval: `(low, high)`.
        b_interval: `(low, high)`.
        covariance: `[2, 2]` of `(a, b)`, by the model.
        means: `[P]` fitted mean of each sample.
        residuals: `[P]` measured over fitted variance, less 1.
        z: `[P]` the same in standard errors.
        converged: whether the iteration came to rest.
    """

    a: float
    b: float
    a_interval: tuple[float, float]
    b_interval: tuple[float, float]
    covariance: np.ndarray
    means: np.ndarray
    residuals: np.ndarray
    z: np.ndarray
    converged: bool


class _Likelihood:
    """The histograms of all samples, end to end, and their derivatives."""

    def __init__(self, samples):
        self.index = np.repeat(
            np.arange(len(samples)), [len(s.weight) for s in samples]
        )
        self.lower = np.concatenate([s.lower for s in samples])
        self.upper = np.concatenate([s.upper for s in samples])
        self.weight = np.concatenate([s.weight for s in samples])
        self.factor = np.array([s.factor for s in samples])
        self.extra = np.array([s.extra for s in samples])
        self.fixed_x = np.array(
            [np.nan if s.x is None else s.x for s in samples]
        )
        self.own_x = np.isnan(self.fixed_x)

    def x(self, means):
        """Returns the intensity of each sample."""
        return np.where(self.own_x, means, self.fixed_x)

    def variance(self, a, b, means):
        """Returns `c (a x + b) + e` of each sample."""
        return self.factor * (a * self.x(means) + b) + self.extra

    def _edges(self, means, variance):
        deviation = np.sqrt(variance)[self.index]
        center = means[self.index]
        low = (self.lower - center) / deviation
        high = (self.upper - center) / deviation
        # In the upper tail the mirrored difference keeps its digits.
        flip = low > 0
        first = np.where(flip, -low, high)
        last = np.where(flip, -high, low)
        mass = special.ndtr(first) - special.ndtr(last)
        return low, high, np.maximum(mass, _TINY), deviation

    def value(self, means, variance):
        """Returns the log-likelihood."""
        _, _, mass, _ = self._edges(means, variance)
        return np.sum(self.weight * np.log(mass))

    def derivatives(self, means, variance):
        """Returns `d log P / d m` and `/ d s^2` of each bin."""
        low, high, mass, deviation = self._edges(means, variance)
        root = np.sqrt(2.0 * np.pi)
        at_low = np.exp(-0.5 * low * low) / root
        at_high = np.exp(-0.5 * high * high) / root
        z_low = np.where(np.isfinite(low), low, 0.0) * at_low
        z_high = np.where(np.isfinite(high), high, 0.0) * at_high
        by_mean = (at_low - at_high) / (mass * deviation)
        by_variance = (z_low - z_high) / (2.0 * mass * deviation**2)
        return by_mean, by_variance

    def sum(self, values):
        """Sums `weight * values` over the bins of each sample, `[P]`."""
        return np.bincount(
            self.index, self.weight * values, minlength=len(self.factor)
        )


def _start(samples, free_a: bool):
    """Returns a first `(a, b)`: weighted least squares on the variances."""
    whole = [s for s in samples if np.isfinite(s.lower[0] + s.upper[-1])]
    used = whole if len(whole) >= 4 else samples
    x = np.array([s.intensity for s in used])
    v = np.array([s.variance for s in used])
    n = np.array([np.sum(s.weight) for s in used])
    floor = max(1e-3 * np.median(v), 1e-14)
    weight = np.sqrt(n) / np.maximum(v, floor)
    if not free_a or np.ptp(x) == 0.0:
        return 0.0, max(float(np.average(v, weights=weight)), floor)
    slope, offset = np.polyfit(x, v, 1, w=weight)
    slope = max(slope, 1e-3 * np.median(v) / max(np.median(x), 1e-6))
    # Positive at every sample: a black one may lie below 0.
    darkest = min(s.intensity for s in samples)
    return float(slope), float(
        max(offset, floor - 1.5 * slope * darkest, floor)
    )


def _start_means(like, a, b, samples):
    """Returns means that fit `(a, b)`; clipping has pulled the plain ones."""
    means = np.array([s.mean for s in samples])
    for _ in range(12):
        variance = like.variance(a, b, means)
        by_mean, _ = like.derivatives(means, variance)
        step = like.sum(by_mean) / np.maximum(like.sum(by_mean**2), _TINY)
        limit = 0.5 * np.sqrt(variance)
        moved = means + np.clip(step, -limit, limit)
        means = np.where(like.variance(a, b, moved) > 0.0, moved, means)
    return means


def _system(like, a, b, means, free_a):
    """Returns gradient, information and parts with the means eliminated."""
    variance = like.variance(a, b, means)
    by_mean, by_variance = like.derivatives(means, variance)
    # The chain rule: s^2 depends on a, b and, for a level, on m itself.
    x = like.x(means)
    slope = np.where(like.own_x, like.factor * a, 0.0)
    by_m = by_mean + by_variance * slope[like.index]
    by_a = by_variance * (like.factor * x)[like.index]
    by_b = by_variance * like.factor[like.index]
    columns = (by_a, by_b) if free_a else (by_b,)

    gradient_m = like.sum(by_m)
    information_m = np.maximum(like.sum(by_m * by_m), _TINY)
    cross = np.stack([like.sum(c * by_m) for c in columns])  # [K, P]
    scores = np.stack([like.sum(c) for c in columns])  # [K, P]
    full = np.array(
        [[np.sum(like.sum(c * d)) for c in columns] for d in columns]
    )
    information = full - (cross / information_m) @ cross.T
    scores = scores - cross * (gradient_m / information_m)
    return scores, information, gradient_m, information_m, cross


def _solve(matrix, vector):
    """Solves a small system whose rows differ by orders of magnitude."""
    scale = 1.0 / np.sqrt(np.maximum(np.diag(matrix), _TINY))
    scaled = matrix * scale[:, None] * scale[None, :]
    solution, *_ = np.linalg.lstsq(
        scaled, vector * (scale[:, None] if vector.ndim > 1 else scale)
    )
    return solution * (scale[:, None] if vector.ndim > 1 else scale)


def fit(samples, free_a: bool = True) -> Fit:
    """Fits `(a, b)` to samples of one capture.

    `b` may come out negative: then the darkest patches say nothing of it.

    Args:
        samples: of flat patches; at least two intensities, or `free_a` False.
        free_a: False keeps `a = 0`, for dark frames alone.
    """
    like = _Likelihood(samples)
    a, b = _start(samples, free_a)
    means = _start_means(like, a, b, samples)
    value = like.value(means, like.variance(a, b, means))
    converged = False
    for _ in range(_MAX_ITERATIONS):
        scores, information, gradient_m, information_m, cross = _system(
            like, a, b, means, free_a
        )
        step = _solve(information, np.sum(scores, axis=1))
        step_m = (gradient_m - cross.T @ step) / information_m
        # A patch that is nearly all clipped hardly knows its mean.
        limit = np.sqrt(like.variance(a, b, means))
        step_m = np.clip(step_m, -limit, limit)
        # Fisher steps may overshoot: halved until the likelihood grows.
        for _ in range(30):
            new_a = a + step[0] if free_a else a
            new_b, new_means = b + step[-1], means + step_m
            variance = like.variance(new_a, new_b, new_means)
            if np.all(variance > 0.0):
                new_value = like.value(new_means, variance)
                if new_value >= value - 1e-9 * abs(value):
                    break
            step, step_m = step / 2.0, step_m / 2.0
        else:
            break
        small = np.abs(step) < 1e-4 * np.sqrt(
            np.abs(np.diag(_solve(information, np.eye(len(step)))))
        )
        gained = new_value - value
        a, b, means, value = new_a, new_b, new_means, new_value
        # An interval's end lies 1.92 below the maximum.
        if np.all(small) or gained < 1e-4:
            converged = True
            break
    return _report(like, a, b, means, free_a, converged)


def _report(like, a, b, means, free_a, converged) -> Fit:
    """Turns the solution into intervals and residuals."""
    scores, information, *_ = _system(like, a, b, means, free_a)
    size = len(information)
    covariance = _solve(information, np.eye(size))
    # Patches that scatter more than the model allows widen the interval: the
    # sandwich estimator, a patch being the unit.
    count = scores.shape[1]
    freedom = max(count - size, 1)
    spread = covariance @ (scores @ scores.T) @ covariance * count / freedom
    half = np.maximum(
        1.96 * np.sqrt(np.maximum(np.diag(covariance), 0.0)),
        stats.t.ppf(0.975, freedom) * np.sqrt(np.maximum(np.diag(spread), 0.0)),
    )
    half = half if free_a else np.array([0.0, half[0]])
    if not free_a:
        covariance = np.array([[0.0, 0.0], [0.0, covariance[0, 0]]])

    variance = like.variance(a, b, means)
    _, by_variance = like.derivatives(means, variance)
    score = like.sum(by_variance)
    strength = np.maximum(like.sum(by_variance * by_variance), _TINY)
    noise = np.maximum(variance - like.extra, _TINY)
    return Fit(
        a=float(a),
        b=float(b),
        a_interval=(float(a - half[0]), float(a + half[0])),
        b_interval=(float(b - half[1]), float(b + half[1])),
        covariance=covariance,
        means=means,
        residuals=score / strength / noise,
        z=score / np.sqrt(strength),
        converged=converged,
    )
