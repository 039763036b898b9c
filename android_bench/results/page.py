"""The results as one HTML page: no script, no external resource."""

import html
from collections.abc import Sequence

from android_bench.results import columns
from android_bench.results import text as texts
from android_bench.results.baseline import Comparison
from android_bench.results.fields import hottest_c
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables
from fanet_tf.pages.plots import Bar
from fanet_tf.pages.plots import Series
from fanet_tf.pages.tables import Cell

# The rows' table is wide: at 1280 pixels all of its columns are in sight.
STYLE = """
main { max-width: 1248px; padding: 32px 12px 64px; }
.bars { max-width: 760px; }
.rows table { font-size: 12px; }
.rows th, .rows td { padding: 5px 6px 5px 0; }
.rows th:first-child { padding-right: 6px; }
.rows thead th { font-size: 12px; white-space: normal; vertical-align: bottom; }
.rows td.left { white-space: normal; line-height: 1.15; }
.rows .failed { color: var(--c6); } .rows .odd { color: var(--c1); }
"""
_OK, _ODD, _FAILED = "s0", "s1", "s6"
_SLOWEST = 8  # Operators that are listed of each profile.
_LINES = 8  # As many colours as a page has.


def _style(row: dict) -> str:
    if row["status"] == "failed":
        return _FAILED
    return _OK if row["comparable"] else _ODD


def bars(rows: Sequence[dict]) -> str:
    """Latency per useful megapixel; whiskers span the processes' medians."""
    entries = []
    timed = [row for row in rows if "median_ms" in row]
    for row, short in zip(timed, texts.short_names(timed), strict=True):
        scale = row["ms_per_useful_mp"] / row["median_ms"]
        entries.append(
            Bar(
                short,
                _style(row),
                row["ms_per_useful_mp"],
                (row["least_ms"] * scale, row["greatest_ms"] * scale),
                f"{texts.name(row)}: {row['ms_per_useful_mp']:.3g} ms/MP",
            )
        )
    if not entries:
        return "<p>No latency was measured.</p>"
    drawn = plots.bars(entries, "ms per useful megapixel")
    return f'<div class="bars">{drawn}</div>'


def over_time(jobs: Sequence[dict]) -> str:
    """Each process against its configuration's first, and the temperature."""
    timed = sorted(
        (job for job in jobs if "latency" in job),
        key=lambda job: job["started"],
    )
    if len(timed) < 2:
        return "<p>Too few processes for a time series.</p>"
    start = min(job["started"] for job in jobs)
    first: dict[tuple, float] = {}
    groups = {"models": [], "reference run": []}
    for job in timed:
        key = tuple(job["id"].split(".")[:-1])  # Less its round.
        median = job["latency"]["median_us"]
        first.setdefault(key, median)
        percent = 100 * (median / first[key] - 1)
        group = "models"
        if job["kind"] == "reference_run":
            group = "reference run"
        point = ((job["started"] - start) / 60, percent)
        groups[group].append((point, f"{job['id']}: {percent:+.1f} %"))
    series = [
        Series(
            name,
            style,
            [point for point, _ in groups[name]],
            line="",
            tips=[tip for _, tip in groups[name]],
        )
        for name, style in (("models", _OK), ("reference run", _ODD))
        if groups[name]
    ]
    drift = plots.plot(series, "minutes", "slower than the first, %", "%")
    heat = _heat(
        [
            ((job["started"] - start) / 60, hottest_c(job.get("before") or {}))
            for job in sorted(jobs, key=lambda job: job["started"])
        ]
    )
    return f'<div class="plots">{drift}{heat}</div>'


def _heat(points: Sequence[tuple[float, float | None]]) -> str:
    known = [(x, celsius) for x, celsius in points if celsius is not None]
    if len(known) < 2:
        return ""
    line = Series("hottest", _FAILED, known)
    return plots.plot([line], "minutes", "degrees Celsius", "°C")


def sustained(rows: Sequence[dict], jobs: Sequence[dict]) -> str:
    """Milliseconds a frame and temperature, frame after frame."""
    frame_tiles = {
        f"m{row['member']}.{row['recipe']}": row.get("frame_tiles", 1)
        for row in rows
    }
    runs = [job for job in jobs if job.get("sustain")]
    parts = []
    for begin in range(0, len(runs), _LINES):
        speed, heat = [], []
        drawn = runs[begin : begin + _LINES]
        named = zip(drawn, texts.short_names(runs)[begin:], strict=False)
        for index, (job, name) in enumerate(named):
            style = f"s{index}"
            tiles = frame_tiles[job["model"]]
            at = [one["at_s"] / 60 for one in job["sustain"]]
            frames = [one["median_us"] / 1e3 for one in job["sustain"]]
            degrees = [hottest_c(one["condition"]) for one in job["sustain"]]
            ms = [(x, y * tiles) for x, y in zip(at, frames, strict=True)]
            known = [
                (x, y)
                for x, y in zip(at, degrees, strict=True)
                if y is not None
            ]
            speed.append(Series(name, style, ms, dots="last"))
            if known:
                heat.append(Series(name, style, known, dots="last"))
        both = plots.plot(speed, "minutes", "ms per frame", "ms", y_floor=0.0)
        if heat:
            both += plots.plot(heat, "minutes", "degrees Celsius", "°C")
        parts.append(f'<div class="plots">{both}</div>')
    if not parts:
        return ""
    told = [
        f"{texts.name(row)}: {columns.number(found['first_ms'])} ms a frame at "
        f"first, {columns.number(found['plateau_ms'])} in the last quarter of "
        f"{found['seconds']:.0f} s, of which it computed "
        f"{100 * found['busy']:.0f} %"
        for row in rows
        if (found := row.get("sustain"))
    ]
    return "".join(parts) + _list(told)


def row_table(rows: Sequence[dict]) -> str:
    """Every column of every row."""
    shown = columns.of(list(rows), details=True)
    marks = {_FAILED: " failed", _ODD: " odd"}
    body = [
        [
            Cell(
                column.cell(row),
                f"{'left' if column.is_word else ''}"
                f"{marks.get(_style(row), '')}".strip(),
            )
            for column in shown
        ]
        for row in rows
    ]
    head = [
        Cell(column.title, "left" if column.is_word else "", tip=column.tip)
        for column in shown
    ]
    return f'<div class="rows">{tables.table(head, body)}</div>'


def _operators(jobs: Sequence[dict]) -> str:
    """The slowest operators of each profiled configuration."""
    parts = []
    for job in jobs:
        listed = job.get("profile")
        if not listed:
            continue
        inside = job.get("inside") or []
        title = f"{texts.name(job)}: {len(listed)} operators"
        if inside:
            title += f", {len(inside)} inside a delegate"
        slowest = sorted(
            listed + inside, key=lambda op: -float(op.get("avg_ms") or 0)
        )[:_SLOWEST]
        lines = [
            [
                Cell(op.get("node_type", ""), "left"),
                f"{op.get('avg_ms', '')} ms",
                Cell(op.get("name", ""), "left"),
            ]
            for op in slowest
        ]
        head = [Cell("operator", "left"), "mean", Cell("name", "left")]
        parts.append(
            f"<details><summary>{html.escape(title)}</summary>"
            f"{tables.table(head, lines)}</details>"
        )
    return "".join(parts)


def _list(lines: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if lines else ""


def _facts(header: dict, rows: Sequence[dict]) -> str:
    device, tool = header["device"], header.get("tool") or {}
    sha256 = (tool.get("sha256") or "")[:12]
    facts = {
        "device": texts.device_line(header),
        "build": device.get("fingerprint") or device.get("system"),
        "measured": "; ".join(texts.circumstances(header, list(rows))),
        "tool": f"{tool.get('name', '')} {sha256}".strip(),
        "command": f"fanet-bench {header['arguments']}",
    }
    return "".join(
        f"<dt>{name}</dt><dd>{html.escape(value)}</dd>"
        for name, value in facts.items()
        if value
    )


def _figure(drawn: str, caption: str) -> str:
    return (
        f"<figure>{drawn}<figcaption>{html.escape(caption)}</figcaption>"
        "</figure>"
    )


def render(
    header: dict,
    jobs: Sequence[dict],
    rows: Sequence[dict],
    compared: Comparison | None,
) -> str:
    """Returns the whole page.

    Args:
        header: the `run` line.
        jobs: finished ones.
        rows: from `rows.summarise`.
        compared: the rows against a baseline, or None.
    """
    body = f"<dl>{_facts(header, rows)}</dl>"
    body += shell.section(
        "Latency",
        _figure(
            bars(rows),
            "Median of the processes' medians; the thin line spans them. "
            "Orange: not comparable. Red: failed.",
        ),
    )
    body += shell.section("Rows", row_table(rows))
    body += shell.section("Notes", _list(texts.notes(list(rows))))
    body += shell.section(
        "Against the baseline", _list(texts.comparison_lines(compared))
    )
    body += shell.section("Sustained", sustained(rows, jobs))
    body += shell.section(
        "Over time",
        _figure(
            over_time(jobs),
            "Each process against the first of its configuration, and the "
            "hottest skin, or else battery, before it.",
        ),
    )
    body += shell.section("Operators", _operators(jobs))
    return shell.page(
        f"{header['bundle']['name']} on "
        f"{header['device'].get('model') or header['device'].get('serial')}",
        body,
        intro=f"{header['date']}, {len(jobs)} jobs.",
        style=STYLE,
    )
