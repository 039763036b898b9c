"""The plots of dark frames, as HTML."""

import numpy as np

from fanet_tf.calibration import correlation
from fanet_tf.calibration.dark_terms import DarkNoise
from fanet_tf.calibration.dark_terms import DarkTerms
from fanet_tf.pages import heat_map
from fanet_tf.pages import plots
from fanet_tf.pages.plots import Series
from fanet_tf.raw import cfa

# Colours of R, Gr, Gb and B.
PLANES = ("s6", "s2", "s5", "s0")
# A correlation of 0.2 has the full colour.
FULL = 0.2


def black_over_time(dark: DarkTerms, title: str) -> str:
    """Draws the black level of each plane over the series, in counts.

    Args:
        dark: of two frames or more.
        title: of the plot.
    """
    series = [
        Series(name, style, list(enumerate(levels, start=1)))
        for name, style, levels in zip(
            cfa.PLANES, PLANES, dark.black_by_frame.T.tolist(), strict=True
        )
    ]
    return plots.plot(series, "frame", f"{title}: black level, counts")


def line_spectrum(noise: DarkNoise, title: str) -> str:
    """Draws the spectra of rows and columns; pixels alone give 1.

    Args:
        noise: of the gain.
        title: of the plot.
    """
    series = [
        Series(
            name,
            style,
            list(zip(x.tolist(), y.tolist(), strict=True)),
            dots="",
        )
        for name, style, (x, y) in (
            ("rows", "s0", noise.row_spectrum),
            ("columns", "s1", noise.column_spectrum),
        )
    ]
    series.append(plots.level("pixels", "input", 1.0))
    return plots.plot(
        series, "cycles a line", f"{title}: power of lines", y_floor=0.0
    )


def autocorrelation(noise: DarkNoise, title: str) -> str:
    """Draws the correlation with neighbours, lags in sensor pixels.

    Args:
        noise: of the gain.
        title: of the picture.
    """
    found = np.array(noise.autocorrelation)
    lags = range(-correlation.LAG, correlation.LAG + 1)
    ticks = [str(lag) if lag % 4 == 0 else "" for lag in lags]

    def tip(i, j):
        kind = (
            "one colour" if lags[i] % 2 == 0 == lags[j] % 2 else "two colours"
        )
        return (
            f"{found[i, j]:+.4f} at {lags[i]} down, {lags[j]} across ({kind})"
        )

    picture = heat_map.heat_map(
        found.tolist(), ticks, ticks, "pixels across, pixels down", FULL, tip
    )
    return f"<figure>{picture}<figcaption>{title}</figcaption></figure>"
