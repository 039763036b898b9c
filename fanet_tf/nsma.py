"""Noise subrange model array: which member serves which noise.

`log a` between its lowest and highest value is split evenly into `n`
subranges, one network each (Young et al., equations 5 and 6):

    log a_min_i = log a_min + i / n (log a_max - log a_min)
    log a_max_i = log a_min + (i + 1) / n (log a_max - log a_min)

A frame `x` with noise `(a, b)` and the frame `k x` with noise `(k a, k^2 b)`
are the same frame to a member, whose input is divided by the deviation of the
noise: what is four stops under at gain 4 looks like gain 64. So an array may
choose by `a` at a reference signal (`at_reference`).
"""

import bisect
import math

import numpy as np

from fanet_tf.errors import InputError

# Of the white level: what is darker counts as this dark, and what is brighter,
# which saturates in parts and has dark ones as well, as this bright.
LEAST_SIGNAL, MOST_SIGNAL = 1e-4, 0.2


def edges(a_min: float, a_max: float, members: int) -> list[float]:
    """Returns the `members + 1` edges of the subranges, increasing."""
    if not 0.0 < a_min < a_max or members < 1:
        raise InputError(
            "An array needs 0 < a_min < a_max and at least one member. "
            f"Received: a_min={a_min}, a_max={a_max}, members={members}"
        )
    low, high = math.log(a_min), math.log(a_max)
    inner = [
        math.exp(low + i / members * (high - low)) for i in range(1, members)
    ]
    return [a_min, *inner, a_max]


def member_of(a: float, subrange_edges) -> int:
    """Returns the member that serves `a`.

    `edges[i] <= a < edges[i + 1]` is member `i`; `a` outside is clamped, so
    every `a` is served by exactly one member.
    """
    return bisect.bisect_right(subrange_edges[1:-1], a)


def signal(mean, mean_square, a, b):
    """Returns the root mean square of a frame without its noise.

    `E[y^2] = E[x^2] + a E[x] + b` by the noise's law, and `E[y] = E[x]`.

    Args:
        mean: of the noisy frame, 0 = black, 1 = white.
        mean_square: of the same values.
        a: of the noise.
        b: likewise.

    Returns:
        `LEAST_SIGNAL` to `MOST_SIGNAL`.
    """
    square = mean_square - a * mean - b
    return np.sqrt(np.clip(square, LEAST_SIGNAL**2, MOST_SIGNAL**2))


def at_reference(a, signal, reference: float):
    """Returns the `a` of a frame that is exposed to the reference signal.

    Args:
        a: of the frame.
        signal: its root mean square, see `signal`.
        reference: the array's; 0: members are chosen by `a` alone.
    """
    return a * (reference / signal) if reference else a


def widen(a_range, overlap: float) -> tuple[float, float]:
    """Widens a subrange for training, so that members agree at their edges.

    Args:
        a_range: `(low, high)`.
        overlap: share of the subrange's length in `log a` added at each end.
    """
    low, high = a_range
    factor = (high / low) ** overlap
    return low / factor, high * factor
