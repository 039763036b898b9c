"""The white balance of a frame that does not say its own.

The mean of all that is not saturated is taken for grey, as LibRaw does in the
same case (`scale_colors`, 8 x 8 pixels at a time).
"""

import numpy as np

from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

_BLOCK = 8
# Blocks of which a pixel comes nearer to white are left out.
_SATURATED = 0.99
_ROWS = 256


def neutral(image: RawImage) -> tuple[float, float, float] | None:
    """Returns the camera RGB of grey, green 1; None where all is saturated."""
    height, width = (n // _BLOCK * _BLOCK for n in image.visible.shape)
    planes = cfa.cell(image.pattern)
    sums = np.zeros(4)
    for top in range(0, height, _ROWS):
        rows = slice(top, min(top + _ROWS, height))
        part = image.cropped(rows, slice(0, width)).normalized()
        blocks = part.reshape(-1, _BLOCK, width // _BLOCK, _BLOCK)
        unsaturated = blocks.max((1, 3), keepdims=True) < _SATURATED
        part = np.where(unsaturated, blocks, 0.0).reshape(part.shape)
        sums += [part[row::2, column::2].sum() for row, column in planes]
    red, green, blue = sums[0], (sums[1] + sums[2]) / 2, sums[3]
    if not min(red, green, blue) > 0:
        return None
    return float(red / green), 1.0, float(blue / green)
