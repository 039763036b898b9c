"""Green imbalance: how differently Gr and Gb see the same flat patch.

    g = 2 (Gr - Gb) / (Gr + Gb)

of each patch's means over the frames of a scene, weighted by the square of its
brightness: an error of the black level counts little then. The scatter from
patch to patch is what colour and place in the frame do to it.
"""

import dataclasses
from collections.abc import Iterable

import numpy as np
from scipy import stats

from fanet_tf.calibration.estimate import Estimate

_MIN_BRIGHTNESS = 0.05
_MIN_PATCHES = 4
_CLIPPED = 1e-3


@dataclasses.dataclass(frozen=True)
class GreenImbalance:
    """`Gr / Gb - 1` of a sensor.

    Attributes:
        mean: of it.
        deviation: from patch to patch.
        num_patches: that were looked at.
    """

    mean: Estimate
    deviation: float
    num_patches: int


def of_scene(scene, black: tuple[float, ...]) -> list[tuple[float, float]]:
    """Returns imbalance and brightness of the patches that serve.

    Args:
        scene: an `estimator.Scene`.
        black: level of R, Gr, Gb, B in counts.
    """
    found = []
    for top, left, height, width in scene.patches:
        window = scene.packed[:, top : top + height, left : left + width]
        values = []
        for plane in (1, 2):
            levels, counts = scene.levels[plane], window[..., plane]
            clipped = (counts <= levels.low) | (counts >= levels.high)
            if np.mean(clipped) > _CLIPPED:
                break
            mean = np.mean(counts, dtype=np.float64) - black[plane]
            values.append(mean / (levels.white - black[plane]))
        if len(values) == 2 and min(values) > _MIN_BRIGHTNESS:
            gr, gb = values
            found.append((2.0 * (gr - gb) / (gr + gb), (gr + gb) / 2.0))
    return found


def measure(
    found: Iterable[tuple[float, float]],
) -> GreenImbalance | None:
    """Joins the patches of all scenes; None with fewer than four.

    Args:
        found: `(imbalance, brightness)` of each patch.
    """
    values = np.array(list(found))
    if len(values) < _MIN_PATCHES:
        return None
    imbalance, brightness = values.T
    weight = brightness**2 / np.sum(brightness**2)
    mean = float(np.sum(weight * imbalance))
    count = 1.0 / np.sum(weight**2)  # Patches of equal weight.
    spread = np.sum(weight * (imbalance - mean) ** 2) * count / (count - 1.0)
    half = stats.t.ppf(0.975, count - 1.0) * np.sqrt(spread / count)
    return GreenImbalance(
        Estimate(mean, mean - float(half), mean + float(half)),
        float(np.sqrt(spread)),
        len(values),
    )
