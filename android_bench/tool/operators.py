"""Reads the profile of operators that the classic tool writes as CSV."""

import csv
import io
import re


def profile(text: str) -> list[dict[str, str]]:
    """Operators of the regular runs in a profile CSV, in run order.

    Columns are found by the header's names: older builds have one more
    (`start`). Commas inside names became tabs and are put back.

    Returns:
        One dict an operator with `node_type`, `avg_ms` and `name`.
    """
    block = text.split("Operator-wise Profiling Info for Regular Benchmark")
    section = block[-1]
    rows = []
    header = None
    in_order = False
    for line in section.splitlines():
        if "Run Order" in line:
            in_order, header = True, None
            continue
        if line.startswith("=") or not line.strip():
            if rows:
                break
            in_order = in_order and header is None
            continue
        if not in_order:
            continue
        fields = [
            field.strip() for field in next(csv.reader(io.StringIO(line)))
        ]
        if header is None:
            names = {
                _column(field): index for index, field in enumerate(fields)
            }
            if "node_type" in names:
                header = names
            continue
        if len(fields) <= header.get("avg_ms", 0):
            continue
        row = {
            name: fields[header[name]].replace("\t", ",")
            for name in ("node_type", "avg_ms", "name")
            if name in header and header[name] < len(fields)
        }
        rows.append(row)
    return rows


def _column(field: str) -> str:
    name = re.sub(r"[\[\]]", "", field).strip().lower()
    name = re.sub(r"\s+", "_", name)
    return {"avg_ms": "avg_ms", "avg": "avg_ms"}.get(name, name)
