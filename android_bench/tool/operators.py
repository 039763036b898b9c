"""Reads the profile of operators that the classic tool writes as CSV."""

import csv
import io
import re

_REGULAR = "Operator-wise Profiling Info for Regular Benchmark"
_INSIDE = "Delegate internal:"


def profile(text: str) -> list[dict[str, str]]:
    """Operators of the regular runs in a profile CSV, in run order.

    Columns are found by the header's names: older builds have one more
    (`start`). Commas inside names became tabs and are put back.

    Returns:
        One dict an operator with `node_type`, `avg_ms` and `name`.
    """
    return _listed(text.split(_REGULAR)[-1].partition(_INSIDE)[0])


def inside(text: str) -> list[dict[str, str]]:
    """Operators that a delegate lists of its own inside, as `profile` does.

    None where the delegate keeps them to itself.
    """
    return _listed(text.split(_REGULAR)[-1].partition(_INSIDE)[2])


def _listed(section: str) -> list[dict[str, str]]:
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
        # Types may hold commas: Convolution (NHWC, F32).
        extra = max(len(fields) - len(header), 0)
        fields[: extra + 1] = [", ".join(fields[: extra + 1])]
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
