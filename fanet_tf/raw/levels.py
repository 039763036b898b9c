"""Black and white level: sensor counts to 0..1 and back."""

import numpy as np


def normalize(counts, black_level, white_level):
    """Maps counts to 0 = black, 1 = white; noise may pass below 0.

    Args:
        counts: array of any shape, sensor counts.
        black_level: number, or array that broadcasts with `counts`.
        white_level: number, or array that broadcasts with `counts`.
    """
    return (counts - black_level) / (white_level - black_level)


def denormalize(values, black_level, white_level):
    """Inverse of `normalize`; rounding is the caller's."""
    return values * (white_level - black_level) + black_level


def level_map(per_plane, pattern_cell, height: int, width: int):
    """Spreads one level per plane over a mosaic, `[1, H, W, 1]` float32.

    Args:
        per_plane: four numbers in the order R, Gr, Gb, B.
        pattern_cell: `cfa.cell(pattern)`.
        height: rows of the mosaic.
        width: columns of the mosaic.
    """
    levels = np.empty((1, height, width, 1), np.float32)
    for value, (row, column) in zip(per_plane, pattern_cell, strict=True):
        levels[:, row::2, column::2] = value
    return levels
