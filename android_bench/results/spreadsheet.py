"""Rows as CSV: plain numbers, and on every line where they come from."""

import csv
import io
from collections.abc import Sequence

from fanet_tf.files import names

_OF_THE_ROW = (
    "member",
    "recipe",
    "delegate",
    "gpu_api",
    "threads",
    "affinity",
    "cores",
    "governor",
    "status",
    "comparable",
    "tile_height",
    "tile_width",
    "halo",
    "median_ms",
    "p95_ms",
    "first_ms",
    "init_ms",
    "spread",
    "ms_per_network_mp",
    "ms_per_useful_mp",
    "frame_ms",
    "reference",
    "times_reference",
    "gmacs_s",
    "matmul_gmacs_s",
    "matmul_fraction",
    "peak_mb",
    "growth_mb",
    "nodes",
    "delegated_operators",
    "operators",
    "sustain_seconds",
    "sustain_first_ms",
    "sustain_plateau_ms",
    "sustain_slowdown",
    "sustain_busy",
    "sustain_hottest_c",
    "check_error",
    "check_unit",
    "check_db",
    "battery_percent_least",
    "battery_percent_most",
    "notes",
)
_OF_THE_RUN = (
    "manufacturer",
    "model",
    "soc",
    "android",
    "fingerprint",
    "performance_mode",
    "tool",
    "bundle",
    "date",
)


def to_csv(header: dict, rows: Sequence[dict]) -> str:
    """Returns a line a row; cells that a row does not have are empty."""
    lines = [{**_run(header), **_flat(row)} for row in rows]
    return _csv((*_OF_THE_ROW, *_OF_THE_RUN), lines)


def joined(runs: Sequence[tuple[str, dict, Sequence[dict]]]) -> str:
    """Returns the rows of several runs: name, `run` line and rows of each."""
    lines = [
        {**_run(header), **_flat(row), "run": name}
        for name, header, rows in runs
        for row in rows
    ]
    return _csv(("run", *_OF_THE_ROW, *_OF_THE_RUN), lines)


def _csv(fields: Sequence[str], lines: Sequence[dict]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, fields)
    writer.writeheader()
    for line in lines:
        writer.writerow(
            {name: names.csv_cell(line.get(name)) for name in fields}
        )
    return stream.getvalue()


def _flat(row: dict) -> dict:
    check = row.get("check") or {}
    battery = row.get("battery_percent") or [None, None]
    delegated = row.get("delegated") or []
    return {
        **row,
        **{f"tile_{key}": value for key, value in row["tile"].items()},
        "halo": row["tile"]["halo"],
        **{f"check_{key}": value for key, value in check.items()},
        **{
            f"sustain_{key}": value
            for key, value in (row.get("sustain") or {}).items()
        },
        **dict(
            zip(("delegated_operators", "operators"), delegated, strict=False)
        ),
        "battery_percent_least": battery[0],
        "battery_percent_most": battery[1],
        "notes": "; ".join(row["notes"]),
    }


def _run(header: dict) -> dict:
    device, tool = header.get("device") or {}, header.get("tool") or {}
    environment = header.get("environment") or {}
    return {
        **{name: device.get(name) for name in _OF_THE_RUN},
        "performance_mode": environment.get("performance_mode"),
        "tool": tool.get("kind"),
        "bundle": (header.get("bundle") or {}).get("name"),
        "date": header.get("date"),
    }
