"""Lens shading: the gain `L` that brings the corners of a frame up.

A pixel that was multiplied by `L` has the noise of its place,

    Var[L y | L x] = (a L) (L x) + b L^2,

so a shading-corrected frame has no one `(a, b)`. Divided by `L` it has.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ShadingMap:
    """Gains over a frame, interpolated bilinearly.

    The first and the last row and column of the map lie on the outer pixels of
    the frame, as those of Android's lens-shading map do.

    Attributes:
        gains: `[4, rows, columns]` of R, Gr, Gb, B; each side 2 or more.
    """

    gains: np.ndarray

    @property
    def low(self) -> float:
        """The smallest gain."""
        return float(self.gains.min())

    @property
    def high(self) -> float:
        """The largest gain."""
        return float(self.gains.max())

    def grid(self, plane: int, rows, columns, shape) -> np.ndarray:
        """Returns the gains of one plane where rows and columns cross.

        Args:
            plane: 0..3 of R, Gr, Gb, B.
            rows: `[h]` of the frame.
            columns: `[w]` of the frame.
            shape: `(H, W)` of the frame.

        Returns:
            `[h, w]` float32.
        """
        gains = self.gains[plane]
        (top, down), (left, right) = (
            _between(places, size, number)
            for places, size, number in zip(
                (rows, columns), shape, gains.shape, strict=True
            )
        )
        lines = gains[top] + down[:, None] * (gains[top + 1] - gains[top])
        low, high = lines[:, left], lines[:, left + 1]
        return low + right * (high - low)

    def at(self, planes, rows, columns, shape) -> np.ndarray:
        """Returns the gains of single pixels, `[n]` float32.

        Args:
            planes: `[n]`, 0..3 of R, Gr, Gb, B.
            rows: `[n]` of the frame.
            columns: `[n]` of the frame.
            shape: `(H, W)` of the frame.
        """
        (top, down), (left, right) = (
            _between(places, size, number)
            for places, size, number in zip(
                (rows, columns), shape, self.gains.shape[1:], strict=True
            )
        )
        corners = [
            [self.gains[planes, top + i, left + j] for j in (0, 1)]
            for i in (0, 1)
        ]
        upper, lower = (low + right * (high - low) for low, high in corners)
        return upper + down * (lower - upper)


def _between(places, size, number):
    """Returns the map's line before each place, and how far it is behind."""
    step = np.float32((number - 1) / max(size - 1, 1))
    x = np.asarray(places, np.float32) * step
    index = np.clip(x.astype(np.int64), 0, number - 2)
    return index, (x - index).astype(np.float32)
