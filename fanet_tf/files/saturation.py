"""Where a sensor really saturates: a plateau below the white level of its tag.

Some cameras give the converter's largest count as white and saturate earlier
(Sony: 15360 of 16383). White balance then turns what is saturated green or
magenta. Photon noise spreads any other surface over far more counts, so a
pile of pixels in the last thousandth of the range is saturated.
"""

import numpy as np

# A surface just below full well spreads by sqrt(a): 0.3 % for a large pixel.
_WIDTH = 1e-3
# Counts below the top that the plateau is compared with, in widths of it.
_BELOW = 20
# The plateau holds so much more than as many counts below it, and at least
# this share of the pixels.
_TIMES, _LEAST_SHARE, _LEAST_PIXELS = 5.0, 1e-4, 64
# Of the range; nearer to white the tag is right, and lower nothing saturates.
_LOWEST, _HIGHEST = 0.7, 0.997
_ROWS = 256


def plateau(visible: np.ndarray, black: float, white: float) -> float | None:
    """Returns the count at which a frame saturates below its white level.

    Args:
        visible: `[H, W]` uint16 counts of the active area.
        black: level in counts.
        white: level in counts, of the tag.

    Returns:
        The count, or None where the frame does not show such a plateau.
    """
    span = white - black
    highest = int(visible.max())
    if not black + _LOWEST * span <= highest <= black + _HIGHEST * span:
        return None
    counts = np.zeros(highest + 1, np.int64)
    for start in range(0, len(visible), _ROWS):
        counts += np.bincount(
            visible[start : start + _ROWS].ravel(), minlength=highest + 1
        )
    width = max(1, round(_WIDTH * span))
    top = counts[-width:]
    below = counts[-width * (1 + _BELOW) : -width]
    least = max(_LEAST_PIXELS, _LEAST_SHARE * visible.size)
    if top.sum() < max(least, _TIMES * below.sum() / _BELOW):
        return None
    # Most of a plateau, so that its own small noise is white as well.
    first = highest + 1 - len(top)
    return float(first + np.searchsorted(np.cumsum(top), 0.1 * top.sum()))
