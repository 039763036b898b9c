"""Two methods over the same pictures: is the second better, or by chance?

Pictures differ from each other by far more than two denoisers do, so each is
compared with itself: its difference is the mean over its captures of the second
method's figure less the first's. The interval is a percentile bootstrap over
the pictures at 95 %, which is too narrow for few of them and therefore expanded
(Hesterberg 2015, "What Teachers Should Know About the Bootstrap", section 4.5).
"""

import dataclasses
import math
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np
from scipy import stats

from fanet_tf.evaluation.evaluate import Evaluation

LEVEL = 0.95
RESAMPLES = 9999
# By chance all of five pictures agree in 1 of 16 cases, all of six in 1 of 32:
# fewer cannot tell two methods apart at 95 %.
FEWEST = 6

BETTER, WORSE = "better", "worse"
ALIKE, SAME = "not told apart", "no difference"


def bootstrap(
    values: Sequence[float], statistic: Callable = np.mean, seed: int = 0
) -> tuple[float, float]:
    """Returns the interval of a statistic at `LEVEL`.

    Args:
        values: one or more.
        statistic: of the values, along an axis.
        seed: of the resamples; the same values have the same interval.
    """
    values = np.asarray(values, np.float64)
    count = len(values)
    if np.ptp(values) == 0.0:
        return float(values[0]), float(values[0])
    quantile = stats.t.ppf((1.0 + LEVEL) / 2.0, count - 1)
    tail = stats.norm.sf(quantile * math.sqrt(count / (count - 1)))
    interval = stats.bootstrap(
        (values,),
        statistic,
        n_resamples=RESAMPLES,
        confidence_level=1.0 - 2.0 * tail,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


@dataclasses.dataclass(frozen=True)
class Difference:
    """What the second of two methods gains over the first.

    Attributes:
        gain: of the sensor; None: over all gains.
        first: figure of the first method, mean over the pictures.
        second: of the second one.
        interval: of second less first, see `bootstrap`.
        pictures: how many; those where a figure is infinite do not count.
        is_same: whether the two are equal in every picture.
    """

    gain: float | None
    first: float
    second: float
    interval: tuple[float, float]
    pictures: int
    is_same: bool

    @property
    def difference(self) -> float:
        """Second less first."""
        return self.second - self.first

    @property
    def verdict(self) -> str:
        """`SAME`, `BETTER`, `WORSE`, or `ALIKE` where the interval holds 0."""
        low, high = self.interval
        if self.is_same:
            return SAME
        if self.pictures < FEWEST or low <= 0.0 <= high:
            return ALIKE
        return BETTER if low > 0.0 else WORSE

    def to_json(self) -> dict:
        """Returns the row as JSON types."""
        return {
            **dataclasses.asdict(self),
            "difference": self.difference,
            "verdict": self.verdict,
        }


def difference(
    evaluation: Evaluation,
    first: str,
    second: str,
    key: str,
    gain: float | None = None,
) -> Difference | None:
    """Compares two methods in one figure; None: no picture has it.

    Args:
        evaluation: of both.
        first: name of the method that is compared with.
        second: name of the method that is judged.
        key: of a measure of which more is better.
        gain: see `Evaluation.gains`; None: all.
    """
    captures: dict[str, list[tuple[float, float]]] = {}
    for one, two in zip(
        evaluation.scores_of(first, gain),
        evaluation.scores_of(second, gain),
        strict=True,
    ):
        pair = one.values[key], two.values[key]
        if all(map(math.isfinite, pair)):
            captures.setdefault(one.image, []).append(pair)
    if not captures:
        return None
    pictures = np.array([np.mean(of, axis=0) for of in captures.values()])
    means = pictures.mean(axis=0)
    return Difference(
        gain,
        float(means[0]),
        float(means[1]),
        bootstrap(pictures[:, 1] - pictures[:, 0]),
        len(pictures),
        bool(np.all(pictures[:, 0] == pictures[:, 1])),
    )


def differences(
    evaluation: Evaluation, first: str, second: str, key: str
) -> list[Difference]:
    """Returns `difference` at each gain, then over all if there are more."""
    gains = [*evaluation.gains]
    if len(gains) != 1:
        gains.append(None)
    found = (difference(evaluation, first, second, key, g) for g in gains)
    return [row for row in found if row is not None]
