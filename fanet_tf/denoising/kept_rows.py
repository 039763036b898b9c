"""Rows of a mosaic as they were, while the result is written over it."""

import numpy as np


class KeptRows:
    """Keeps the rows that are still to be read; from the top to the bottom.

    Whoever writes stays above the last row that was asked for.

    Args:
        mosaic: `[H, W]`.
    """

    def __init__(self, mosaic: np.ndarray):
        self._mosaic = mosaic
        self._first, self._rows = 0, mosaic[:0].copy()

    def read(self, indices: np.ndarray, needed_from: int) -> np.ndarray:
        """Returns rows `[n, W]` as they were, as a view where that can be.

        Args:
            indices: `[n]` of the rows, none before the last `needed_from`.
            needed_from: the first row that this or a later call asks for.
        """
        end = self._first + len(self._rows)
        if (last := int(indices.max()) + 1) > end:
            kept = self._rows[needed_from - self._first :]
            self._rows = np.concatenate([kept, self._mosaic[end:last]])
            self._first = needed_from
        return self._rows[indices - self._first]
