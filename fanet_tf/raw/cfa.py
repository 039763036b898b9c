"""Colour filter array: a mosaic and its four packed planes.

A Bayer pattern is named by its 2 x 2 cell in reading order. `Gr` is the green
that shares a row with red, `Gb` the one that shares a row with blue:

    RGGB   R  Gr      GRBG   Gr R      GBRG   Gb B      BGGR   B  Gb
           Gb B              B  Gb            R  Gr            Gr R
"""

import numpy as np

PLANES = ("R", "Gr", "Gb", "B")

# Row and column of each plane in the 2 x 2 cell, in the order of `PLANES`.
_CELLS = {
    "RGGB": ((0, 0), (0, 1), (1, 0), (1, 1)),
    "GRBG": ((0, 1), (0, 0), (1, 1), (1, 0)),
    "GBRG": ((1, 0), (1, 1), (0, 0), (0, 1)),
    "BGGR": ((1, 1), (1, 0), (0, 1), (0, 0)),
}
PATTERNS = tuple(_CELLS)
MODES = ("crop", "pad")


def cell(pattern: str):
    """Returns `(row, column)` of R, Gr, Gb and B in the 2 x 2 cell."""
    if pattern not in _CELLS:
        raise ValueError(
            f"`pattern` must be one of {', '.join(PATTERNS)}. "
            f"Received: pattern={pattern!r}"
        )
    return _CELLS[pattern]


def pack(mosaic, pattern: str = "RGGB", xp=np):
    """Splits a mosaic into planes: `[B, H, W, 1]` to `[B, H/2, W/2, 4]`.

    `H` and `W` must be even. The planes keep their places in the cell: for any
    pattern but RGGB a network trained on RGGB wants `to_rggb` first.
    """
    height, width = mosaic.shape[1:3]
    if height is not None and (height % 2 or width % 2):
        raise ValueError(
            "A mosaic must have an even height and width to be packed. "
            f"Received: shape={tuple(mosaic.shape)}"
        )
    return xp.concatenate(
        [mosaic[:, row::2, column::2] for row, column in cell(pattern)],
        axis=-1,
    )


def unpack(packed, pattern: str = "RGGB", xp=np):
    """Inverse of `pack`: `[B, h, w, 4]` to `[B, 2h, 2w, 1]`."""
    planes = dict(zip(cell(pattern), range(4), strict=True))
    rows = [
        xp.stack(
            [packed[..., planes[row, 0]], packed[..., planes[row, 1]]], axis=-1
        )
        for row in (0, 1)
    ]  # Two of [B, h, w, 2]: the even and the odd rows of the mosaic.
    mosaic = xp.stack(rows, axis=2)  # [B, h, 2, w, 2]
    height, width = packed.shape[1:3]
    return xp.reshape(mosaic, (-1, 2 * height, 2 * width, 1))


def shift_pattern(pattern: str, rows: int, columns: int) -> str:
    """Returns the pattern seen when `rows` and `columns` are cut off."""
    cell(pattern)
    return "".join(
        pattern[2 * ((row + rows) % 2) + (column + columns) % 2]
        for row in (0, 1)
        for column in (0, 1)
    )


def rggb_origin(pattern: str):
    """Returns `(row, column)` of the first red pixel, each 0 or 1.

    Cutting so many rows and columns off makes the mosaic RGGB (Bayer
    unification by cropping, Liu et al. 2019); reflecting as many before the
    first pixel makes it so without losing any.
    """
    return cell(pattern)[0]


def to_rggb(mosaic, pattern: str):
    """Crops `[B, H, W, 1]` to red first and even sizes (Liu et al. 2019)."""
    row, column = rggb_origin(pattern)
    height, width = mosaic.shape[1:3]
    return mosaic[
        :,
        row : row + (height - row) // 2 * 2,
        column : column + (width - column) // 2 * 2,
    ]


def unify(mosaic, pattern: str, mode: str = "crop", xp=np):
    """Shifts a mosaic `[B, H, W, 1]` of any pattern to RGGB, sizes even.

    Bayer unification (Liu et al. 2019): a network that learns RGGB may see any
    sensor if its mosaic is shifted, never if planes are swapped.

    Args:
        mosaic: at least 2 x 2 pixels.
        pattern: its CFA pattern.
        mode: `"crop"` cuts up to one row and column at each side (training);
            `"pad"` mirrors as much in about the outer pixels and loses none
            (whole frames: cut `rggb_origin` and the rest off afterwards).
        xp: namespace of the arrays.
    """
    if mode not in MODES:
        raise ValueError(
            f"`mode` must be one of {', '.join(MODES)}. Received: {mode!r}"
        )
    if mode == "crop":
        return to_rggb(mosaic, pattern)
    row, column = rggb_origin(pattern)
    height, width = mosaic.shape[1:3]
    # Mirroring about a pixel keeps even places even: the CFA goes on.
    return xp.pad(
        mosaic,
        (
            (0, 0),
            (row, (height + row) % 2),
            (column, (width + column) % 2),
            (0, 0),
        ),
        mode="reflect",
    )
