"""Plots as SVG text, coloured by the page's style sheet.

    plot    series of points: lines, dots, error bars, bands, on any axes
    bars    one bar a name, with whiskers

`lines`, `curves` and `scatter` are `plot` as evaluations and training use it.
A series has the class `s0`, `s1`, ... of its method: one colour on the whole
page, in both schemes; `input` is grey and `ink` the colour of the text. A plot
fills its column, and scrolls on a phone.
"""

import dataclasses
import html
import math
from collections.abc import Sequence

from fanet_tf.pages import axes
from fanet_tf.pages import shell
from fanet_tf.pages.axes import Axis

WIDTH, HEIGHT = 620, 340
LEFT, TOP, BOTTOM = 70, 36, 44
_CHARACTER = 8.6  # Pixels, about, of a name.
_LABEL_GAP = 16
_BAR = 26  # Pixels from bar to bar.
_BAR_LABEL = 32  # Characters.


@dataclasses.dataclass(frozen=True)
class Series:
    """One method in a plot.

    Attributes:
        label: its name, at the end of the line or beside the only dot.
        style: CSS class.
        points: `(x, y)`, rising in x; an infinite x is the axis's end.
        line: `"solid"`, `"dashed"`, or empty for none.
        dots: `"all"`, `"last"`, or empty for none.
        intervals: `(low, high)` in y at each point, drawn as error bars.
        band: `(low, high)` in y at each point, drawn as an area.
        tips: tool tip of each point; empty: label, value and place.
    """

    label: str
    style: str
    points: Sequence[tuple[float, float]]
    line: str = "solid"
    dots: str = "all"
    intervals: Sequence[tuple[float, float]] = ()
    band: Sequence[tuple[float, float]] = ()
    tips: Sequence[str] = ()


def level(label: str, style: str, y: float) -> Series:
    """Returns a dashed line across the plot, of what has no x."""
    ends = [(-math.inf, y), (math.inf, y)]
    return Series(label, style, ends, line="dashed", dots="")


@dataclasses.dataclass(frozen=True)
class Bar:
    """One bar.

    Attributes:
        label: to the left of it.
        style: CSS class.
        value: its length.
        interval: `(low, high)` of its whisker, or None.
        tip: its tool tip; empty: label and value.
    """

    label: str
    style: str
    value: float
    interval: tuple[float, float] | None = None
    tip: str = ""


def _svg(parts: Sequence[str], label: str, height: float = HEIGHT) -> str:
    return shell.scroll(
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{html.escape(label)}">{"".join(parts)}</svg>',
        f"Plot: {label}",
    )


def _name(series: Series, x: float, y: float) -> str:
    return (
        f'<text class="name" x="{x:.1f}" y="{y + 4:.1f}">'
        f"{html.escape(axes.shortened(series.label))}"
        f"<title>{html.escape(series.label)}</title></text>"
    )


def _spread(places: list[float], lowest: float) -> list[float]:
    """Moves labels apart that would touch, keeping their order."""
    order = sorted(range(len(places)), key=places.__getitem__)
    placed = list(places)
    for before, after in zip(order, order[1:], strict=False):
        placed[after] = max(placed[after], placed[before] + _LABEL_GAP)
    limit = lowest
    for i in reversed(order):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - _LABEL_GAP
    return placed


def _names(series: Sequence[Series], x: Axis, y: Axis) -> list[str]:
    """Names single dots beside them, and all others right of the plot."""
    names = {}
    for beside in (True, False):
        group = [s for s in series if (len(s.points) == 1) == beside]
        ends = [one.points[-1] for one in group]
        places = _spread([y(value) for _, value in ends], y.pixels[0])
        for one, (end, _), place in zip(group, ends, places, strict=True):
            at = x(end) + 9 if beside else x.pixels[1] + 8
            names[id(one)] = _name(one, at, place)
    return [names[id(one)] for one in series]


def _marks(series: Series, x: Axis, y: Axis, x_name: str, unit: str) -> str:
    """Draws one series without its name."""
    parts = []
    xs = [x(point[0]) for point in series.points]
    if series.band:
        low, high = zip(*series.band, strict=True)
        corners = [*zip(xs, low, strict=True)]
        corners += [*zip(xs, high, strict=True)][::-1]
        path = " ".join(f"{at:.1f},{y(value):.1f}" for at, value in corners)
        parts.append(f'<polygon class="band" points="{path}"/>')
    if series.line and len(xs) > 1:
        path = " ".join(
            f"{at:.1f},{y(value):.1f}"
            for at, (_, value) in zip(xs, series.points, strict=True)
        )
        parts.append(f'<polyline class="{series.line}" points="{path}"/>')
    for at, (low, high) in zip(xs, series.intervals, strict=False):
        parts.append(_whisker(at, y(low), at, y(high)))
    shown = {"all": slice(None), "last": slice(-1, None)}
    tips = series.tips or [
        f"{series.label}: {axes.amount(value, unit)} at {place:.4g} {x_name}"
        for place, value in series.points
    ]
    dotted = list(zip(series.points, tips, strict=True))
    for (place, value), tip in dotted[shown.get(series.dots, slice(0))]:
        parts.append(
            f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="4">'
            f"<title>{html.escape(tip.strip())}</title></circle>"
        )
    return "".join(parts)


def _whisker(x1: float, y1: float, x2: float, y2: float) -> str:
    return (
        f'<line class="whisker" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}"'
        f' y2="{y2:.1f}"/>'
    )


def _event(x: float, name: str) -> str:
    """Draws a line from top to bottom under its name."""
    return (
        f'<line class="event" x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}"'
        f' y2="{HEIGHT - BOTTOM}"/><text class="tick" text-anchor="middle"'
        f' x="{x:.1f}" y="{TOP - 4}">{html.escape(name)}</text>'
    )


def _values(series: Sequence[Series], log: bool) -> list[float]:
    """Returns every y that must be in sight."""
    found = [y for s in series for _, y in s.points]
    for one in series:
        for ends in (*one.intervals, *one.band):
            found += ends
    return [y for y in found if y > 0.0] if log else found


def plot(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    unit: str = "",
    *,
    log_x: bool = False,
    log_y: bool = False,
    x_ticks: Sequence[float] | None = None,
    y_floor: float | None = None,
    x_unit: str = "",
    events: Sequence[tuple[float, str]] = (),
) -> str:
    """Draws series of points over common axes, as HTML.

    Args:
        series: one or more, each with points.
        x_label: what x is.
        y_label: what y is.
        unit: of y, for the tool tips; of dB half a unit is in sight at least.
        log_x: whether x is logarithmic.
        log_y: whether y is; what is not positive stands at the axis's end.
        x_ticks: the only ones; None: round ones.
        y_floor: where y begins at the latest; None: where the values do.
        x_unit: of x, for the tool tips.
        events: `(x, name)` of lines across the plot.
    """
    xs = [x for s in series for x, _ in s.points if math.isfinite(x)]
    ys = _values(series, log_y)
    low, high = min(ys), max(ys)
    if unit == "dB":
        spare = max(0.0, 0.25 - (high - low) / 2.0)
        low, high = low - spare, high + spare
    if y_floor is not None:
        low = min(low, y_floor)
    room = max(len(axes.shortened(s.label)) for s in series) * _CHARACTER + 16
    x = axes.axis(
        x_label,
        min(xs),
        max(xs),
        (LEFT, WIDTH - room),
        log=log_x,
        given=x_ticks,
        is_tight=True,
    )
    y = axes.axis(y_label, low, high, (HEIGHT - BOTTOM, TOP), log=log_y)
    parts = [axes.grid(x, y), *(_event(x(at), name) for at, name in events)]
    for one, name in zip(series, _names(series, x, y), strict=True):
        marks = _marks(one, x, y, x_unit, unit)
        parts.append(f'<g class="{one.style}">{marks}{name}</g>')
    return _svg(parts, f"{y_label} over {x_label}")


def lines(
    series: Sequence[Series], x_label: str, y_label: str, unit: str
) -> str:
    """Draws lines over a logarithmic x whose values are the ticks."""
    ticks = sorted({x for s in series for x, _ in s.points})
    return plot(series, x_label, y_label, unit, log_x=True, x_ticks=ticks)


def curves(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    unit: str,
    events: Sequence[tuple[float, str]] = (),
) -> str:
    """Draws lines over a linear x, with a dot at the end of each."""
    ended = [dataclasses.replace(one, dots="last") for one in series]
    return plot(ended, x_label, y_label, unit, events=events)


def scatter(
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    unit: str,
    levels: Sequence[Series] = (),
) -> str:
    """Draws one dot a series over a logarithmic x.

    Args:
        series: with one point each.
        x_label: what x is, and its unit.
        y_label: what y is.
        unit: of y.
        levels: what has no x; see `level`.
    """
    dots = [dataclasses.replace(one, line="") for one in series]
    return plot(
        [*dots, *levels], x_label, y_label, unit, log_x=True, x_unit=x_label
    )


def bars(entries: Sequence[Bar], x_label: str, unit: str = "") -> str:
    """Draws horizontal bars from 0, one below the other.

    Args:
        entries: from top to bottom.
        x_label: what their length is.
        unit: of it, for the numbers beside the bars.
    """
    labels = [axes.shortened(bar.label, _BAR_LABEL) for bar in entries]
    left = max(map(len, labels)) * _CHARACTER + 16
    most = max(max(bar.value, *(bar.interval or (0.0,))) for bar in entries)
    bottom = _BAR * len(entries) + 10
    x = axes.axis(x_label, 0.0, most, (left, WIDTH - 90))
    parts = []
    for at, text in x.apart():
        parts.append(
            f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="0"'
            f' y2="{bottom}"/><text class="tick" text-anchor="middle"'
            f' x="{at:.1f}" y="{bottom + 16}">{text}</text>'
        )
    for index, bar in enumerate(entries):
        top, end = _BAR * index + 6, x(bar.value)
        amount = axes.amount(bar.value, unit)
        tip = bar.tip or f"{bar.label}: {amount}"
        whisker = ""
        if bar.interval is not None:
            low, high = map(x, bar.interval)
            whisker = _whisker(low, top + 9, high, top + 9)
            end = max(end, high)
        parts.append(
            f'<g class="{bar.style}"><text class="name" text-anchor="end"'
            f' x="{left - 8}" y="{top + 13}">'
            f"{html.escape(labels[index])}</text>"
            f'<rect x="{left}" y="{top + 1}" height="{_BAR - 10}"'
            f' width="{x(bar.value) - left:.1f}">'
            f"<title>{html.escape(tip)}</title></rect></g>{whisker}"
            f'<text class="tick" x="{end + 6:.1f}" y="{top + 13}">'
            f"{amount}</text>"
        )
    parts.append(
        f'<text class="axis" x="{left}" y="{bottom + 34}">'
        f"{html.escape(x_label)}</text>"
    )
    return _svg(parts, x_label, bottom + 42)
