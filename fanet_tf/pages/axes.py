"""The axes of a plot: round ticks, values to pixels, labels that fit."""

import dataclasses
import html
import math
from collections.abc import Sequence

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_CHARACTER = 7.5  # Pixels, about, of a tick's text.
_MAX_LABEL = 24  # Characters; the whole name stands in the tool tip.
_MARGIN = 0.03  # Beyond the values, as a part of their range.


def ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Returns about `count` round numbers that cover `low..high`."""
    span = high - low or 0.1 * abs(high) or 1.0
    raw = span / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= 0.999 * raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    if first == last:
        first, last = first - 1, last + 1
    return [float(f"{i * step:.10g}") for i in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Returns round numbers that cover `low..high` on a logarithmic axis.

    1, 2 and 5 times the powers of ten over up to two decades, else every
    power, or so many of them that about eight remain.
    """
    if high <= low * (1 + 1e-9):
        low, high = 0.7 * low, 1.4 * high
    decades = math.log10(high / low)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    last = max(last, first + 1)
    stride = max(1, -(-(last - first) // 8))
    factors = (1, 2, 5) if decades <= 2 else (1,)
    found = [
        float(f"{m}e{power}")
        for power in range(first, last + stride, stride)
        for m in factors
    ]
    below = [value for value in found if value <= low * (1 + 1e-9)]
    above = [value for value in found if value >= high * (1 - 1e-9)]
    return [value for value in found if below[-1] <= value <= above[0]]


def number(value: float) -> str:
    """Formats a tick: thousands with commas, small ones as 2·10⁻⁵."""
    if value == 0.0 or 1e-3 <= abs(value) < 1e3:
        return f"{value:g}"
    if abs(value) >= 1e3:
        return f"{value:,.0f}"
    mantissa, exponent = f"{value:e}".split("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return power if float(mantissa) == 1 else f"{float(mantissa):g}·{power}"


def shortened(label: str, most: int = _MAX_LABEL) -> str:
    """Cuts a name of more than `most` characters."""
    if len(label) <= most:
        return label
    return label[: most - 1].rstrip(" ,") + "\u2026"


def amount(value: float, unit: str) -> str:
    """Formats a value for a tool tip; dB with two digits."""
    return (f"{value:.2f}" if unit == "dB" else f"{value:.4g}") + (
        f" {unit}" if unit else ""
    )


@dataclasses.dataclass(frozen=True)
class Axis:
    """Maps the values of one axis to pixels.

    Attributes:
        label: what is drawn along it.
        ticks: rising, between its ends.
        ends: first and last value.
        pixels: where these two are.
        log: whether it is logarithmic.
    """

    label: str
    ticks: Sequence[float]
    ends: tuple[float, float]
    pixels: tuple[float, float]
    log: bool = False

    def __call__(self, value: float) -> float:
        """Returns the pixel of a value; values beyond the axis end at it."""
        low, high = self.ends
        value = min(max(value, low), high)
        if self.log:
            low, high, value = map(math.log10, (low, high, value))
        start, stop = self.pixels
        if high == low:  # The logarithms of neighbouring numbers.
            return (start + stop) / 2
        return start + (value - low) / (high - low) * (stop - start)

    def apart(self) -> list[tuple[float, str]]:
        """Returns pixels and texts of the ticks, less those that would touch.

        Along x. The first and the last stay, then from the left.
        """
        places = [(self(value), number(value)) for value in self.ticks]
        kept = []
        for place in [*places[:1], *places[-1:], *places[1:-1]]:
            if all(_is_apart(place, other) for other in kept):
                kept.append(place)
        return sorted(set(kept))


def axis(
    label: str,
    low: float,
    high: float,
    pixels: tuple[float, float],
    *,
    log: bool = False,
    given: Sequence[float] | None = None,
    is_tight: bool = False,
) -> Axis:
    """Returns an axis for values of `low` to `high`.

    Args:
        label: what is drawn along it.
        low: least value.
        high: greatest value.
        pixels: of both ends.
        log: whether it is logarithmic.
        given: its ticks; None: round ones.
        is_tight: whether it ends a little beyond the values and not at ticks.
    """
    marks = given or (log_ticks if log else ticks)(low, high)
    if not is_tight or log:
        low, high = min(low, marks[0]), max(high, marks[-1])
    if is_tight and log:
        margin = (high / low) ** _MARGIN if high > low else 2.0
        low, high = low / margin, high * margin
    elif is_tight:
        margin = _MARGIN * (high - low) or 0.5
        low, high = low - margin, high + margin
    marks = [value for value in marks if low <= value <= high]
    return Axis(label, marks, (low, high), pixels, log)


def _is_apart(one: tuple[float, str], other: tuple[float, str]) -> bool:
    room = _CHARACTER * (len(one[1]) + len(other[1])) / 2 + 6
    return one == other or abs(one[0] - other[0]) >= room


def grid(x: Axis, y: Axis) -> str:
    """Draws both axes: lines across at y's ticks, texts below at x's."""
    left, right = x.pixels
    bottom, top = y.pixels
    parts = []
    for value in y.ticks:
        at = y(value)
        parts.append(
            f'<line class="grid" x1="{left}" x2="{right}" y1="{at:.1f}"'
            f' y2="{at:.1f}"/><text class="tick" text-anchor="end"'
            f' x="{left - 8}" y="{at + 4:.1f}">{number(value)}</text>'
        )
    for at, text in x.apart():
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{at:.1f}"'
            f' y="{bottom + 18}">{text}</text>'
        )
    parts.append(
        f'<text class="axis" text-anchor="middle" x="{(left + right) / 2}"'
        f' y="{bottom + 38}">{html.escape(x.label)}</text>'
        f'<text class="axis" x="4" y="{top - 18}">'
        f"{html.escape(y.label)}</text>"
    )
    return "".join(parts)
