"""Where tiles lie on a frame, and which part of each is kept.

Everything counts packed pixels of the padded frame. The frame is padded by
reflection about its outer sensor pixels, which keeps the phase of any CFA:

    margin | frame ... | rest up to a multiple of the stride | margin

so that the network's own zero padding does not touch the picture. A tile is no
larger than that, so the result does not depend on its size; only where it has a
size that cannot be changed is a smaller frame padded to one tile.
"""

from typing import NamedTuple

import numpy as np

# The network's effective radius: with a halo of 16 a trained four-level net
# erred by at most one count of 1023.
_MARGIN = 16


class Span(NamedTuple):
    """One tile along one axis.

    Attributes:
        start: of the tile.
        keep_start: first pixel kept.
        keep_stop: one past the last pixel kept.
    """

    start: int
    keep_start: int
    keep_stop: int


def margin(halo: int, stride: int) -> int:
    """Returns the padding on each side, a multiple of `stride`."""
    return -(-min(halo, _MARGIN) // stride) * stride


def padded_size(size: int, tile: int, halo: int, stride: int) -> int:
    """Returns the size of the padded frame along one axis, at least a tile.

    Where the tile can be chosen it is no larger than the frame padded by its
    margins: what `padded_size(size, 0, ...)` gives.
    """
    padded = -(-size // stride) * stride + 2 * margin(halo, stride)
    return max(padded, tile)


def sides(padded: int, halo: int, stride: int) -> list[tuple[int, int]]:
    """Returns `(number, side)`: of how many tiles, and how small they can be.

    The first is one tile, as large as the padded frame; the last ones are
    little more than their halos. Of the numbers that have the same side the
    least is given.
    """
    found = [(1, padded)]
    lost = -(-2 * halo // stride) * stride
    for number in range(2, padded // stride + 1):
        side = padded + (number - 1) * lost
        side = -(-side // (number * stride)) * stride
        if side == lost:
            break
        if side < found[-1][1]:
            found.append((1 + -(-(padded - side) // (side - lost)), side))
    return found


def spans(padded: int, tile: int, halo: int, stride: int) -> list[Span]:
    """Covers `padded` pixels with tiles; each pixel is kept exactly once.

    Tiles start at multiples of `stride`. The outer `halo` pixels are thrown
    away, except at the padded frame's own edges, where the network sees what
    it would see in one run over the whole padded frame.
    """
    if (padded - tile) % stride or tile % stride or tile > padded:
        raise ValueError(
            "A padded size and its tile must be multiples of the stride. "
            f"Received: padded={padded}, tile={tile}, stride={stride}"
        )
    step = (tile - 2 * halo) // stride * stride
    if step < 1 and padded > tile:
        raise ValueError(
            "A tile must be larger than two halos and a stride. "
            f"Received: tile={tile}, halo={halo}, stride={stride}"
        )
    last = padded - tile
    starts = list(range(0, last, step or 1)) + [last]
    # Where two tiles meet: `halo` into the earlier's end, or less far if the
    # last one lies closer.
    edges = [0] + [start + halo for start in starts[1:]] + [padded]
    return [
        Span(start, low, high)
        for start, low, high in zip(starts, edges[:-1], edges[1:], strict=True)
    ]


def reflect(indices: np.ndarray, size: int) -> np.ndarray:
    """Maps any index into `0..size - 1`, mirrored about the outer pixels.

    Mirroring about a pixel (not about its border) keeps even places even and
    odd ones odd: the CFA goes on as it is. With one pixel there is only it.
    """
    if size == 1:
        return np.zeros_like(indices)
    indices = np.abs(indices) % (2 * (size - 1))
    return np.where(indices < size, indices, 2 * (size - 1) - indices)
