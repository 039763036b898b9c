"""Tables of a page."""

import html
from collections.abc import Sequence
from typing import NamedTuple


class Cell(NamedTuple):
    """A cell that is more than text.

    Attributes:
        text: plain text.
        style: CSS class, such as `best` or `left`.
        key: CSS class of the method whose colour is shown before the text.
        tip: tool tip.
    """

    text: str
    style: str = ""
    key: str = ""
    tip: str = ""


def _cell(tag: str, cell: str | Cell) -> str:
    if isinstance(cell, str):
        cell = Cell(cell)
    style = f' class="{cell.style}"' if cell.style else ""
    tip = f' title="{html.escape(cell.tip)}"' if cell.tip else ""
    key = f'<i class="key {cell.key}"></i>' if cell.key else ""
    return f"<{tag}{style}{tip}>{key}{html.escape(cell.text)}</{tag}>"


def table(
    head: Sequence[str | Cell], rows: Sequence[Sequence[str | Cell]]
) -> str:
    """Returns a table that scrolls by itself where the page is narrow.

    Args:
        head: headings of the columns.
        rows: of cells; the first of a row is its heading.
    """
    heading = "".join(_cell("th", cell) for cell in head)
    body = "".join(
        f"<tr>{_cell('th', first)}{''.join(_cell('td', c) for c in rest)}</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{heading}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
