"""The plots of a calibration, as SVG: the paper's figures 8 and 9."""

import io

import numpy as np
from matplotlib.figure import Figure

from fanet_tf.raw import cfa
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw.noise import NoiseParams

# Of R, Gr, Gb and B: told apart by brightness as well as by hue.
_COLOURS = ("#c8102e", "#2e8b57", "#85c88a", "#1f4fa3")
_LINE = "#222222"
_GREY = "#8a8a8a"


def _svg(figure) -> str:
    stream = io.StringIO()
    # Without a date and with fixed ids the same data give the same file.
    figure.savefig(
        stream, format="svg", bbox_inches="tight", metadata={"Date": None}
    )
    text = stream.getvalue()
    return text[text.index("<svg") :]


def _axes(width=4.6, height=3.3):
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)
    return figure, axes


def intensity_variance(measurement, title: str, low=0.0) -> str:
    """Draws intensity against variance of one gain (figure 8).

    Dots are what was measured; the line is the fitted `a x + b`; dashes are
    what the fit says clipping makes of it, which is where dots should lie.

    Args:
        measurement: `estimator.Measurement`.
        title: of the plot.
        low: where the sensor clips, 0 = black level.
    """
    figure, axes = _axes()
    for plane in range(4):
        mine = [s for s in measurement.samples if s.plane == plane]
        axes.plot(
            [s.intensity for s in mine],
            [s.variance for s in mine],
            "o",
            color=_COLOURS[plane],
            markersize=3.2,
            alpha=0.75,
            label=cfa.PLANES[plane],
        )
    fit = measurement.pooled
    top = max(s.intensity for s in measurement.samples)
    x = np.linspace(0.0, 1.0 if top > 0.8 else 1.1 * top, 400)
    axes.plot(x, fit.a * x + fit.b, color=_LINE, linewidth=1.3, label="a x + b")
    if fit.a > 0.0 and fit.b > 0.0:
        # Means a little beyond the ends too: patches overexposed, or black.
        clean = np.linspace(max(low, 0.0), x[-1], 400)[None, :, None, None]
        pair = NoiseParams(np.array([fit.a]), np.array([fit.b]))
        mean = noise_lib.censored_mean(clean, pair, low=min(low, 0.0))
        clipped = noise_lib.censored_variance(clean, pair, low=min(low, 0.0))
        axes.plot(
            mean.ravel(),
            clipped.ravel(),
            "--",
            color=_GREY,
            linewidth=1.2,
            label="clipped",
        )
    axes.set_title(title, fontsize=10)
    axes.set_xlabel("intensity (0 = black, 1 = white)")
    axes.set_ylabel("variance")
    axes.ticklabel_format(axis="y", scilimits=(-2, 2))
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.set_ylim(bottom=0.0)
    axes.legend(fontsize=7, frameon=False, loc="upper left")
    return _svg(figure)


def _errors(fits, name):
    """Returns values and the lengths of their intervals' arms, `[2, n]`."""
    values = np.array([getattr(fit, name) for fit in fits])
    low, high = np.array([getattr(fit, f"{name}_interval") for fit in fits]).T
    return values, np.stack([values - low, high - values])


def gain_law(measurements, name: str, law=None) -> str:
    """Draws gain against `a` or `b` (figure 9, a and b).

    Args:
        measurements: dict of gain -> `Measurement`.
        name: `"a"` or `"b"`.
        law: function of the gain, or None where none was fitted.
    """
    figure, axes = _axes()
    gains = np.array(sorted(measurements))
    fits = [measurements[gain].pooled for gain in gains]
    values, errors = _errors(fits, name)
    axes.errorbar(
        gains,
        values,
        errors,
        fmt="o",
        color=_COLOURS[3],
        markersize=4,
        capsize=2,
        label="measured, 95 %",
    )
    if law is not None:
        x = np.linspace(gains[0], gains[-1], 300)
        kind = {"a": "linear", "b": "quadratic"}[name]
        axes.plot(x, law(x), color=_LINE, linewidth=1.2, label=kind)
    axes.set_xlabel("gain")
    axes.set_ylabel(name)
    axes.set_title(f"gain → {name}", fontsize=10)
    axes.ticklabel_format(axis="y", scilimits=(-2, 2))
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)


def log_line(measurements, profile=None) -> str:
    """Draws `log a` against `log b` (figure 9, c).

    Args:
        measurements: dict of gain -> `Measurement`.
        profile: `NoiseProfile`, or None where none was fitted.
    """
    figure, axes = _axes()
    good = [
        (m.pooled.a, m.pooled.b)
        for m in measurements.values()
        if m.pooled.a > 0.0 and m.pooled.b > 0.0
    ]
    if good:
        a, b = np.array(good).T
        axes.plot(a, b, "o", color=_COLOURS[3], markersize=4, label="measured")
    if profile is not None:
        a = profile.a(np.geomspace(*profile.gain_range, 200))
        law = profile.b(np.geomspace(*profile.gain_range, 200))
        axes.plot(a, law, color=_LINE, linewidth=1.2, label="gain law")
        line = profile.line_b(a)
        axes.plot(a, line, "--", color=_COLOURS[0], linewidth=1.2, label="line")
        width = np.exp(profile.line.scatter)
        axes.fill_between(
            a, line / width, line * width, color=_COLOURS[0], alpha=0.12
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("a")
    axes.set_ylabel("b")
    axes.set_title("log a → log b", fontsize=10)
    axes.legend(fontsize=8, frameon=False)
    return _svg(figure)
