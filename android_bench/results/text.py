"""Rows as a table for the terminal, as CSV and as Markdown."""

import csv
import io

from android_bench.results.baseline import Comparison
from fanet_tf.files import names

COLUMNS = (
    ("member", "member"),
    ("recipe", "recipe"),
    ("delegate", "delegate"),
    ("threads", "thr"),
    ("tile", "tile"),
    ("median_ms", "ms/tile"),
    ("spread", "spread"),
    ("ms_per_network_mp", "ms/MP network"),
    ("ms_per_useful_mp", "ms/MP useful"),
    ("frame_ms", "ms/frame"),
    ("times_float32", "x float32"),
    ("matmul_fraction", "of matmul, GMACs/s"),
    ("mb", "MB"),
    ("check", "output"),
    ("status", "status"),
)
# Columns of words stand to the left.
WORDS = {"recipe", "delegate", "check", "status"}


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


def cells(row: dict) -> list[str]:
    """A row's text, in the order of `COLUMNS`."""
    tile = row["tile"]
    spread = row["spread"]
    status = row["status"]
    if status == "ok" and row["processes"] and not row["comparable"]:
        status = "not comparable"
    return [
        str(row["member"]),
        row["recipe"],
        row["delegate"],
        str(row["threads"]),
        f"{tile['height']}x{tile['width']}-{tile['halo']}",
        _number(row.get("median_ms")),
        "-" if spread is None else f"{100 * spread:.1f} %",
        _number(row.get("ms_per_network_mp")),
        _number(row.get("ms_per_useful_mp")),
        _number(row.get("frame_ms")),
        _number(row.get("times_float32")),
        _matmul_fraction(row),
        _number(row["mb"]),
        _checked(row),
        status,
    ]


def _matmul_fraction(row: dict) -> str:
    if "matmul_fraction" not in row:
        return "-"
    share, rate = row["matmul_fraction"], row["matmul_gmacs_s"]
    return f"{100 * share:.0f} % of {_number(rate)}"


def _checked(row: dict) -> str:
    check = row.get("check")
    if any(note.startswith("output:") for note in row["notes"]):
        return "failed"
    if not check:
        return "not checked"
    steps = " steps" if check["unit"] == "steps" else ""
    return f"{check['error']:.1g} <= {check['limit']:.1g}{steps}"


def device_line(header: dict) -> str:
    """One line that says where the figures come from."""
    device = header["device"]
    cores = device.get("cores")  # A phone lists each of them.
    parts = [
        " ".join(
            device[name]
            for name in ("manufacturer", "model")
            if device.get(name)
        ),
        device.get("soc"),
        f"{cores} cores" if isinstance(cores, int) else None,
        f"Android {device['android']}" if device.get("android") else None,
        device.get("abi"),
        device.get("runtime"),
        f"{header['tool']['kind']} tool" if header.get("tool") else None,
    ]
    return ", ".join(part for part in parts if part)


def notes(rows: list[dict]) -> list[str]:
    """What is odd about each row, a line each; what all share, once."""
    shared = [
        note
        for note in (rows[0]["notes"] if len(rows) > 1 else [])
        if all(note in row["notes"] for row in rows)
    ]
    return [f"all rows: {note}" for note in shared] + [
        f"m{row['member']}.{row['recipe']} {row['delegate']} "
        f"t{row['threads']}: {note}"
        for row in rows
        for note in row["notes"]
        if note not in shared
    ]


def table(header: dict, rows: list[dict], compared: Comparison | None) -> str:
    """For the terminal."""
    body = [[title for _, title in COLUMNS], *(cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in body) for i in range(len(COLUMNS))]
    lines = [device_line(header)]
    for line in body:
        padded = [
            text.ljust(width) if key in WORDS else text.rjust(width)
            for (key, _), text, width in zip(COLUMNS, line, widths, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    lines += [*notes(rows), *comparison_lines(compared)]
    return "\n".join(lines)


def comparison_lines(compared: Comparison | None) -> list[str]:
    """The run against its baseline, in words."""
    if compared is None:
        return []
    unlike = [f"unlike the baseline, {line}" for line in compared.differences]
    return unlike + [_change(change) for change in compared.changes]


def _change(change: dict) -> str:
    return (
        f"m{change['member']}.{change['recipe']} {change['delegate']} "
        f"t{change['threads']}: {change['old_ms']:.3f} -> "
        f"{change['new_ms']:.3f} ms, {100 * change['change']:+.1f} % "
        f"(spread {100 * change['spread']:.1f} %): {change['verdict']}"
    )


def to_csv(rows: list[dict]) -> str:
    """Plain numbers, for a spreadsheet."""
    columns = [
        "member",
        "recipe",
        "delegate",
        "threads",
        "status",
        "comparable",
        "tile_height",
        "tile_width",
        "halo",
        "median_ms",
        "spread",
        "ms_per_network_mp",
        "ms_per_useful_mp",
        "frame_ms",
        "times_float32",
        "gmacs_s",
        "matmul_gmacs_s",
        "matmul_fraction",
        "mb",
        "check_error",
        "check_unit",
        "notes",
    ]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    for row in rows:
        check = row.get("check") or {}
        values = {
            **row,
            "tile_height": row["tile"]["height"],
            "tile_width": row["tile"]["width"],
            "halo": row["tile"]["halo"],
            "check_error": check.get("error"),
            "check_unit": check.get("unit"),
            "notes": "; ".join(row["notes"]),
        }
        writer.writerow(
            {name: names.csv_cell(values.get(name)) for name in columns}
        )
    return stream.getvalue()


def to_markdown(
    header: dict, rows: list[dict], compared: Comparison | None
) -> str:
    """A table to paste into a README."""
    titles = [title for _, title in COLUMNS]
    lines = [
        names.markdown(device_line(header))
        + f"; bundle {names.markdown(header['bundle']['name'])}, "
        f"{header['date']}.",
        "",
        "| " + " | ".join(titles) + " |",
        "| " + " | ".join("---" for _ in titles) + " |",
        *("| " + " | ".join(cells(row)) + " |" for row in rows),
    ]
    for extra in (notes(rows), comparison_lines(compared)):
        if extra:
            lines += ["", *(f"* {names.markdown(line)}" for line in extra)]
    return "\n".join(lines) + "\n"
