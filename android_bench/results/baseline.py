"""A run beside an older one of the same phone model."""

import dataclasses
from typing import NamedTuple

from android_bench.errors import BenchError
from android_bench.phone.cores import FAST

# What a run was made with: its name, and where the `run` line holds it.
_CIRCUMSTANCES = (
    ("device", ("device", "fingerprint")),
    ("Android", ("device", "android")),
    ("runtime", ("device", "runtime")),
    ("tool", ("tool", "kind")),
    ("the tool's sha256", ("tool", "sha256")),
    ("the tool's flags", ("identity", "tool_flags")),
    ("cores", ("identity", "affinity")),
    ("fixed-performance mode", ("environment", "performance_mode")),
    ("bundle", ("bundle", "name")),
    ("the bundle's sha256", ("bundle", "sha256")),
)


class Difference(NamedTuple):
    """Something that two runs were not made with alike."""

    name: str
    old: str
    new: str


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found.

    Attributes:
        differences: what the two runs were not made with alike.
        changes: a record for each row that is in both.
    """

    differences: list[Difference]
    changes: list[dict]

    @property
    def slower(self) -> list[dict]:
        """Returns the changes whose verdict is `slower`."""
        return [c for c in self.changes if c["verdict"] == "slower"]


def differences(old: dict, new: dict) -> list[Difference]:
    """Lists what two runs were not made with alike.

    Args:
        old: the `run` line of the older one.
        new: that of the newer.
    """
    found = []
    for name, path in _CIRCUMSTANCES:
        before, now = (_text(header, path) for header in (old, new))
        if before != now:
            found.append(Difference(name, before, now))
    return found


def _text(header: dict, path: tuple[str, str]) -> str:
    value = (header.get(path[0]) or {}).get(path[1])
    if isinstance(value, list):
        value = " ".join(value)
    text = str(value or "none")
    return text[:12] if path[1] == "sha256" else text


def compare(
    rows: list[dict], header: dict, old_lines: list[dict]
) -> Comparison:
    """Compares the rows that are also in an older results file.

    A row is slower (or faster) when it moved by more than the greater of both
    spreads; where a side has no spread, 5 % stands for it.
    An old row that failed or is not comparable gives no verdict.

    Raises:
        BenchError: the old file is of another device or has no rows.
    """
    old_header = old_lines[0]
    if old_header["device"].get("model") != header["device"].get("model"):
        raise BenchError(
            "`--baseline` must come from the same device model "
            f"({header['device'].get('model')!r}). Received: "
            f"{old_header['device'].get('model')!r}"
        )
    old_rows = {key(r): r for r in old_lines if r["type"] == "row"}
    if not old_rows:
        raise BenchError(
            "`--baseline` must be a finished run. Received: a file with no rows"
        )
    changes = []
    for row in rows:
        old = old_rows.get(key(row))
        if old is None or "median_ms" not in old or "median_ms" not in row:
            continue
        spreads = [
            0.05 if r["spread"] is None else r["spread"] for r in (old, row)
        ]
        change = row["median_ms"] / old["median_ms"] - 1
        beyond = max(spreads)
        verdict = "same"
        if old["status"] == "failed" or not old["comparable"]:
            verdict = "no verdict, the baseline's row is not comparable"
        elif abs(change) > beyond:
            verdict = "slower" if change > 0 else "faster"
        changes.append(
            {
                "member": row["member"],
                "recipe": row["recipe"],
                "delegate": row["delegate"],
                "threads": row["threads"],
                "affinity": row.get("affinity", ""),
                "old_ms": old["median_ms"],
                "new_ms": row["median_ms"],
                "change": change,
                "spread": beyond,
                "verdict": verdict,
            }
        )
    return Comparison(differences(old_header, header), changes)


def key(row: dict) -> tuple:
    """Returns what makes two rows of two runs the same configuration."""
    names = ("member", "recipe", "delegate", "threads")
    return (*(row[name] for name in names), row.get("affinity") or FAST)
