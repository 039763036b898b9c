"""Reads a list of defective pixels, as `fanet-calibrate` writes one.

    {"height": 3120, "width": 4208,
     "defects": {"rows": [17, 17], "columns": [1204, 1205]}}

Rows and columns count from 0 in the whole mosaic of the file, with masked
borders where it has any (`RawImage.mosaic`), not in its active area. Other
fields are allowed. Height and width may be missing; where they are given, the
list belongs to frames of that size only.
"""

import dataclasses
import os
import pathlib

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import limits
from fanet_tf.files import strict_json


@dataclasses.dataclass(frozen=True)
class DefectList:
    """The defective pixels of a sensor, in reading order, each once.

    Attributes:
        path: where they were read from, for messages.
        rows: `[n]` of the whole mosaic.
        columns: likewise.
        shape: `(H, W)` of the whole mosaic; None where not known.
    """

    path: pathlib.Path
    rows: np.ndarray
    columns: np.ndarray
    shape: tuple[int, int] | None

    def check(self, shape: tuple[int, int]) -> None:
        """Raises `InputError` unless the list can be of a mosaic `[H, W]`."""
        if self.shape is not None and self.shape != shape:
            raise InputError(
                f"{self.path}: a list of defects must be of frames of one "
                f"size. Received: a list of {_size(self.shape)} pixels, a "
                f"frame of {_size(shape)}"
            )
        if len(self.rows) and (
            self.rows.max() >= shape[0] or self.columns.max() >= shape[1]
        ):
            raise InputError(
                f"{self.path}: defects must lie in the frame, {_size(shape)} "
                f"pixels. Received: row {self.rows.max()}, column "
                f"{self.columns.max()}"
            )


def read(path: str | os.PathLike) -> DefectList:
    """Reads a list of defective pixels.

    Raises:
        InputError: not such a file.
    """
    path = pathlib.Path(path)
    found = strict_json.read_object(path)
    defects = found.get("defects")
    if not isinstance(defects, dict):
        raise InputError(
            f"{path}: must have a field `defects` with rows and columns. "
            f"Received: {', '.join(map(repr, list(found)[:8])) or 'no field'}"
        )
    rows, columns = (
        _places(path, name, defects.get(name)) for name in ("rows", "columns")
    )
    if len(rows) != len(columns):
        raise InputError(
            f"{path}: `rows` and `columns` must be as many. "
            f"Received: {len(rows)} and {len(columns)}"
        )
    places = np.unique(np.stack([rows, columns], 1), axis=0)
    return DefectList(path, places[:, 0], places[:, 1], _shape(path, found))


def _places(path, name, numbers) -> np.ndarray:
    if not isinstance(numbers, list) or not all(
        type(n) is int and 0 <= n < limits.MAX_SIDE for n in numbers
    ):
        raise InputError(
            f"{path}: `defects.{name}` must be a list of integers from 0 to "
            f"{limits.MAX_SIDE - 1}. Received: {numbers!r:.80}"
        )
    return np.asarray(numbers, np.int64)


def _shape(path, found) -> tuple[int, int] | None:
    height, width = found.get("height"), found.get("width")
    if height is None and width is None:
        return None
    if not all(
        type(side) is int and 1 <= side <= limits.MAX_SIDE
        for side in (height, width)
    ):
        raise InputError(
            f"{path}: `height` and `width` must be integers from 1 to "
            f"{limits.MAX_SIDE}. Received: {height!r:.40}, {width!r:.40}"
        )
    return height, width


def _size(shape) -> str:
    return f"{shape[0]} x {shape[1]}"
