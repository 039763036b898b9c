"""Is the new array better, or only different? Two methods, side by side.

    captures  x  (A, B)  ->  Comparison: dB per gain with intervals, cost, time

A is the array you have, B the one that is judged. `comparison_report` shows it.
"""

import dataclasses
import functools
from collections.abc import Iterable
from collections.abc import Sequence

import numpy as np

from fanet_tf.data.captures import Capture
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import paired
from fanet_tf.evaluation import timing
from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.evaluation.paired import Difference
from fanet_tf.evaluation.timing import Times
from fanet_tf.raw.noise import NoiseParams

A, B = "A", "B"
# What is compared: key of a measure -> the part of each picture.
PARTS = {
    "raw_psnr": "all pixels",
    "raw_psnr_dark": "darkest quarter",
    "raw_psnr_flat": "flatter half",
}


@dataclasses.dataclass(frozen=True)
class Cost:
    """One cost of both.

    Attributes:
        name: what it is, with its unit.
        first: of A.
        second: of B.
        ratio: B's over A's.
        interval: of the ratio, where it was measured; None: it was counted.
    """

    name: str
    first: float
    second: float
    ratio: float
    interval: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two methods on the same captures.

    Attributes:
        evaluation: of `A` and `B`.
        times: of both; None: not measured.
    """

    evaluation: Evaluation
    times: Times | None = None

    @functools.cached_property
    def differences(self) -> dict[str, list[Difference]]:
        """Key of `PARTS` -> a row for each gain, then for all."""
        return {
            key: paired.differences(self.evaluation, A, B, key) for key in PARTS
        }

    @functools.cached_property
    def costs(self) -> list[Cost]:
        """Every cost that is known of both."""
        one, two = (self.evaluation.methods[name] for name in (A, B))
        pairs = [("GMACs/MP", one.gmacs_per_mp, two.gmacs_per_mp)]
        if one.size and two.size:
            for field, name in (
                ("members", "members"),
                ("parameters", "parameters"),
                ("file_bytes", "bytes of files"),
            ):
                first, second = (
                    getattr(one.size, field),
                    getattr(two.size, field),
                )
                pairs.append((name, first, second))
        found = [Cost(name, a, b, b / a) for name, a, b in pairs if a and b]
        if self.times:
            ratio = float(np.median(self.times.ratios))
            medians, interval = self.times.medians, self.times.interval
            found.append(Cost("ms/MP", *medians, ratio, interval))
        return found

    def to_json(self) -> dict:
        """Returns the comparison as JSON types, without the evaluation."""
        return {
            "differences": [
                {"measure": key, **row.to_json()}
                for key, rows in self.differences.items()
                for row in rows
            ],
            "costs": [dataclasses.asdict(cost) for cost in self.costs],
            "times": self.times and dataclasses.asdict(self.times),
            "conclusion": conclusion(self),
        }


def compare(
    captures: Iterable[Capture],
    first: Method,
    second: Method,
    noise: NoiseParams,
    rounds: int = 10,
    **options,
) -> Comparison:
    """Compares two methods.

    Args:
        captures: read one at a time.
        first: A, the array you have.
        second: B, which is judged.
        noise: of the frame that both are timed on.
        rounds: of the timing; 0: not timed.
        **options: of `evaluate.evaluate`.
    """
    methods = {
        name: dataclasses.replace(method, label=f"{name}: {method.label}")
        for name, method in ((A, first), (B, second))
    }
    evaluation = evaluate.evaluate(captures, methods, **options)
    if not rounds:
        return Comparison(evaluation)
    return Comparison(evaluation, timing.in_turns(first, second, noise, rounds))


def conclusion(compared: Comparison) -> list[str]:
    """Returns in plain sentences where B is better than A, and where worse."""
    sentences = [
        f"{part.capitalize()}: {_verdicts(rows)}"
        for key, part in PARTS.items()
        if (rows := compared.differences[key])
    ]
    rows = [row for rows in compared.differences.values() for row in rows]
    fewest = min((row.pictures for row in rows), default=paired.FEWEST)
    if fewest < paired.FEWEST and not all(row.is_same for row in rows):
        sentences.append(
            f"At least {paired.FEWEST} pictures are needed to tell two "
            f"methods apart at 95 %. Received: {fewest}"
        )
    return sentences


def _verdicts(rows: Sequence[Difference]) -> str:
    """Says whether B is better over all captures, then at which gains."""
    *by_gain, last = rows
    parts = [_verdict([last]) + (" over all captures" if by_gain else "")]
    if by_gain and {row.verdict for row in rows} in (
        {paired.ALIKE},
        {paired.SAME},
    ):
        return f"{parts[0]} and at each gain."
    for verdict in (paired.BETTER, paired.WORSE, paired.ALIKE, paired.SAME):
        mine = [row for row in by_gain if row.verdict == verdict]
        if mine:
            gains = ", ".join(f"{row.gain:g}" for row in mine)
            parts.append(f"{_verdict(mine)} at gain {gains}")
    return "; ".join(parts) + "."


def _verdict(rows: Sequence[Difference]) -> str:
    """Returns the verdict that the rows share, and by how much."""
    verdict = rows[0].verdict
    if verdict not in (paired.BETTER, paired.WORSE):
        return verdict
    sizes = [abs(row.difference) for row in rows]
    ends = dict.fromkeys(f"{end:.3f}" for end in (min(sizes), max(sizes)))
    return f"B is {verdict} by {' to '.join(ends)} dB"
