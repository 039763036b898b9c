"""The HTML page of a calibration: one file, plots inside."""

import base64
import html

from fanet_tf.calibration import figures
from fanet_tf.raw import cfa

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 68rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
.plots { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); }
.plots img { width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #ddd;
  text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
.warning { border-left: 4px solid #c77700; background: #fff6e6;
  padding: .4rem .8rem; margin: .4rem 0; }
.note { color: #555; }
code { background: #f3f3f3; padding: 0 .2rem; }
"""


def _image(svg: str, text: str) -> str:
    # As an image: matplotlib's ids would clash between figures of one page.
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img alt="{html.escape(text)}" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def _table(head, rows) -> str:
    heading = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>"
        for row in rows
    )
    return (
        '<div class="scroll"><table><thead><tr>'
        f"{heading}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


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
    return _table(head, rows)


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
    return _table(["gain", *(f"{p}: a, b" for p in cfa.PLANES)], rows)


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
    note = (
        f"Training draws b from {law[profile.default_b_law()]} unless told "
        "otherwise."
    )
    return _table(["", "", ""], rows) + f'<p class="note">{note}</p>'


def render(sensor, status, measurements, profile, notes, lows) -> str:
    """Returns the page.

    Args:
        sensor: its name.
        status: `"measured"` or `"stand-in"`.
        measurements: dict of gain -> `Measurement`.
        profile: `NoiseProfile`, or None with fewer than three gains.
        notes: warnings, shown on top.
        lows: dict of gain -> where the sensor clips, 0 = black level.
    """
    parts = [
        f"<h1>Noise of {html.escape(sensor)}</h1>",
        f'<p class="note">{html.escape(status)}; black level 0, white level '
        "1; the variance of a pixel of true value x is a x + b, before the "
        "sensor clips.</p>",
        *(f'<p class="warning">{html.escape(note)}</p>' for note in notes),
    ]
    if profile is not None:
        parts += ["<h2>The law</h2>", _law(profile)]
    gain_a = figures.gain_law(measurements, "a", profile and profile.a)
    gain_b = figures.gain_law(measurements, "b", profile and profile.b)
    parts += [
        '<div class="plots">',
        _image(gain_a, "gain against a"),
        _image(gain_b, "gain against b"),
        _image(figures.log_line(measurements, profile), "log a against log b"),
        "</div>",
        "<h2>Measured</h2>",
        _measured(measurements),
        "<h2>Intensity against variance</h2>",
        '<p class="note">Dots: patches. Line: the fitted a x + b. Dashes: '
        "the same after clipping, where the dots should lie.</p>",
        '<div class="plots">',
    ]
    for gain, measurement in sorted(measurements.items()):
        title = f"gain {gain:g}"
        svg = figures.intensity_variance(measurement, title, lows[gain])
        parts.append(_image(svg, f"intensity against variance, {title}"))
    parts += ["</div>", "<h2>Per plane</h2>", _planes(measurements)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>Noise of {html.escape(sensor)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )
