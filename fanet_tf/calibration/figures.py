"""The plots of a calibration, as HTML: the paper's figures 8 and 9."""

from collections.abc import Callable
from collections.abc import Mapping

import numpy as np

from fanet_tf.calibration import dark_figures
from fanet_tf.calibration.estimator import Measurement
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.pages import plots
from fanet_tf.pages.plots import Series
from fanet_tf.raw import cfa
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw.noise import NoiseParams


def _curve(label: str, style: str, x, y, **options) -> Series:
    points = list(zip(np.ravel(x).tolist(), np.ravel(y).tolist(), strict=True))
    return Series(label, style, points, dots="", **options)


def intensity_variance(
    measurement: Measurement, title: str, low: float = 0.0
) -> str:
    """Draws intensity against variance of one gain (figure 8).

    Dots are what was measured; the line is the fitted `a x + b`; dashes are
    what the fit says clipping makes of it, which is where dots should lie.

    Args:
        measurement: of the gain.
        title: of the plot.
        low: where the sensor clips, 0 = black level.
    """
    fit = measurement.pooled
    top = max(sample.intensity for sample in measurement.samples)
    x = np.linspace(0.0, 1.0 if top > 0.8 else 1.1 * top, 200)
    series = [_curve("a x + b", "ink", x, fit.a * x + fit.b)]
    if fit.a > 0.0 and fit.b > 0.0:
        # Means a little beyond the ends too: patches overexposed, or black.
        clean = np.linspace(max(low, 0.0), x[-1], 200)[None, :, None, None]
        pair = NoiseParams(np.array([fit.a]), np.array([fit.b]))
        mean = noise_lib.censored_mean(clean, pair, low=min(low, 0.0))
        clipped = noise_lib.censored_variance(clean, pair, low=min(low, 0.0))
        series.append(_curve("clipped", "input", mean, clipped, line="dashed"))
    for plane, (name, style) in enumerate(
        zip(cfa.PLANES, dark_figures.PLANES, strict=True)
    ):
        points = sorted(
            (sample.intensity, sample.variance)
            for sample in measurement.samples
            if sample.plane == plane
        )
        if points:
            series.append(Series(name, style, points, line=""))
    return plots.plot(
        series,
        "intensity (0 = black, 1 = white)",
        f"{title}: variance",
        y_floor=0.0,
    )


def gain_law(
    measurements: Mapping[float, Measurement],
    name: str,
    law: Callable | None = None,
) -> str:
    """Draws gain against `a` or `b` (figure 9, a and b).

    Args:
        measurements: gain -> `Measurement`.
        name: `"a"` or `"b"`.
        law: function of the gain, or None where none was fitted.
    """
    gains = sorted(measurements)
    fits = [measurements[gain].pooled for gain in gains]
    series = []
    if law is not None:
        x = np.linspace(gains[0], gains[-1], 200)
        kind = {"a": "linear", "b": "quadratic"}[name]
        series.append(_curve(kind, "ink", x, law(x)))
    values = [getattr(fit, name) for fit in fits]
    series.append(
        Series(
            "measured, 95 %",
            "s0",
            list(zip(gains, values, strict=True)),
            line="",
            intervals=[getattr(fit, f"{name}_interval") for fit in fits],
        )
    )
    return plots.plot(series, "gain", name)


def log_line(
    measurements: Mapping[float, Measurement],
    profile: NoiseProfile | None = None,
) -> str:
    """Draws `log a` against `log b` (figure 9, c); empty if it has no point.

    Args:
        measurements: gain -> `Measurement`.
        profile: None where none was fitted.
    """
    series = []
    if profile is not None:
        gains = np.geomspace(*profile.gain_range, 100)
        a, line = profile.a(gains), profile.line_b(profile.a(gains))
        width = np.exp(profile.line.scatter)
        band = list(zip(line / width, line * width, strict=True))
        series += [
            _curve("line", "s6", a, line, line="dashed", band=band),
            _curve("gain law", "ink", a, profile.b(gains)),
        ]
    points = sorted(
        (m.pooled.a, m.pooled.b)
        for m in measurements.values()
        if m.pooled.a > 0.0 and m.pooled.b > 0.0
    )
    if points:
        series.append(Series("measured", "s0", points, line=""))
    if not series:
        return ""
    return plots.plot(series, "a", "b", log_x=True, log_y=True)
