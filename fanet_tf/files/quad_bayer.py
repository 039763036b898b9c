"""Quad Bayer: 2 x 2 pixels under each colour, in a file that says Bayer.

Phones' sensors of many pixels have such filters. Where a file calls them a
plain Bayer mosaic, the network takes colours for noise and gains nothing.
"""

import numpy as np

_BLOCK = 64  # Side of the parts whose means are compared, pixels.
# Variance among pixels that Bayer holds to be of one colour, over variance
# among those that Quad Bayer does: above 1 for the latter, but a slope of grey
# gives 4.
_LEAST_RATIO = 10.0
# That variance is less than this part of the mean where nothing is coloured.
_LEAST_CONTRAST = 0.05


def is_quad(x: np.ndarray) -> bool:
    """Whether a mosaic looks like Quad Bayer.

    Args:
        x: `[H, W]` float, 0 = black.

    Returns:
        False also for frames that are too small or too grey to tell.
    """
    rows, columns = (n // _BLOCK for n in x.shape)
    if rows * columns < 4:
        return False
    x = x[: rows * _BLOCK, : columns * _BLOCK]
    cells = x.reshape(rows, _BLOCK // 4, 4, columns, _BLOCK // 4, 4)
    # Means of the 4 x 4 places of each block: [blocks, 4, 4].
    # One axis at a time: NumPy takes seven times as long for both at once.
    cells = cells.mean(1).mean(3).transpose(0, 2, 1, 3).reshape(-1, 4, 4)
    bayer = cells.reshape(-1, 2, 2, 2, 2).var((1, 3)).mean((1, 2))
    level = np.maximum(cells.mean((1, 2)), 1e-6)
    if np.median(np.sqrt(bayer) / level) <= _LEAST_CONTRAST:
        return False
    quads = [
        np.roll(cells, (-y, -x), (1, 2))
        .reshape(-1, 2, 2, 2, 2)
        .var((2, 4))
        .mean((1, 2))
        for y in (0, 1)
        for x in (0, 1)
    ]
    ratios = [np.median(bayer / np.maximum(q, 1e-12)) for q in quads]
    return bool(max(ratios) > _LEAST_RATIO)
