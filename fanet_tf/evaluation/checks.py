"""What an array must reach, checked on the figures of an evaluation.

Each rule holds the mean RAW PSNR of a network against that of another method,
gain by gain, unrounded. Nothing is hidden: a rule that is missed says where and
by how much, and one whose method was not run says so.
"""

import dataclasses
from collections.abc import Iterable

CLASSICAL = ("identity", "noisy", "gaussian", "nlm", "bm3d")
# Networks of others, which our rules do not bind.
PEERS = ("pmrid",)
OTHERS = (*CLASSICAL, *PEERS)

# Method, lowest gain it is asked at, dB above it, in words.
_RULES = (
    ("identity", 0.0, 0.0, "at no gain worse than its input"),
    (
        "nlm",
        4.0,
        1.0,
        "from gain 4 on, at least 1 dB better than non-local means",
    ),
    ("bm3d", 4.0, 0.0, "from gain 4 on, not below BM3D"),
    ("pmrid", 0.0, 0.0, "at no gain below PMRID's published weights"),
)


@dataclasses.dataclass(frozen=True)
class Check:
    """One rule for one network.

    Attributes:
        method: the network.
        rule: in words.
        margins: gain -> dB above what the rule asks; empty: not measured.
    """

    method: str
    rule: str
    margins: dict[float, float]

    @property
    def passed(self) -> bool | None:
        """Whether the rule holds at every gain; None: not measured."""
        if not self.margins:
            return None
        return all(margin >= 0.0 for margin in self.margins.values())

    @property
    def verdict(self) -> str:
        """The outcome in words, with the margin at every gain."""
        if self.passed is None:
            return "not measured"
        margins = ", ".join(
            f"{margin:+.2f} at {gain:g}"
            for gain, margin in self.margins.items()
        )
        return f"{'met' if self.passed else 'missed'} ({margins})"


def check(record: dict) -> list[Check]:
    """Checks every network of an evaluation.

    Args:
        record: `Evaluation.to_json()`, or what was read back of it.
    """
    psnrs: dict[str, dict[float, float]] = {}
    for row in record["per_gain"]:
        if row["raw_psnr"] is not None:
            psnrs.setdefault(row["method"], {})[row["gain"]] = row["raw_psnr"]
    return [
        Check(name, rule, dict(_margins(psnrs, name, other, lowest, lead)))
        for name in (m["method"] for m in record["methods"])
        if name not in OTHERS
        for other, lowest, lead, rule in _RULES
        # Few have a peer's weights: no rule that was never asked for.
        if other not in PEERS or other in psnrs
    ]


def _margins(psnrs, name, other, lowest, lead):
    others = psnrs.get(other, {})
    for gain, psnr in psnrs.get(name, {}).items():
        if gain >= lowest and gain in others:
            yield gain, psnr - others[gain] - lead


def text(checks: Iterable[Check]) -> str:
    """Returns a line a check; empty where there is nothing to check."""
    return "\n".join(
        f"{check.method}: {check.rule}: {check.verdict}" for check in checks
    )
