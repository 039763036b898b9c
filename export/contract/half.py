"""The gate of half precision: what a member loses when 16 bits compute it.

A file of float16 is for processors with half-precision arithmetic. The export
runs it in that arithmetic (`flatbuffer.half_precision`) on the photographs of
the quality gate, and looks whether the transform stays in range: its first step
is `noisy scale + offset`, which in white is `1/a + b/a^2` and may not be above
65,504. That leaves out sensors cleaner than `a = 1.53e-5`.
"""

from collections.abc import Callable

import numpy as np

from export.contract import quality
from export.flatbuffer import half_precision

LIMIT_DB = 0.02
_PLACES = 257  # In a subrange.


def valid_range(
    a_range: tuple[float, float], b_of: Callable[[float], float]
) -> tuple[float, float] | None:
    """Returns the part of a subrange in which the transform stays in range.

    Args:
        a_range: of a member.
        b_of: read-noise variance that belongs to an `a`.
    """
    low, high = a_range
    places = np.geomspace(low, high, _PLACES)
    # The ends exactly, and where `scale` alone reaches its largest.
    places[0], places[-1] = low, high
    smallest = 1.0 / half_precision.LARGEST
    if low < smallest < high:
        places = np.sort(np.append(places, smallest * (1 + 1e-6)))
    fits = [1.0 / a + b_of(a) / a**2 <= half_precision.LARGEST for a in places]
    if not fits[-1]:
        return None
    first = len(fits) - fits[::-1].index(False) if False in fits else 0
    return float(places[first]), high


def record(
    flatbuffer: bytes,
    reference: quality.Reference,
    a_range: tuple[float, float],
    b_of: Callable[[float], float],
    largest_activation: float,
) -> dict:
    """Returns the manifest's entry of a member in half precision.

    Args:
        flatbuffer: of the member, with weights of float16.
        reference: the member in float32 on photographs.
        a_range: of the member.
        b_of: read-noise variance that belongs to an `a`.
        largest_activation: in float32, where `scale` is largest.
    """
    with half_precision.HalfRunner(flatbuffer) as run:
        delegated, losses = run.delegated, reference.losses(run)
    valid = valid_range(a_range, b_of)
    findings = []
    if valid != tuple(a_range):
        least = "nowhere" if valid is None else f"only from a = {valid[0]:.3g}"
        findings.append(
            f"`noisy scale + offset` fits into half precision {least}; the "
            f"member serves a = {a_range[0]:.3g} to {a_range[1]:.3g}"
        )
    if not largest_activation <= half_precision.LARGEST:
        findings.append(f"an activation reaches {largest_activation:.3g}")
    if not delegated:
        findings.append("the delegate does not run all of the graph")
    worst = max(loss.worst for loss in losses)
    if not np.isfinite(worst):
        findings.append("an output is not finite")
    elif worst > LIMIT_DB:
        findings.append(f"it loses {worst:.3f} dB")
    finite = [loss for loss in losses if np.isfinite(loss.worst)]
    usable = valid is not None and len(finite) == len(losses)
    return {
        "limit_db": LIMIT_DB,
        "passed": not findings,
        "a_range": list(valid) if usable and worst <= LIMIT_DB else None,
        "largest_activation": float(largest_activation),
        "gains": quality.record(finite, LIMIT_DB)["gains"],
        "findings": findings,
    }
