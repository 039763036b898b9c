"""Tables of a page."""

import html
from collections.abc import Sequence
from typing import NamedTuple

from fanet_tf.pages import shell


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


def _as_cell(cell: str | Cell) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell


def _cell(tag: str, cell: str | Cell, scope: str = "") -> str:
    cell = _as_cell(cell)
    scope = f' scope="{scope}"' if scope else ""
    style = f' class="{cell.style}"' if cell.style else ""
    tip = f' title="{html.escape(cell.tip)}"' if cell.tip else ""
    key = f'<i class="key {cell.key}"></i>' if cell.key else ""
    return f"<{tag}{scope}{style}{tip}>{key}{html.escape(cell.text)}</{tag}>"


def table(
    head: Sequence[str | Cell], rows: Sequence[Sequence[str | Cell]]
) -> str:
    """Returns a table that scrolls by itself where the page is narrow.

    Args:
        head: headings of the columns.
        rows: of cells; the first of a row is its heading.
    """
    heading = "".join(_cell("th", cell, "col") for cell in head)
    titles = (_as_cell(cell).text for cell in head)
    label = "Table: " + ", ".join(filter(None, titles))
    body = "".join(
        f"<tr>{_cell('th', first, 'row')}"
        f"{''.join(_cell('td', c) for c in rest)}</tr>"
        for first, *rest in rows
    )
    return shell.scroll(
        f"<table><thead><tr>{heading}</tr></thead><tbody>{body}</tbody></table>",
        label,
    )
