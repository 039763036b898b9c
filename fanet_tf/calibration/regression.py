"""Measurements at several gains -> the law of the sensor.

    a(gain) linear, b(gain) quadratic

by least squares weighted with the measurements' own errors, among the laws
that are positive and never fall over the measured range. Such a law is a sum
of non-negative parts, so the constraint costs nothing but a non-negative
solver:

    a = p0 + p1 u                               u = (gain - low) / (high - low)
    b = q0 + q1 (u - u^2 / 2) + q2 u^2 / 2      b' = q1 (1 - u) + q2 u
"""

import dataclasses

import numpy as np
from scipy import optimize

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.profile import Line
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.errors import InputError

MIN_GAINS = 3
# No measurement counts as better than this: beyond it the law itself is only
# a description.
_MIN_RELATIVE_ERROR = 0.003


@dataclasses.dataclass(frozen=True)
class Regression:
    """One law over gains.

    Attributes:
        coefficients: of `gain^0`, `gain^1`, ...
        residuals: measured over fitted value, less 1, of each gain.
        r_squared: of the weighted fit.
    """

    coefficients: tuple[float, ...]
    residuals: tuple[float, ...]
    r_squared: float


def _errors(values, half_widths):
    """Returns standard errors; never below `_MIN_RELATIVE_ERROR`."""
    errors = np.asarray(half_widths) / 1.96
    return np.maximum(errors, _MIN_RELATIVE_ERROR * np.abs(values))


def _parts(gains, degree: int):
    """Returns the polynomials of the non-negative parts, highest last."""
    low, high = min(gains), max(gains)
    polynomial = np.polynomial.Polynomial
    u = polynomial([-low, 1.0]) / (high - low)
    if degree == 1:
        return [polynomial([1.0]), u]
    return [polynomial([1.0]), u - u * u / 2.0, u * u / 2.0]


def fit_law(gains, values, half_widths, degree: int) -> Regression:
    """Fits a polynomial that is positive and does not fall over `gains`.

    Args:
        gains: `[n]`, at least three different ones.
        values: `[n]` measured.
        half_widths: `[n]` of their 95 % intervals.
        degree: 1 or 2.
    """
    gains, values = np.asarray(gains, float), np.asarray(values, float)
    errors = _errors(values, half_widths)
    parts = _parts(gains, degree)
    design = np.stack([part(gains) for part in parts], axis=1)
    weighted = design / errors[:, None]
    scale = np.linalg.norm(weighted, axis=0)
    amounts, _ = optimize.nnls(weighted / scale, values / errors)
    law = sum(
        amount * part
        for amount, part in zip(amounts / scale, parts, strict=True)
    )
    coefficients = np.zeros(degree + 1)
    coefficients[: len(law.coef)] = law.coef
    fitted = law(gains)
    center = np.average(values, weights=errors**-2.0)
    rest = np.sum(((values - fitted) / errors) ** 2)
    total = np.sum(((values - center) / errors) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        residuals = np.where(fitted > 0.0, values / fitted - 1.0, np.nan)
    return Regression(
        tuple(float(c) for c in coefficients),
        tuple(float(r) for r in residuals),
        float(1.0 - rest / total) if total > 0.0 else 0.0,
    )


def make_profile(
    measurements, sensor: str, base_iso=None, note: str = "", fit=None
) -> NoiseProfile:
    """Fits the three regressions to measurements at three gains or more.

    Args:
        measurements: dict of gain -> `Measurement`.
        sensor: its name.
        base_iso: the ISO of gain 1, or None.
        note: for the profile.
        fit: what else the profile's `fit` shall hold, a dict.

    Raises:
        InputError: if no positive law fits.
    """
    gains = sorted(measurements)
    if len(gains) < MIN_GAINS:
        raise InputError(
            f"Regressions over gains need {MIN_GAINS} gains at least. "
            f"Received: {gains}"
        )
    fits = [measurements[gain].pooled for gain in gains]
    law_a = fit_law(
        gains,
        [f.a for f in fits],
        [f.a_interval[1] - f.a for f in fits],
        degree=1,
    )
    law_b = fit_law(
        gains,
        [f.b for f in fits],
        [f.b_interval[1] - f.b for f in fits],
        degree=2,
    )
    for name, law in (("a", law_a), ("b", law_b)):
        # A law of zeros: every measurement wanted a negative value.
        at_low = np.polynomial.polynomial.polyval(gains[0], law.coefficients)
        if not at_low > 0.0:
            raise InputError(
                f"`{name}` must be positive at every gain; the measurements "
                f"want {at_low:.3g} at gain {gains[0]:g}. Dark patches or "
                "dark frames pin it down."
            )
    if law_a.coefficients[1] <= 0.0:
        raise InputError(
            "`a` must grow with the gain. Received: "
            f"{[f'{f.a:.3g}' for f in fits]} at gains {gains}"
        )
    polyval = np.polynomial.polynomial.polyval
    line = profile_lib.fit_line(
        np.geomspace(gains[0], gains[-1], 200),
        lambda gain: polyval(gain, law_a.coefficients),
        lambda gain: polyval(gain, law_b.coefficients),
    )
    record = {
        "a_r_squared": law_a.r_squared,
        "b_r_squared": law_b.r_squared,
        "a_residuals": dict(zip(map(str, gains), law_a.residuals, strict=True)),
        "b_residuals": dict(zip(map(str, gains), law_b.residuals, strict=True)),
        "line_r_squared": _line_r_squared(fits, line),
        **(fit or {}),
    }
    result = NoiseProfile(
        sensor=sensor,
        status="measured",
        gain_range=(float(gains[0]), float(gains[-1])),
        a_coefficients=law_a.coefficients,
        b_coefficients=law_b.coefficients,
        line=line,
        base_iso=base_iso,
        note=note,
        fit=record,
    )
    result.check(sensor)
    return result


def _line_r_squared(fits, line: Line) -> float | None:
    """Returns R^2 of `log b` on `log a` over the measurements."""
    if any(f.a <= 0.0 or f.b <= 0.0 for f in fits):
        return None
    log_a, log_b = np.log([f.a for f in fits]), np.log([f.b for f in fits])
    rest = np.sum((log_b - line.slope * log_a - line.intercept) ** 2)
    total = np.sum((log_b - np.mean(log_b)) ** 2)
    return float(1.0 - rest / total) if total > 0.0 else None
