"""The part of a calibration's page that dark frames and the greens fill."""

from collections.abc import Mapping

from fanet_tf.calibration import dark_figures
from fanet_tf.calibration import defect_map
from fanet_tf.calibration.dark_terms import DarkTerms
from fanet_tf.calibration.estimate import Estimate
from fanet_tf.calibration.green import GreenImbalance
from fanet_tf.pages import shell
from fanet_tf.pages import tables
from fanet_tf.raw import cfa


def section(
    dark: Mapping[float, DarkTerms],
    green: GreenImbalance | None,
    defects: defect_map.DefectMap | None,
) -> str:
    """Returns the sections; empty without dark frames and greens.

    Args:
        dark: gain -> terms.
        green: of the chart, or None.
        defects: the map, or None.
    """
    noisy = {gain: d for gain, d in sorted(dark.items()) if d.noise}
    series = {gain: d for gain, d in sorted(dark.items()) if d.num_frames > 1}
    return "".join(
        (
            shell.section("Dark frames", _tables(dark, noisy)),
            shell.section("Single pixels and greens", _words(green, defects)),
            shell.section(
                "Black level over time",
                _plots(
                    dark_figures.black_over_time(d, f"gain {gain:g}")
                    for gain, d in series.items()
                ),
            ),
            shell.section(
                "Rows and columns",
                _plots(
                    (
                        dark_figures.line_spectrum(d.noise, f"gain {gain:g}")
                        for gain, d in noisy.items()
                    ),
                    "How the means of rows and of columns vary along the "
                    "frame. Pixels alone give 1; an even rise above it is line "
                    "noise, a peak is a band that comes back.",
                ),
            ),
            shell.section(
                "Correlation of neighbours",
                _plots(
                    (
                        dark_figures.autocorrelation(d.noise, f"gain {gain:g}")
                        for gain, d in noisy.items()
                    ),
                    "Autocovariance of the noise over its variance; the full "
                    f"colour is {dark_figures.FULL:g}, negative values are "
                    "red. Even distances compare pixels of one colour. A "
                    "native RAW file shows the middle alone.",
                ),
            ),
        )
    )


def _plots(parts, note: str = "") -> str:
    body = "".join(parts)
    if not body:
        return ""
    text = f'<p class="note">{note}</p>' if note else ""
    return f'{text}<div class="plots">{body}</div>'


def _tables(dark, noisy) -> str:
    if not dark:
        return ""
    levels = [
        [
            f"{gain:g}",
            str(d.num_frames),
            *(_interval(black, 2) for black in d.black),
            f"{d.drift:.3f}",
        ]
        for gain, d in sorted(dark.items())
    ]
    head = ["gain", "frames", *(f"black {p}" for p in cfa.PLANES), "drift"]
    clipped = ", ".join(
        f"{g:g}" for g, d in sorted(dark.items()) if d.is_clipped
    )
    body = tables.table(head, levels) + (
        '<p class="note">Black level in counts, with 95 % intervals; drift: '
        "deviation of the frames' level beyond chance."
        + (
            f" The frames of gain {clipped} are clipped at black: in its place "
            "stands the mean of what is left."
            if clipped
            else ""
        )
        + "</p>"
    )
    if not noisy:
        return body
    rows = []
    for gain, d in noisy.items():
        noise = d.noise
        ratios = (
            part.map(lambda v, read=noise.read: v / read)
            for part in (noise.row, noise.column)
        )
        rows.append(
            [
                f"{gain:g}",
                f"{noise.read:.3f}",
                *(_interval(ratio, 4) for ratio in ratios),
                *(_interval(part, 3) for part in (noise.down, noise.across)),
                _interval(noise.kurtosis, 3),
            ]
        )
    head = (
        "gain",
        "read noise",
        "rows / read",
        "columns / read",
        "correlation down",
        "across",
        "kurtosis",
    )
    return (
        body
        + tables.table(head, rows)
        + (
            '<p class="note">Read noise in counts, without that of the lines. '
            "Correlation: with the next pixel of the same colour. Kurtosis: "
            "excess over a Gaussian's. Intervals: 95 %.</p>"
        )
    )


def _words(green, defects) -> str:
    parts = []
    if defects is not None:
        share = len(defects) / defects.num_pixels
        parts.append(
            f"{len(defects)} pixels of {defects.num_pixels} are defective "
            f"({share:.1e}): {defects.num_bright} bright, "
            f"{len(defects) - defects.num_bright} dark or stuck; "
            f"{defects.num_pairs} lie beside another in a row."
        )
    if green is not None:
        mean = green.mean
        parts.append(
            f"Gr / Gb - 1 = {mean.value:+.3%} (95 %: {mean.low:+.3%} to "
            f"{mean.high:+.3%}), deviation from patch to patch "
            f"{green.deviation:.3%}, {green.num_patches} patches."
        )
    return "".join(f"<p>{text}</p>" for text in parts)


def _interval(part: Estimate, digits: int) -> str:
    return (
        f"{part.value:.{digits}f} ({part.low:.{digits}f} to "
        f"{part.high:.{digits}f})"
    )
