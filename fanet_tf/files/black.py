"""Black that differs from place to place: what is added to a plane's level.

A DNG's black is the sum of a small pattern that repeats (BlackLevel with
BlackLevelRepeatDim), a number for each column (BlackLevelDeltaH) and one for
each row (BlackLevelDeltaV). The mean of each colour is a frame's black level;
what is left is kept here, and is exact.
"""

import dataclasses
import warnings

import numpy as np

from fanet_tf.files import tiff
from fanet_tf.raw import cfa

REPEAT, LEVEL, COLUMNS, ROWS = 50713, 50714, 50715, 50716
_MOST_REPEATS = 64
_TEXTS = (tiff.ASCII, tiff.UNDEFINED)


@dataclasses.dataclass(frozen=True, eq=False)
class BlackOffsets:
    """What black adds to the level of a plane, over the active area.

    Attributes:
        cell: `[r, c]`, even sizes, repeats over rows and columns.
        rows: `[H]`.
        columns: `[W]`.
    """

    cell: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    def at(self, rows, columns) -> np.ndarray:
        """Returns the offsets of a part, `[h, w]` float32.

        Args:
            rows: a slice, or an array of indices.
            columns: likewise.
        """
        r = np.arange(len(self.rows))[rows]
        c = np.arange(len(self.columns))[columns]
        high, wide = self.cell.shape
        cell = self.cell[np.ix_(r % high, c % wide)]
        return (cell + self.rows[r, None] + self.columns[c]).astype(np.float32)

    def scaled(self, factor: float) -> "BlackOffsets":
        """Returns the offsets of counts `factor` times as fine."""
        return BlackOffsets(
            self.cell * factor, self.rows * factor, self.columns * factor
        )

    def cropped(self, rows: slice, columns: slice) -> "BlackOffsets":
        """Returns the offsets of a part of the active area."""
        turn = -(rows.start or 0), -(columns.start or 0)
        cell = np.roll(self.cell, turn, (0, 1))
        return BlackOffsets(cell, self.rows[rows], self.columns[columns])

    def lowest(self) -> float:
        """Returns the least offset that any pixel may have."""
        return float(self.cell.min() + self.rows.min() + self.columns.min())

    def highest(self) -> float:
        """Returns the largest offset that any pixel may have."""
        return float(self.cell.max() + self.rows.max() + self.columns.max())


def _given(ifd, number, order):
    tag = ifd.tags.get(number)
    if tag is None or tag.type in _TEXTS:
        return None
    return np.array(tiff.values(tag, order), np.float64)


def read(path, ifd: tiff.Ifd, order: str, pattern: str, shape):
    """Reads the black of a DNG's mosaic.

    Args:
        path: of the file, for warnings.
        ifd: the table of the mosaic.
        order: of the file's bytes.
        pattern: at the corner of the active area.
        shape: of the active area.

    Returns:
        The levels of R, Gr, Gb, B and `BlackOffsets`; None for levels where
        no BlackLevel can be used, and for offsets where all are 0.
    """
    cell = _cell(path, ifd, order)
    deltas = []
    for number, count, name in (
        (ROWS, shape[0], "BlackLevelDeltaV"),
        (COLUMNS, shape[1], "BlackLevelDeltaH"),
    ):
        delta = _given(ifd, number, order)
        if delta is not None and (
            len(delta) != count or not np.isfinite(delta).all()
        ):
            _warn(
                path,
                f"{name} must hold {count} numbers. Received: {len(delta)}; "
                "it is left out",
            )
            delta = None
        deltas.append(np.zeros(count) if delta is None else delta)
    if cell is None and not any(delta.any() for delta in deltas):
        return None, None
    cell = np.zeros((2, 2)) if cell is None else cell
    # A pattern of odd size comes round after twice as many.
    cell = np.tile(cell, [1 + side % 2 for side in cell.shape])
    mean = sum(delta.mean() for delta in deltas)
    levels = []
    for row, column in cfa.cell(pattern):
        level = cell[row::2, column::2].mean()
        cell[row::2, column::2] -= level
        levels.append(float(level + mean))
    rows, columns = (delta - delta.mean() for delta in deltas)
    offsets = BlackOffsets(cell, rows, columns)
    whole = not (cell.any() or rows.any() or columns.any())
    return tuple(levels), None if whole else offsets


def _cell(path, ifd, order):
    """Returns the pattern that repeats, or None.

    Writers forget BlackLevelRepeatDim or give another; where all levels are
    one, or four for the four pixels of a Bayer cell, there is only one reading.
    """
    levels = _given(ifd, LEVEL, order)
    if levels is None:
        return None
    if not np.isfinite(levels).all():
        _warn(path, "BlackLevel must be finite; it is left out")
        return None
    repeat = _given(ifd, REPEAT, order)
    size = None
    if repeat is not None and len(repeat) == 2 and np.isfinite(repeat).all():
        size = [int(n) for n in repeat]
        if not all(1 <= n <= _MOST_REPEATS for n in size):
            size = None
    if len(levels) == 0:
        return None
    if size is not None and size[0] * size[1] == len(levels):
        return np.reshape(levels, size)
    if np.all(levels == levels[0]):
        return levels[:1, None]
    if len(levels) == 4 and size in (None, [1, 1]):
        return np.reshape(levels, (2, 2))
    said = (
        "no BlackLevelRepeatDim" if size is None else f"{size[0]} x {size[1]}"
    )
    mean = levels.mean()
    _warn(
        path,
        "BlackLevel must hold as many numbers as its pattern. Received: "
        f"{len(levels)} for {said}; their mean {mean:g} is used",
    )
    return np.full((1, 1), mean)


def _warn(path, text):
    warnings.warn(f"{path}: {text}", stacklevel=4)


def tags(levels, pattern: str, offsets: BlackOffsets | None, order: str):
    """Returns the tags that say this black.

    Args:
        levels: of R, Gr, Gb, B.
        pattern: at the corner of the active area.
        offsets: of `read`, or None.
        order: of the file's bytes.
    """
    cell = np.zeros((2, 2)) if offsets is None else offsets.cell.copy()
    for level, (row, column) in zip(levels, cfa.cell(pattern), strict=True):
        cell[row::2, column::2] += level
    lowest = cell.min()
    found = {}
    for number, name in ((ROWS, "rows"), (COLUMNS, "columns")):
        delta = getattr(offsets, name, None)
        if delta is not None and delta.any():
            found[number] = tiff.make(tiff.SRATIONAL, delta, order)
    if lowest < 0 and ROWS in found:
        # BlackLevel cannot be negative; a delta can.
        cell -= lowest
        delta = offsets.rows + lowest
        found[ROWS] = tiff.make(tiff.SRATIONAL, delta, order)
    whole = np.all(cell == np.rint(cell)) and cell.min() >= 0
    found[REPEAT] = tiff.make(tiff.SHORT, cell.shape, order)
    found[LEVEL] = tiff.make(
        tiff.LONG if whole else tiff.RATIONAL, cell.ravel(), order
    )
    return found
