"""Noise subrange model array: which member serves which noise.

`log a` between its lowest and highest value is split evenly into `n`
subranges, one network each (Young et al., equations 5 and 6):

    log a_min_i = log a_min + i / n (log a_max - log a_min)
    log a_max_i = log a_min + (i + 1) / n (log a_max - log a_min)
"""

import bisect
import math

from fanet_tf.errors import InputError


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


def widen(a_range, overlap: float) -> tuple[float, float]:
    """Widens a subrange for training, so that members agree at their edges.

    Args:
        a_range: `(low, high)`.
        overlap: share of the subrange's length in `log a` added at each end.
    """
    low, high = a_range
    factor = (high / low) ** overlap
    return low / factor, high * factor
