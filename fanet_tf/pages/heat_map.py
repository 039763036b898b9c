"""A matrix as a picture of cells, for a page: SVG like `plots`.

Positive cells take one colour of the page's style sheet, negative ones another;
the stronger, the more opaque. Each cell has a tool tip.
"""

import html
from collections.abc import Callable
from collections.abc import Sequence

from fanet_tf.pages import shell

_CELL = 22
_LEFT, _BOTTOM = 44, 40


def heat_map(
    values: Sequence[Sequence[float]],
    x_ticks: Sequence[str],
    y_ticks: Sequence[str],
    label: str,
    full: float,
    tip: Callable[[int, int], str],
) -> str:
    """Draws a matrix.

    Args:
        values: `[rows][columns]`.
        x_ticks: a text for each column; empty ones are left out.
        y_ticks: the same for each row.
        label: what rows and columns are.
        full: magnitude that has the full colour.
        tip: row, column -> the cell's tool tip.

    Returns:
        HTML of the picture.
    """
    rows, columns = len(values), len(values[0])
    bottom, right = _CELL * rows, _LEFT + _CELL * columns
    parts = []
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            opacity = min(abs(value) / full, 1.0)
            parts.append(
                f'<rect class="{"s0" if value >= 0.0 else "s6"}"'
                f' x="{_LEFT + _CELL * j}" y="{_CELL * i}"'
                f' width="{_CELL - 1}" height="{_CELL - 1}"'
                f' fill-opacity="{opacity:.3f}">'
                f"<title>{html.escape(tip(i, j))}</title></rect>"
            )
    parts += [
        _text(_LEFT - 6, _CELL * i + 15, text, "end")
        for i, text in enumerate(y_ticks)
        if text
    ]
    parts += [
        _text(_LEFT + _CELL * j + _CELL / 2, bottom + 15, text, "middle")
        for j, text in enumerate(x_ticks)
        if text
    ]
    parts.append(_text(_LEFT, bottom + 34, label, "start"))
    width = max(right + 10, _LEFT + 8 * len(label))
    return shell.scroll(
        f'<svg class="plot small" style="max-width:{width}px"'
        f' viewBox="0 0 {width} {bottom + _BOTTOM}" role="img"'
        f' aria-label="{html.escape(label)}">{"".join(parts)}</svg>',
        f"Plot: {label}",
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text class="tick" text-anchor="{anchor}" x="{x:g}" y="{y:g}">'
        f"{html.escape(text)}</text>"
    )
