"""How sharp a picture is, whatever its contrast: the structure function.

    D(k) = mean of (x[i + k] - x[i])^2, along rows and columns of one plane

`D(1) / D(8)` is small where a picture is soft: 0.03 to 0.2 in RAW frames of
phones and cameras, about 0.2 in photographs that were scaled down.
"""

from collections.abc import Iterable

import numpy as np

LAGS = (1, 8)
# A crop whose D(8) is less than this is flat: the ratio says nothing.
_FLAT = 1e-5


def structure(crop: np.ndarray, variance: float = 0.0) -> tuple[float, float]:
    """Returns D at `LAGS`, means over planes and directions.

    Args:
        crop: `[h, w, 4]`, packed; both sides above the longest lag.
        variance: of the noise in it, mean; its part, twice the variance, is
            taken off.
    """
    if min(crop.shape[:2]) <= LAGS[-1]:
        raise ValueError(
            f"A crop must have more than {LAGS[-1]} packed pixels a side. "
            f"Received: shape={crop.shape}"
        )
    found = []
    for lag in LAGS:
        differences = (
            crop[lag:] - crop[:-lag],
            crop[:, lag:] - crop[:, :-lag],
        )
        squared = np.mean([np.mean(np.square(d)) for d in differences])
        found.append(max(float(squared) - 2 * variance, 0.0))
    return found[0], found[1]


def ratios(structures: Iterable[tuple[float, float]]) -> np.ndarray:
    """Returns `D(1) / D(8)` of those crops that have contrast."""
    near, far = np.array(list(structures)).reshape(-1, len(LAGS)).T
    return near[far > _FLAT] / far[far > _FLAT]
