"""The HTML page of a calibration: one file, plots inside."""

import html
from collections.abc import Mapping
from collections.abc import Sequence

from fanet_tf.calibration import figures
from fanet_tf.calibration.estimator import Measurement
from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.pages import shell
from fanet_tf.pages import tables
from fanet_tf.raw import cfa


def _interval(value, interval) -> str:
    return f"{value:.3e} ({interval[0]:.2e} to {interval[1]:.2e})"


def _measured(measurements) -> str:
    rows = []
    for gain, measurement in sorted(measurements.items()):
        fit = measurement.pooled
        left_out = sum(measurement.left_out.values())
        reasons = ", ".join(
            f"{count} {why}" for why, count in measurement.left_out.items()
        )
        rows.append(
            [
                f"{gain:g}",
                _interval(fit.a, fit.a_interval),
                _interval(fit.b, fit.b_interval),
                f"{measurement.naive[0]:.2e}, {measurement.naive[1]:.2e}",
                str(len(measurement.samples)),
                f"{left_out}" + (f" ({reasons})" if reasons else ""),
            ]
        )
    head = (
        "gain",
        "a (95 %)",
        "b (95 %)",
        "least squares a, b",
        "used",
        "left out",
    )
    return tables.table(head, rows)


def _planes(measurements) -> str:
    rows = [
        [
            f"{gain:g}",
            *(
                "-" if fit is None else f"{fit.a:.3e}, {fit.b:.2e}"
                for fit in measurement.planes
            ),
        ]
        for gain, measurement in sorted(measurements.items())
    ]
    return tables.table(["gain", *(f"{p}: a, b" for p in cfa.PLANES)], rows)


def _term(number) -> str:
    return f"{'-' if number < 0 else '+'} {abs(number):.4g}"


def _law(profile) -> str:
    a0, a1 = profile.a_coefficients
    b0, b1, b2 = profile.b_coefficients
    line, fit = profile.line, profile.fit
    rows = [
        [
            "a(gain)",
            f"{a0:.4g} {_term(a1)} gain",
            f"R² {fit.get('a_r_squared', float('nan')):.5f}",
        ],
        [
            "b(gain)",
            f"{b0:.4g} {_term(b1)} gain {_term(b2)} gain²",
            f"R² {fit.get('b_r_squared', float('nan')):.5f}",
        ],
        [
            "log b",
            f"{line.slope:.4f} log a {_term(line.intercept)}",
            f"scatter {line.scatter:.3f}, misses the gain law by up to a "
            f"factor {line.max_misfit:.2f}",
        ],
    ]
    law = {"line": "the line", "gain": "the gain law"}
    default = law[profile.default_read_noise_law()]
    note = f"Training draws b from {default} unless told otherwise."
    return (
        tables.table(["", "fitted", "how well"], rows)
        + f'<p class="note">{note}</p>'
    )


def _plots(plots: Sequence[str]) -> str:
    return f'<div class="plots">{"".join(plots)}</div>'


def render(
    sensor: str,
    status: str,
    measurements: Mapping[float, Measurement],
    profile: NoiseProfile | None,
    notes: Sequence[str],
    lows: Mapping[float, float],
    more: str = "",
) -> str:
    """Returns the page.

    Args:
        sensor: its name.
        status: `"measured"` or `"stand-in"`.
        measurements: gain -> `Measurement`.
        profile: the law, or None with fewer than three gains.
        notes: warnings, shown on top.
        lows: gain -> where the sensor clips, 0 = black level.
        more: HTML of further sections.
    """
    warnings = "".join(
        f'<p class="warning">{html.escape(note)}</p>' for note in notes
    )
    over_gain = [
        figures.gain_law(measurements, "a", profile and profile.a),
        figures.gain_law(measurements, "b", profile and profile.b),
        figures.log_line(measurements, profile),
    ]
    each_gain = [
        figures.intensity_variance(measurement, f"gain {gain:g}", lows[gain])
        for gain, measurement in sorted(measurements.items())
    ]
    legend = (
        '<p class="note">Dots: patches. Line: the fitted a x + b. Dashes: the '
        "same after clipping, where the dots should lie.</p>"
    )
    body = [
        warnings,
        shell.section("The law", _law(profile) if profile else ""),
        shell.section("Over the gain", _plots(over_gain)),
        shell.section("Measured", _measured(measurements)),
        shell.section("Intensity against variance", legend + _plots(each_gain)),
        shell.section("Per plane", _planes(measurements)),
        more,
    ]
    intro = (
        f"{status.capitalize()}; black level 0, white level 1; the variance "
        "of a pixel of true value x is a x + b, before the sensor clips."
    )
    return shell.page(f"Noise of {sensor}", "".join(body), intro=intro)
