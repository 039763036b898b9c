"""Rows as a table for the terminal and as Markdown, in words."""

from collections.abc import Sequence

from android_bench.phone.cores import FAST
from android_bench.results import columns
from android_bench.results.baseline import Comparison
from fanet_tf.files import names


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
        f"{name(row)}: {note}"
        for row in rows
        for note in row["notes"]
        if note not in shared
    ]


def name(row: dict) -> str:
    """Names a row's configuration: `m0.float32 cpu t4`."""
    affinity = row.get("affinity")
    cores = f" {affinity}" if affinity not in ("", None, FAST) else ""
    return (
        f"m{row['member']}.{row['recipe']} {row['delegate']} "
        f"t{row['threads']}{cores}"
    )


def short_names(rows: Sequence[dict]) -> list[str]:
    """Names configurations by what is not the same in all of them."""
    parts = (
        lambda row: row["delegate"],
        lambda row: f"t{row['threads']}",
        lambda row: row.get("affinity", ""),
    )
    kept = [text for text in parts if len({text(row) for row in rows}) > 1]
    return [
        " ".join(
            [f"m{row['member']}.{row['recipe']}", *(text(row) for text in kept)]
        )
        for row in rows
    ]


def table(header: dict, rows: list[dict], compared: Comparison | None) -> str:
    """For the terminal."""
    shown = columns.of(rows)
    body = [
        [column.title for column in shown],
        *([column.cell(row) for column in shown] for row in rows),
    ]
    widths = [max(map(len, cells)) for cells in zip(*body, strict=True)]
    lines = [device_line(header)]
    for line in body:
        padded = [
            text.ljust(width) if column.is_word else text.rjust(width)
            for column, text, width in zip(shown, line, widths, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    lines += [*circumstances(header, rows), *notes(rows)]
    return "\n".join([*lines, *comparison_lines(compared)])


def circumstances(header: dict, rows: list[dict]) -> list[str]:
    """Says in which mode and with which battery a phone was measured."""
    environment = header.get("environment") or {}
    mode = environment.get("performance_mode")
    said = {
        "governor": ", ".join(
            dict.fromkeys(row["governor"] for row in rows if "governor" in row)
        ),
        "battery": _range([row.get("battery_percent") for row in rows], "%"),
        "fixed-performance mode": mode,
    }
    line = "; ".join(f"{key} {value}" for key, value in said.items() if value)
    return [line] if line else []


def _range(pairs: list[list[float] | None], unit: str) -> str:
    known = [value for pair in pairs if pair for value in pair]
    if not known:
        return ""
    least, most = min(known), max(known)
    return (
        f"{least:g} {unit}"
        if least == most
        else f"{least:g} to {most:g} {unit}"
    )


def comparison_lines(compared: Comparison | None) -> list[str]:
    """The run against its baseline, in words."""
    if compared is None:
        return []
    unlike = [
        f"unlike the baseline, {name}: {old}, now {new}"
        for name, old, new in compared.differences
    ]
    return unlike + [_change(change) for change in compared.changes]


def _change(change: dict) -> str:
    return (
        f"{name(change)}: {change['old_ms']:.3f} -> "
        f"{change['new_ms']:.3f} ms, {100 * change['change']:+.1f} % "
        f"(spread {100 * change['spread']:.1f} %): {change['verdict']}"
    )


def to_markdown(
    header: dict, rows: list[dict], compared: Comparison | None
) -> str:
    """A table to paste into a README."""
    shown = columns.of(rows)
    titles = [column.title for column in shown]
    lines = [
        names.markdown(device_line(header))
        + f"; bundle {names.markdown(header['bundle']['name'])}, "
        f"{header['date']}.",
        "",
        "| " + " | ".join(titles) + " |",
        "| " + " | ".join("---" for _ in titles) + " |",
        *(
            "| " + " | ".join(column.cell(row) for column in shown) + " |"
            for row in rows
        ),
    ]
    said = circumstances(header, rows) + notes(rows)
    for extra in (said, comparison_lines(compared)):
        if extra:
            lines += ["", *(f"* {names.markdown(line)}" for line in extra)]
    return "\n".join(lines) + "\n"
