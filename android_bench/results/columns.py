"""The columns of a run's table: a title each, and a row's text in it."""

import dataclasses
from collections.abc import Callable

_NONE = "-"


def number(value: float | None) -> str:
    """Returns three digits, or whole numbers from 1000 on."""
    if value is None:
        return _NONE
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


@dataclasses.dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: its heading.
        cell: a row's text; `-` where there is none.
        is_word: whether it holds words, which stand to the left.
        is_detail: whether only the page has room for it.
        tip: what it means, in a sentence.
    """

    title: str
    cell: Callable[[dict], str]
    is_word: bool = False
    is_detail: bool = False
    tip: str = ""


def _value(name: str) -> Callable[[dict], str]:
    return lambda row: number(row.get(name))


def _text(name: str) -> Callable[[dict], str]:
    return lambda row: str(row.get(name) or _NONE)


def _delegate(row: dict) -> str:
    api = row.get("gpu_api")
    return row["delegate"] + (f" ({api})" if api else "")


def _tile(row: dict) -> str:
    tile = row["tile"]
    return f"{tile['height']}x{tile['width']}-{tile['halo']}"


def _spread(row: dict) -> str:
    spread = row.get("spread")
    return _NONE if spread is None else f"{100 * spread:.1f} %"


def _sustained(row: dict) -> str:
    found = row.get("sustain")
    if not found:
        return _NONE
    return f"{number(found['plateau_ms'])} ({100 * found['slowdown']:+.0f} %)"


def _matmul(row: dict) -> str:
    if "matmul_fraction" not in row:
        return _NONE
    rate = number(row["matmul_gmacs_s"])
    return f"{100 * row['matmul_fraction']:.0f} % of {rate}"


def _operators(row: dict) -> str:
    return " of ".join(map(str, row.get("delegated", []))) or _NONE


def checked(row: dict) -> str:
    """Returns how far a row's output is from its reference."""
    check = row.get("check")
    if any(note.startswith("output:") for note in row["notes"]):
        return "failed"
    if not check:
        return "not checked"
    shown = f"{check['error']:.1g} <= {check['limit']:.2g}"
    if "db" in check:  # Older results were judged in other units.
        return f"{shown} ({check['db']:.1g} dB)"
    return shown + (" steps" if check["unit"] == "steps" else "")


def status(row: dict) -> str:
    """Returns `ok`, `not comparable` or `failed`."""
    if row["status"] == "ok" and row["processes"] and not row["comparable"]:
        return "not comparable"
    return row["status"]


def _reference(rows: list[dict]) -> Column:
    """Its heading names the reference where all rows have the same."""
    names = {row["reference"] for row in rows if row.get("reference")}
    if len(names) == 1:
        return Column(f"x {names.pop()}", _value("times_reference"))
    return Column(
        "x reference",
        lambda row: (
            f"{number(row['times_reference'])} ({row['reference']})"
            if row.get("reference")
            else _NONE
        ),
    )


def of(rows: list[dict], details: bool = False) -> list[Column]:
    """Returns the columns in which some row says something.

    Args:
        rows: of one run.
        details: whether there is room for all of them.
    """
    columns = [
        Column("member", lambda row: str(row["member"])),
        Column("recipe", _text("recipe"), is_word=True),
        Column("delegate", _delegate, is_word=True),
        Column("thr", _text("threads"), tip="CPU threads"),
        Column("cores", _text("cores"), tip="Cores that it was bound to"),
        Column("tile", _tile, tip="Packed height x width, minus the halo"),
        Column("ms/tile", _value("median_ms"), tip="Median of the processes"),
        Column("p95", _value("p95_ms"), is_detail=True, tip="ms a tile"),
        Column("first", _value("first_ms"), is_detail=True, tip="ms"),
        Column("init", _value("init_ms"), is_detail=True, tip="Start, ms"),
        Column("spread", _spread, tip="Of the processes' medians"),
        Column("ms/MP network", _value("ms_per_network_mp")),
        Column("ms/MP useful", _value("ms_per_useful_mp")),
        Column("ms/frame", _value("frame_ms"), tip="Tiles of a frame, in turn"),
        Column("ms/frame hot", _sustained, tip="Plateau of --sustain"),
        _reference(rows),
        Column("of matmul, GMACs/s", _matmul),
        Column("peak MB", _value("peak_mb"), tip="Of the process"),
        Column("growth MB", _value("growth_mb"), is_detail=True),
        Column(
            "delegated",
            _operators,
            is_detail=True,
            tip="Operators inside delegates",
        ),
        Column("output", checked, is_word=True),
        Column("status", status, is_word=True),
    ]
    return [
        column
        for column in columns
        if (details or not column.is_detail)
        and (not rows or any(column.cell(row) != _NONE for row in rows))
    ]
