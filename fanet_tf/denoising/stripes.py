"""A frame in stripes of whole blocks, as `brightness` measures them.

A stripe is `[h, w, 4]`, planes R, Gr, Gb, B, 0 = black and 1 = white, as it was
before a shading correction. It begins at the frame's left edge, whatever the
pattern; what is no whole block at the right and lower side is left out.
"""

from collections.abc import Iterator

import numpy as np

from fanet_tf.denoising import brightness

_BLOCKS = 16  # From the top of a stripe to its bottom.


def cut(
    frame, mosaic: np.ndarray, factor: int = 1
) -> Iterator[tuple[np.ndarray, np.ndarray | float]]:
    """Yields the stripes of a mosaic from the top to the bottom.

    With each comes where it is saturated: 1, or one over its gain.

    Args:
        frame: the `Frame` whose levels, pattern and shading it has.
        mosaic: `[H, W]`, the frame's own or one that was made of it.
        factor: of its counts.
    """
    for top, bottom, width in _spans(frame):
        stripe = np.empty(((bottom - top) // 2, width // 2, 4), np.float32)
        for plane, rows, columns in _planes(frame, top, bottom, width):
            black, span = frame.black[plane], frame.span[plane]
            if frame.offsets is not None:
                offsets = frame.offsets.at(rows, columns)
                black, span = black + offsets, span - offsets
            counts = mosaic[rows[0] : bottom : 2, columns[0] : width : 2]
            stripe[..., plane] = (counts / factor - black) / span
        white = 1.0
        if frame.shading is not None:
            white = _white(frame, top, bottom, width)
            stripe *= white
        yield stripe, white


def _spans(frame):
    """Yields top, bottom and width of each."""
    height, width = (n - n % brightness.CELL for n in frame.mosaic.shape)
    step = _BLOCKS * brightness.CELL
    if width == 0:
        return
    for top in range(0, height, step):
        yield top, min(top + step, height), width


def _planes(frame, top, bottom, width):
    """Yields each plane with its rows and columns."""
    for plane, (row, column) in enumerate(frame.places):
        rows = np.arange(top + row, bottom, 2)
        yield plane, rows, np.arange(column, width, 2)


def _white(frame, top, bottom, width):
    gains = [
        frame.shading.grid(plane, rows, columns, frame.mosaic.shape)
        for plane, rows, columns in _planes(frame, top, bottom, width)
    ]
    return 1.0 / np.stack(gains, axis=-1)
