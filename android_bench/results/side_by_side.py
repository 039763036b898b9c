"""Several finished runs side by side: two arrays, two phones, two tools."""

import dataclasses
import html
import pathlib
import string
from collections.abc import Sequence

from android_bench.errors import BenchError
from android_bench.results import baseline
from android_bench.results import columns
from android_bench.results import page
from android_bench.results import spreadsheet
from android_bench.results import store as stores
from android_bench.results import text as texts
from fanet_tf.files import atomic
from fanet_tf.files import names
from fanet_tf.files import own_folder
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables
from fanet_tf.pages.plots import Bar
from fanet_tf.pages.tables import Cell

_FILES = ("comparison.csv", "comparison.md", "comparison.html")
_UNKNOWN_SPREAD = 0.05
_NOT_COMPARABLE = "*"
_IDENTITY = 5  # Columns that name a configuration.


@dataclasses.dataclass(frozen=True)
class Run:
    """A finished run.

    Attributes:
        letter: its name in the table: A, B, ...
        path: the results file.
        header: its `run` line.
        jobs: its jobs.
        rows: its rows, by `baseline.key`.
    """

    letter: str
    path: pathlib.Path
    header: dict
    jobs: list[dict]
    rows: dict[tuple, dict]

    def __str__(self) -> str:
        return (
            f"{self.letter}: {texts.device_line(self.header)}; bundle "
            f"{self.header['bundle']['name']}, {self.header['date']} "
            f"({self.path})"
        )


def read(paths: Sequence[str]) -> list[Run]:
    """Reads results files, or the folders that hold them.

    Raises:
        BenchError: fewer than two, too many, or one without rows.
    """
    if not 2 <= len(paths) <= len(string.ascii_uppercase):
        raise BenchError(
            "`--compare` must come with two or more results.jsonl, or their "
            f"folders. Received: {len(paths)}"
        )
    runs = []
    for letter, name in zip(string.ascii_uppercase, paths, strict=False):
        path = pathlib.Path(name)
        if path.is_dir():
            path /= stores.RESULTS
        header, *lines = stores.read(path)
        rows = [line for line in lines if line["type"] == "row"]
        if not rows:
            raise BenchError(
                "`--compare` must come with finished runs. Received: "
                f"{path}, which has no rows"
            )
        jobs = [line for line in lines if line["type"] == "job"]
        by_key = {baseline.key(row): row for row in rows}
        runs.append(Run(letter, path, header, jobs, by_key))
    return runs


def _keys(runs: Sequence[Run]) -> list[tuple]:
    """Every configuration, in the order of the first run that has it."""
    return list(dict.fromkeys(key for run in runs for key in run.rows))


def _mark(row: dict) -> str:
    return "" if row["comparable"] else _NOT_COMPARABLE


def _cell(row: dict | None, name: str) -> str:
    if row is None:
        return "-"
    if row["status"] == "failed":
        return "failed"
    value = row.get(name)
    return "-" if value is None else columns.number(value) + _mark(row)


def _sustained(row: dict | None) -> str:
    found = (row or {}).get("sustain")
    return columns.number(found["plateau_ms"]) if found else "-"


def _ratio(row: dict | None, first: dict | None) -> str:
    """How many times as long as the first run; `same` within the spread."""
    name = "ms_per_useful_mp"
    if any(r is None or r["status"] == "failed" for r in (row, first)):
        return "-"
    if name not in row or name not in first:
        return "-"
    ratio = row[name] / first[name]
    mark = _mark(row) or _mark(first)
    spread = max(
        _UNKNOWN_SPREAD if r["spread"] is None else r["spread"]
        for r in (row, first)
    )
    same = " same" if not mark and abs(ratio - 1) <= spread else ""
    return f"{ratio:.2f}{mark}{same}"


def table(runs: Sequence[Run]) -> list[list[str]]:
    """Returns a heading and a line a configuration.

    Times of rows that are not comparable have a star. A ratio is told as
    `same` where it is within the greater of both spreads.
    """
    first = runs[0]
    columns_of = [
        ("ms/MP", lambda row: _cell(row, "ms_per_useful_mp")),
        ("ms/frame", lambda row: _cell(row, "frame_ms")),
        ("hot", _sustained),
        ("MB", lambda row: columns.number((row or {}).get("peak_mb"))),
    ]
    head = ["member", "recipe", "delegate", "thr", "cores"]
    head += [f"{run.letter} {title}" for title, _ in columns_of for run in runs]
    head += [f"{run.letter}/{first.letter}" for run in runs[1:]]
    body = []
    for key in _keys(runs):
        rows = [run.rows.get(key) for run in runs]
        times = [cell(row) for _, cell in columns_of for row in rows]
        ratios = [_ratio(row, rows[0]) for row in rows[1:]]
        body.append([*map(str, key), *times, *ratios])
    kept = [
        i
        for i in range(len(head))
        if i < _IDENTITY or any(line[i] != "-" for line in body)
    ]
    return [[line[i] for i in kept] for line in (head, *body)]


def differences(runs: Sequence[Run]) -> list[str]:
    """Lists what the runs were not made with alike, a line each."""
    first = runs[0]
    return [
        f"{name}: {old} in {first.letter}, {new} in {run.letter}"
        for run in runs[1:]
        for name, old, new in baseline.differences(first.header, run.header)
    ]


def as_text(runs: Sequence[Run]) -> str:
    """Returns the table for the terminal."""
    lines = table(runs)
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    padded = [
        "  ".join(
            cell.ljust(width) if 0 < i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    return "\n".join([*map(str, runs), *padded, *_legend(runs)])


def _legend(runs: Sequence[Run]) -> list[str]:
    starred = any(_mark(row) for run in runs for row in run.rows.values())
    star = [f"{_NOT_COMPARABLE} not comparable; see its own page"]
    return (star if starred else []) + differences(runs)


def as_markdown(runs: Sequence[Run]) -> str:
    """Returns the table to paste into a README."""
    head, *body = table(runs)
    lines = [
        *(f"* {names.markdown(str(run))}" for run in runs),
        "",
        "| " + " | ".join(head) + " |",
        "| " + " | ".join("---" for _ in head) + " |",
        *("| " + " | ".join(map(names.markdown, line)) + " |" for line in body),
        "",
        *(f"* {names.markdown(line)}" for line in _legend(runs)),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _bars(runs: Sequence[Run]) -> str:
    timed = [
        (index, run.letter, run.rows[key])
        for key in _keys(runs)
        for index, run in enumerate(runs)
        if "ms_per_useful_mp" in run.rows.get(key, {})
        and run.rows[key]["status"] != "failed"
    ]
    entries = []
    short = texts.short_names([row for *_, row in timed])
    for (index, letter, row), name in zip(timed, short, strict=True):
        value = row["ms_per_useful_mp"]
        scale = value / row["median_ms"]
        ends = (row["least_ms"] * scale, row["greatest_ms"] * scale)
        entries.append(Bar(f"{letter} {name}", f"s{index % 8}", value, ends))
    if not entries:
        return ""
    drawn = plots.bars(entries, "ms per useful megapixel")
    return f'<div class="bars">{drawn}</div>'


def _items(lines: Sequence[str]) -> str:
    return "".join(f"<li>{html.escape(line)}</li>" for line in lines)


def as_page(runs: Sequence[Run]) -> str:
    """Returns one HTML page."""
    head, *body = table(runs)
    words = {"recipe", "delegate", "cores"}
    left = ["left" if title in words else "" for title in head]
    cells = [
        [Cell(text, style) for text, style in zip(line, left, strict=True)]
        for line in (head, *body)
    ]
    listed = tables.table(cells[0], cells[1:])
    content = f"<ul>{_items([str(run) for run in runs])}</ul>"
    content += f'<section class="rows"><h2>Rows</h2>{listed}</section>'
    content += f"<ul>{_items(_legend(runs))}</ul>"
    content += shell.section("Latency", _bars(runs))
    for run in runs:
        content += shell.section(
            f"Sustained, {run.letter}",
            page.sustained(list(run.rows.values()), run.jobs),
        )
    title = " and ".join(run.letter for run in runs)
    return shell.page(f"Runs {title}", content, style=page.STYLE)


def write(folder: pathlib.Path, runs: Sequence[Run]) -> None:
    """Writes the comparison as CSV, Markdown and a page.

    Raises:
        BenchError: the folder holds one already.
    """
    for name in _FILES:
        if (folder / name).exists():
            raise BenchError(
                "`--output` must be a new folder, or one without a "
                f"comparison. Received: {folder} with {name}"
            )
    own_folder.make_folder(folder)
    lines = [(run.letter, run.header, list(run.rows.values())) for run in runs]
    texts_of = (spreadsheet.joined(lines), as_markdown(runs), as_page(runs))
    for name, text in zip(_FILES, texts_of, strict=True):
        atomic.write_text(folder / name, text)
