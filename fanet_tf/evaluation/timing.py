"""How long two methods take, measured in turns.

Clocks, heat and other programs change within a minute. Methods that take turns
meet the same changes, so their ratio is steadier than their times.
"""

import dataclasses
import time

import numpy as np

from fanet_tf.evaluation import paired
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.raw.noise import NoiseParams

# Packed pixels: a RAW megapixel, more than a tile of most bundles.
SIDE = 512


@dataclasses.dataclass(frozen=True)
class Times:
    """Milliseconds per RAW megapixel of two methods, one of each a round."""

    first: list[float]
    second: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        """The median of the first and of the second."""
        return float(np.median(self.first)), float(np.median(self.second))

    @property
    def ratios(self) -> np.ndarray:
        """The second's time over the first's in each round."""
        return np.divide(self.second, self.first)

    @property
    def interval(self) -> tuple[float, float]:
        """Of the median ratio, by bootstrap over the rounds."""
        return paired.bootstrap(self.ratios, np.median)


def in_turns(
    first: Method,
    second: Method,
    noise: NoiseParams,
    rounds: int,
    side: int = SIDE,
) -> Times:
    """Measures two methods on the same frame.

    Each runs once before, which loads and builds it. Every other round has them
    in the opposite order.

    Args:
        first: a method.
        second: another.
        noise: of the frame.
        rounds: 1 or more.
        side: of the frame, packed pixels.
    """
    noisy = np.random.default_rng(0).random((side, side, 4), np.float32)
    order = [(first, []), (second, [])]
    times = Times(*(taken for _, taken in order))
    for method, _ in order:
        method.denoise(noisy, noise)
    for _ in range(rounds):
        for method, taken in order:
            start = time.perf_counter()
            method.denoise(noisy, noise)
            elapsed = time.perf_counter() - start
            taken.append(elapsed * 1e9 / noisy.size)
        order.reverse()
    return times
