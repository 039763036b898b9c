"""A mosaic in counts, with the levels and the noise of its pixels."""

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True)
class NoisyMosaic:
    """A mosaic whose noise is known.

    Attributes:
        counts: `[H, W]`, uint16 or float32.
        black: `[2, 2]` counts that are black, by the place in the 2 x 2 cell.
        white: counts that are white.
        noise: `(a, b)`, where black is 0 and white is 1.
        gain: `f(rows, columns)`, the shading correction `L` that the counts
            have been multiplied by: their noise is `(a L, b L^2)`. None: none.
    """

    counts: np.ndarray
    black: np.ndarray
    white: float
    noise: tuple[float, float]
    gain: Callable | None = None

    @property
    def span(self) -> np.ndarray:
        """White less black, `[2, 2]`."""
        return np.float32(self.white) - np.asarray(self.black, np.float32)

    def signal(self, counts, rows, columns) -> np.ndarray:
        """Returns counts at some places as values, 0 = black, 1 = white."""
        span = self.span[rows & 1, columns & 1]
        return 1.0 + (counts - np.float32(self.white)) / span

    def counts_of(self, signal, rows, columns) -> np.ndarray:
        """Inverse of `signal`."""
        span = self.span[rows & 1, columns & 1]
        return np.float32(self.white) + (signal - 1.0) * span

    def variance(self, signal, rows, columns) -> np.ndarray:
        """Returns the variance of the noise where the scene is `signal`."""
        a, b = (np.float32(n) for n in self.noise)
        gain = np.float32(1.0)
        if self.gain is not None:
            gain = np.asarray(self.gain(rows, columns), np.float32)
        return gain * (a * np.maximum(signal, 0.0) + b * gain)


class Neighbours:
    """Reads pixels around some others; the frame's edge is mirrored.

    Args:
        mosaic: `[H, W]`.
        rows: `[n]` of the pixels in the middle.
        columns: likewise.
    """

    def __init__(self, mosaic, rows, columns):
        self._mosaic = mosaic
        self._rows, self._columns = (
            [
                [step(near, 2 * move, size) for move in (-1, 0, 1)]
                for near in (step(places, d, size) for d in (-1, 0, 1))
            ]
            for places, size in zip((rows, columns), mosaic.shape, strict=True)
        )

    def place(self, near=(0, 0), far=(0, 0)) -> tuple[np.ndarray, np.ndarray]:
        """Returns rows and columns of the pixels at an offset.

        Args:
            near: -1, 0 or 1 row and column from the middle.
            far: from there, -1, 0 or 1 pixel of the same colour.
        """
        return (
            self._rows[near[0] + 1][far[0] + 1],
            self._columns[near[1] + 1][far[1] + 1],
        )

    def at(self, near=(0, 0), far=(0, 0)) -> np.ndarray:
        """Returns the pixels at an offset, `[n]` float32; see `place`."""
        return self._mosaic[self.place(near, far)].astype(np.float32)


def step(places, offset: int, size: int):
    """Returns places moved by an offset; back instead, where that is outside.

    So the step has its length at the edge, too, and a pixel is no neighbour of
    itself; only where there is none on either side it stays.
    """
    ahead, back = places + offset, places - offset
    there = np.where((ahead >= 0) & (ahead < size), ahead, back)
    return np.where((there >= 0) & (there < size), there, places)
