"""Plots as SVG text, coloured by the page's style sheet.

Each series has the class `s0`, `s1`, ... of its method, so that a method has
one colour on the whole page and both colour schemes work.
"""

import dataclasses
import html
import math

WIDTH, HEIGHT = 620, 340
LEFT, RIGHT, TOP, BOTTOM = 52, 200, 36, 44
_MAX_LABEL = 24  # Characters; the whole name stands in the tool tip.


@dataclasses.dataclass(frozen=True)
class Series:
    """One method in a plot.

    Attributes:
        label: its name at the end of the line.
        style: CSS class.
        points: `(x, y)`, rising in x.
    """

    label: str
    style: str
    points: list[tuple[float, float]]


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Returns round numbers that cover `low..high`."""
    span = max(high - low, 1e-6)
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(i * step, 10) for i in range(first, last + 1)]


def _number(value: float) -> str:
    """Formats a tick: thousands with commas, never an exponent."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def _spread(positions: list[float], gap: float) -> list[float]:
    """Moves labels apart that stand closer than `gap`, keeping their order."""
    order = sorted(range(len(positions)), key=positions.__getitem__)
    placed = list(positions)
    for before, after in zip(order, order[1:], strict=False):
        placed[after] = max(placed[after], placed[before] + gap)
    overflow = max(placed, default=0.0) - (HEIGHT - BOTTOM)
    if overflow > 0:
        limit = HEIGHT - BOTTOM
        for i in reversed(order):
            placed[i] = min(placed[i], limit)
            limit = placed[i] - gap
    return placed


class _Axes:
    """Maps values to pixels and draws grid and tick labels."""

    def __init__(self, x_ticks, y_ticks, log_x: bool):
        self.log_x = log_x
        self.x_ticks, self.y_ticks = x_ticks, y_ticks
        low, high = self._x(x_ticks[0]), self._x(x_ticks[-1])
        margin = 0.03 * (high - low) or 0.5
        self._low, self._high = low - margin, high + margin

    def _x(self, value: float) -> float:
        return math.log10(value) if self.log_x else value

    def x(self, value: float) -> float:
        share = (self._x(value) - self._low) / (self._high - self._low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_ticks[0], self.y_ticks[-1]
        share = (value - low) / ((high - low) or 1.0)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def draw(self, x_label: str, y_label: str) -> list[str]:
        parts = []
        for value in self.y_ticks:
            y = self.y(value)
            parts.append(
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}"'
                f' y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text class="tick" text-anchor="end" x="{LEFT - 8}"'
                f' y="{y + 4:.1f}">{_number(value)}</text>'
            )
        for value in self.x_ticks:
            parts.append(
                f'<text class="tick" text-anchor="middle"'
                f' x="{self.x(value):.1f}" y="{HEIGHT - BOTTOM + 18}">'
                f"{_number(value)}</text>"
            )
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(
            f'<text class="axis" text-anchor="middle" x="{middle}"'
            f' y="{HEIGHT - 6}">{html.escape(x_label)}</text>'
            f'<text class="axis" x="4" y="{TOP - 18}">'
            f"{html.escape(y_label)}</text>"
        )
        return parts


def _svg(parts: list[str], label: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{html.escape(label)}">{"".join(parts)}</svg>'
    )


def _dot(axes: _Axes, x: float, y: float, tip: str) -> str:
    return (
        f'<circle cx="{axes.x(x):.1f}" cy="{axes.y(y):.1f}" r="4">'
        f"<title>{html.escape(tip)}</title></circle>"
    )


def _name(series: Series, x: float, y: float) -> str:
    label = series.label
    if len(label) > _MAX_LABEL:
        label = label[: _MAX_LABEL - 1].rstrip(" ,") + "\u2026"
    return (
        f'<text class="name" x="{x:.1f}" y="{y + 4:.1f}">{html.escape(label)}'
        f"<title>{html.escape(series.label)}</title></text>"
    )


def _y_ticks(values) -> list[float]:
    """Covers the values, and at least half a unit."""
    low, high = min(values), max(values)
    spare = max(0.0, 0.25 - (high - low) / 2.0)
    return ticks(low - spare, high + spare)


def lines(series: list[Series], x_label: str, y_label: str, unit: str) -> str:
    """Draws lines over a logarithmic x whose values are the ticks."""
    x_ticks = sorted({x for s in series for x, _ in s.points})
    values = [y for s in series for _, y in s.points]
    axes = _Axes(x_ticks, _y_ticks(values), log_x=True)
    parts = axes.draw(x_label, y_label)
    ends = _spread([axes.y(s.points[-1][1]) for s in series], 16)
    for one, end in zip(series, ends, strict=True):
        path = " ".join(
            f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in one.points
        )
        dots = "".join(
            _dot(axes, x, y, f"{one.label}: {y:.2f} {unit} at {x:g}")
            for x, y in one.points
        )
        parts.append(
            f'<g class="{one.style}"><polyline points="{path}"/>{dots}'
            f"{_name(one, WIDTH - RIGHT + 10, end)}</g>"
        )
    return _svg(parts, f"{y_label} over {x_label}")


def curves(series: list[Series], x_label: str, y_label: str, unit: str) -> str:
    """Draws lines over a linear x, with a dot at the end of each."""
    xs = [x for s in series for x, _ in s.points]
    values = [y for s in series for _, y in s.points]
    axes = _Axes(ticks(min(xs), max(xs)), _y_ticks(values), log_x=False)
    parts = axes.draw(x_label, y_label)
    ends = _spread([axes.y(s.points[-1][1]) for s in series], 16)
    for one, end in zip(series, ends, strict=True):
        path = " ".join(
            f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in one.points
        )
        x, y = one.points[-1]
        tip = f"{one.label}: {y:.4g} {unit} at {x:g}".replace("  ", " ")
        parts.append(
            f'<g class="{one.style}"><polyline points="{path}"/>'
            f"{_dot(axes, x, y, tip)}{_name(one, WIDTH - RIGHT + 10, end)}</g>"
        )
    return _svg(parts, f"{y_label} over {x_label}")


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**i for i in range(first, max(last, first + 1) + 1)]


def scatter(
    series: list[Series],
    x_label: str,
    y_label: str,
    unit: str,
    levels: list[Series] = (),
) -> str:
    """Draws one dot a series over a logarithmic x.

    Args:
        series: with one point each.
        x_label: what x is.
        y_label: what y is.
        unit: of y.
        levels: series that have no x, drawn as dashed lines at their y.
    """
    xs = [s.points[0][0] for s in series]
    ys = [s.points[0][1] for s in (*series, *levels)]
    axes = _Axes(_decades(min(xs), max(xs)), _y_ticks(ys), log_x=True)
    parts = axes.draw(x_label, y_label)
    dots = _spread([axes.y(s.points[0][1]) for s in series], 16)
    for one, place in zip(series, dots, strict=True):
        x, y = one.points[0]
        tip = f"{one.label}: {y:.2f} {unit} at {x:.4g} {x_label}"
        parts.append(
            f'<g class="{one.style}">{_dot(axes, x, y, tip)}'
            f"{_name(one, axes.x(x) + 9, place)}</g>"
        )
    ends = _spread([axes.y(s.points[0][1]) for s in levels], 16)
    for one, place in zip(levels, ends, strict=True):
        y = axes.y(one.points[0][1])
        parts.append(
            f'<g class="{one.style}"><line class="level" x1="{LEFT}"'
            f' x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f"{_name(one, WIDTH - RIGHT + 10, place)}</g>"
        )
    return _svg(parts, f"{y_label} over {x_label}")
