"""A comparison as text and as a page; its figures are `Comparison.to_json`."""

import html
import os
from collections.abc import Sequence

from fanet_tf.evaluation import page
from fanet_tf.evaluation import paired
from fanet_tf.evaluation import text
from fanet_tf.evaluation.comparison import PARTS
from fanet_tf.evaluation.comparison import Comparison
from fanet_tf.evaluation.comparison import conclusion
from fanet_tf.evaluation.paired import Difference
from fanet_tf.files import names
from fanet_tf.pages import plots
from fanet_tf.pages import tables

_NOTE = (
    "B - A is the mean over the pictures, with its 95 % interval by bootstrap "
    "over the pictures, each row by itself. B is better or worse where the "
    "interval does not hold 0."
)
_STYLES = {paired.BETTER: "best", paired.WORSE: "worst"}


def _legend(compared: Comparison) -> list[str]:
    """Says what A and B are."""
    return [
        names.printable(
            method.label + (f" ({method.note})" if method.note else "")
        )
        for method in compared.evaluation.methods.values()
    ]


def _rows(part: str, rows: Sequence[Difference]) -> list[list[str]]:
    """Returns the lines of one table, headings first."""
    lines = [[f"RAW PSNR, dB, {part}", "A", "B", "B - A", "95 %", "B is"]]
    for row in rows:
        low, high = row.interval
        lines.append(
            [
                "all captures" if row.gain is None else f"gain {row.gain:g}",
                f"{row.first:.3f}",
                f"{row.second:.3f}",
                f"{row.difference:+z.3f}",
                f"{low:+z.3f} to {high:+z.3f}",
                row.verdict,
            ]
        )
    return lines


def _figures(compared: Comparison) -> list[list[list[str]]]:
    """Returns the lines of each table of differences."""
    return [
        _rows(part, rows)
        for key, part in PARTS.items()
        if (rows := compared.differences[key])
    ]


def _costs(compared: Comparison) -> list[list[str]]:
    """Returns the lines of the table of costs, headings first."""
    lines = [["Cost", "A", "B", "B / A", "95 %"]]
    for cost in compared.costs:
        values = [
            f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
            for value in (cost.first, cost.second)
        ]
        interval = "counted"
        if cost.interval:
            interval = "{:.3f} to {:.3f}".format(*cost.interval)
        lines.append([cost.name, *values, f"{cost.ratio:.3f}", interval])
    return lines


def as_text(compared: Comparison) -> str:
    """Returns the tables and the conclusion for the terminal."""
    found = [*_figures(compared), _costs(compared)]
    notes = [_NOTE, *compared.evaluation.about.get("notes", [])]
    return "\n\n".join(
        [
            "\n".join(_legend(compared)),
            *(text.align(lines) for lines in found if len(lines) > 1),
            *(f"Note: {note}" for note in notes),
            "\n".join(conclusion(compared)),
        ]
    )


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rows = lines
    cells = [
        [tables.Cell(cell, _STYLES.get(cell, "")) for cell in row]
        for row in rows
    ]
    return tables.table(head, cells) if rows else ""


def _plot(compared: Comparison) -> str:
    """Draws B - A at each gain; empty for a single gain."""
    series = []
    for index, (key, part) in enumerate(PARTS.items()):
        rows = [r for r in compared.differences[key] if r.gain is not None]
        if len(rows) > 1:
            points = [(row.gain, row.difference) for row in rows]
            intervals = [] if index else [row.interval for row in rows]
            line, dots = ("dashed", "") if index else ("solid", "all")
            series.append(
                plots.Series(part, f"s{index}", points, line, dots, intervals)
            )
    if not series:
        return ""
    drawn = plots.plot(
        [*series, plots.level("A", "input", 0.0)],
        "sensor gain",
        "B - A, dB",
        log_x=True,
        x_ticks=[gain for gain, _ in series[0].points],
    )
    return (
        f'<div class="plots"><figure>{drawn}<figcaption>RAW PSNR of B less that'
        " of A; the whiskers are the 95 % interval over the pictures."
        "</figcaption></figure></div>"
    )


def _list(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>"


def write_page(
    path: str | os.PathLike,
    compared: Comparison,
    title: str,
    overwrite: bool = False,
) -> None:
    """Writes the page: the comparison, then all that `page.write` shows.

    Args:
        path: of the `.html` file; its folder is made.
        compared: what `comparison.compare` returned.
        title: heading of the page.
        overwrite: replaces a file that is no page of ours, too.
    """
    differences = "".join(map(_table, _figures(compared)))
    note = f'<p class="note">{html.escape(_NOTE)}</p>'
    page.write(
        path,
        compared.evaluation,
        title=title,
        intro="The same noisy captures through A, the array you have, and B, "
        "which is judged.",
        lead=[
            ("A and B", _list(_legend(compared))),
            ("Conclusion", _list(conclusion(compared))),
            ("Difference", _plot(compared) + differences + note),
            ("Cost", _table(_costs(compared))),
        ],
        overwrite=overwrite,
    )
