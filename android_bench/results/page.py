"""The results as one HTML page: no script, no external resource."""

import html

from android_bench.results import text as texts
from android_bench.results.baseline import Comparison
from android_bench.results.rows import hottest_c

_STYLE = """
:root { --ink: #1b1f24; --soft: #667; --line: #d8dce2; --paper: #fff;
  --bar: #2f6db5; --odd: #c77d1a; --bad: #b3362c; --warm: #b3362c; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --soft: #9aa3af; --line: #39404a; --paper: #15181c;
    --bar: #6ea8e8; --odd: #e0a458; --bad: #e5766c; --warm: #e5766c; } }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin-bottom: 0; } h2 { font-size: 1.1rem; }
p.sub, figcaption { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13px; }
th, td { padding: .25rem .45rem; border-bottom: 1px solid var(--line);
  text-align: right; white-space: nowrap; }
.left { text-align: left; }
.bad { color: var(--bad); } .odd { color: var(--odd); }
figure { margin: 1rem 0; } svg { width: 100%; height: auto; }
svg text { fill: var(--ink); font-size: 12px; }
svg .soft { fill: var(--soft); } svg .axis { stroke: var(--line); }
svg .bar { fill: var(--bar); } svg .bar.odd { fill: var(--odd); }
svg .bar.bad { fill: var(--bad); } svg .whisker { stroke: var(--ink); }
svg .dot { fill: var(--bar); } svg .dot.reference { fill: var(--odd); }
svg .heat { stroke: var(--warm); fill: none; stroke-width: 1.5; }
svg .heatdot { fill: var(--warm); }
"""
_WIDTH = 960


def _class(row: dict) -> str:
    if row["status"] == "failed":
        return "bad"
    return "" if row["comparable"] else "odd"


def _nice(limit: float) -> float:
    """The least 1, 2 or 5 times a power of ten that gives at most 6 ticks."""
    step = 1e-9
    while True:
        for factor in (1, 2, 5):
            if limit / (step * factor) <= 6:
                return step * factor
        step *= 10


def _ticks(low: float, high: float) -> list[float]:
    step = _nice(max(high - low, 1e-9))
    first = int(low / step) + (low > int(low / step) * step)
    return [
        step * number
        for number in range(first, first + 8)
        if low - 1e-9 <= step * number <= high + 1e-9
    ]


def bars(rows: list[dict]) -> str:
    """Latency per useful megapixel; whiskers span the processes' medians."""
    timed = [row for row in rows if "median_ms" in row]
    if not timed:
        return "<p>No latency was measured.</p>"
    left, right, height = 220, 90, 26
    scale = [row["ms_per_useful_mp"] / row["median_ms"] for row in timed]
    top = max(
        row["greatest_ms"] * factor
        for row, factor in zip(timed, scale, strict=True)
    )
    unit = (_WIDTH - left - right) / top
    bottom = height * len(timed) + 10
    parts = []
    for tick in _ticks(0, top):
        x = left + tick * unit
        parts.append(
            f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="0" '
            f'y2="{bottom}"/><text class="soft" x="{x:.1f}" '
            f'y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        )
    for index, (row, factor) in enumerate(zip(timed, scale, strict=True)):
        y = 6 + index * height
        value = row["ms_per_useful_mp"]
        name = html.escape(
            f"m{row['member']} {row['recipe']} {row['delegate']} "
            f"t{row['threads']}"
        )
        least, greatest = (
            left + row[key] * factor * unit
            for key in ("least_ms", "greatest_ms")
        )
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
            f'<rect class="bar {_class(row)}" x="{left}" y="{y + 2}" '
            f'width="{value * unit:.1f}" height="{height - 10}">'
            f"<title>{name}: {value:.3g} ms/MP</title></rect>"
            f'<line class="whisker" x1="{least:.1f}" x2="{greatest:.1f}" '
            f'y1="{y + 10}" y2="{y + 10}"/>'
            f'<text x="{greatest + 6:.1f}" y="{y + 14}">{value:.3g}</text>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {bottom + 36}" role="img">'
        + "".join(parts)
        + f'<text class="soft" x="{left}" y="{bottom + 32}">ms per useful '
        "megapixel</text></svg>"
    )


def series(jobs: list[dict]) -> str:
    """Each process against its configuration's first, with temperature."""
    timed = sorted(
        (job for job in jobs if "latency" in job),
        key=lambda job: job["started"],
    )
    if len(timed) < 2:
        return "<p>Too few processes for a time series.</p>"
    first: dict[tuple, float] = {}
    points = []
    start = min(job["started"] for job in jobs)
    for job in timed:
        key = (job["model"], job["delegate"], job["threads"], job["kind"])
        median = job["latency"]["median_us"]
        first.setdefault(key, median)
        minutes = (job["started"] - start) / 60
        points.append((minutes, 100 * (median / first[key] - 1), job))
    heat = []
    for job in sorted(jobs, key=lambda job: job["started"]):
        celsius = hottest_c(job.get("before") or {})
        if celsius is not None:
            heat.append(((job["started"] - start) / 60, celsius))
    left, right, top, height = 60, 60, 10, 240
    last = max(points[-1][0], max((m for m, _ in heat), default=0), 1e-3)
    low = min(min(p[1] for p in points), -5)
    high = max(max(p[1] for p in points), 5)

    def x(minutes):
        return left + minutes / last * (_WIDTH - left - right)

    def y(percent):
        return top + (high - percent) / (high - low) * height

    parts = []
    for tick in _ticks(low, high):
        parts.append(
            f'<line class="axis" x1="{left}" x2="{_WIDTH - right}" '
            f'y1="{y(tick):.1f}" y2="{y(tick):.1f}"/><text class="soft" '
            f'x="{left - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">'
            f"{tick:+g} %</text>"
        )
    for tick in _ticks(0, last):
        parts.append(
            f'<text class="soft" x="{x(tick):.1f}" y="{top + height + 18}" '
            f'text-anchor="middle">{tick:g} min</text>'
        )
    parts += _heat(heat, x, top, height, _WIDTH - right)
    for minutes, percent, job in points:
        name = html.escape(job["id"])
        kind = " reference" if job["kind"] == "reference_run" else ""
        parts.append(
            f'<circle class="dot{kind}" cx="{x(minutes):.1f}" '
            f'cy="{y(percent):.1f}" r="3.5"><title>{name}: {percent:+.1f} %'
            "</title></circle>"
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {top + height + 28}" role="img">'
        + "".join(parts)
        + "</svg>"
    )


def _heat(heat, x, top, height, right) -> list[str]:
    if not heat:
        return []
    coldest = min(c for _, c in heat) - 1
    hottest = max(c for _, c in heat) + 1

    def y(celsius):
        return top + (hottest - celsius) / (hottest - coldest) * height

    line = " ".join(f"{x(m):.1f},{y(c):.1f}" for m, c in heat)
    return [
        f'<polyline class="heat" points="{line}"/>',
        *(
            f'<text class="heatdot" x="{right + 6}" y="{y(tick) + 4:.1f}">'
            f"{tick:g} &deg;C</text>"
            for tick in _ticks(coldest, hottest)
        ),
    ]


def _table(rows: list[dict]) -> str:
    classes = [
        ' class="left"' if key in texts.WORDS else ""
        for key, _ in texts.COLUMNS
    ]
    head = "".join(
        f"<th{kind}>{title}</th>"
        for kind, (_, title) in zip(classes, texts.COLUMNS, strict=True)
    )
    body = "".join(
        f'<tr class="{_class(row)}">'
        + "".join(
            f"<td{kind}>{html.escape(text)}</td>"
            for kind, text in zip(classes, texts.cells(row), strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'


def _operators(jobs: list[dict]) -> str:
    """The slowest operators of each profiled configuration."""
    parts = []
    for job in jobs:
        operators = job.get("profile")
        if not operators:
            continue
        slowest = sorted(
            operators, key=lambda op: -float(op.get("avg_ms") or 0)
        )[:8]
        lines = "".join(
            f'<tr><td class="left">{html.escape(op.get("node_type", ""))}</td>'
            f"<td>{html.escape(op.get('avg_ms', ''))} ms</td>"
            f'<td class="left">{html.escape(op.get("name", ""))}</td></tr>'
            for op in slowest
        )
        name = html.escape(
            f"{job['model']} {job['delegate']} t{job['threads']}: "
            f"{len(operators)} operators"
        )
        parts.append(
            f"<details><summary>{name}</summary><div class='scroll'><table>"
            f"{lines}</table></div></details>"
        )
    return f"<h2>Operators</h2>{''.join(parts)}" if parts else ""


def _listed(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<h2>{title}</h2><ul>{items}</ul>"


def render(
    header: dict,
    jobs: list[dict],
    rows: list[dict],
    compared: Comparison | None,
) -> str:
    """The whole page."""
    name = html.escape(header["bundle"]["name"])
    where = html.escape(texts.device_line(header))
    what = html.escape(
        f"{header['date']}, {len(jobs)} jobs, fanet-bench {header['arguments']}"
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{name} on {where}</title><style>{_STYLE}</style></head><body>"
        f'<h1>{name}</h1><p class="sub">{where}<br>{what}</p>'
        f"<h2>Latency</h2><figure>{bars(rows)}<figcaption>Median of the "
        "processes' medians; the thin line spans them. Orange: not "
        "comparable. Red: failed.</figcaption></figure>"
        f"<h2>Rows</h2>{_table(rows)}"
        + _listed("Notes", texts.notes(rows))
        + _listed("Against the baseline", texts.comparison_lines(compared))
        + f"<h2>Over time</h2><figure>{series(jobs)}<figcaption>Each process "
        "against the first of its configuration; orange: the reference "
        "runs; red line: temperature.</figcaption></figure>"
        + _operators(jobs)
        + "</body></html>\n"
    )
