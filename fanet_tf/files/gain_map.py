"""Reads the lens-shading gains that a DNG leaves to its developer.

`OpcodeList2` is applied to the linear counts, so those in the file are before
the gains. Reference: DNG 1.7.1, chapter 7; opcode 9 is GainMap. All of it is
big-endian, whatever the file is.
"""

import os
import pathlib
import struct
from typing import NamedTuple

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import raw_table
from fanet_tf.files import reader
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

_OPCODE_LIST_2, _GAIN_MAP = 51009, 9
_OPCODE = struct.Struct(">IIII")  # Number, version, flags, bytes of its data.
_HEAD = struct.Struct(">10I4dI")
_FINER = 8  # Than a map that does not end where the frame ends.


class _Map(NamedTuple):
    """One opcode.

    Attributes:
        top_left: the first pixel that it multiplies, in the active area.
        bottom_right: behind the last one.
        pitch: from one row, and one column, to the next.
        spacing: of its points, where the frame's height and width are 1.
        origin: of the first point.
        gains: `[rows, columns]`.
    """

    top_left: tuple[int, int]
    bottom_right: tuple[int, int]
    pitch: tuple[int, int]
    spacing: tuple[float, float]
    origin: tuple[float, float]
    gains: np.ndarray

    def covers(self, place, shape) -> bool:
        """Returns whether it multiplies a place of each cell of a frame.

        Raises:
            ValueError: it multiplies some of them.
        """
        places = [
            np.isin(
                np.arange(first, side, 2),
                # Older Androids end a pixel early.
                np.arange(start, min(stop + 1, side), max(step, 1)),
            )
            for first, side, start, stop, step in zip(
                place,
                shape,
                self.top_left,
                self.bottom_right,
                self.pitch,
                strict=True,
            )
        ]
        if all(one.all() for one in places):
            return True
        if all(one.any() for one in places):
            raise ValueError(
                f"a GainMap must cover the {shape[0]} rows and {shape[1]} "
                f"columns of the frame. Received: {self.top_left} to "
                f"{self.bottom_right}"
            )
        return False

    def lines(self, axis: int, side: int) -> int:
        """Returns how many points along an axis show all of its points."""
        number = self.gains.shape[axis]
        end = self.origin[axis] + self.spacing[axis] * (number - 1)
        spans = abs(self.origin[axis]) < 1e-3 and abs(end - 1.0) < 1e-3
        wanted = number if spans or number == 1 else _FINER * number
        return max(2, min(wanted, side))

    def at(self, rows, columns) -> np.ndarray:
        """Returns the gains where rows and columns cross, each in 0..1.

        Beyond its outer points they stay as there.
        """
        gains = self.gains
        for axis, places in ((0, rows), (1, columns)):
            if gains.shape[axis] > 1:
                x = (places - self.origin[axis]) / self.spacing[axis]
                x = np.clip(x, 0, gains.shape[axis] - 1)
                low = np.minimum(x.astype(int), gains.shape[axis] - 2)
                part = np.expand_dims(x - low, 1 - axis)
                before = np.take(gains, low, axis)
                gains = before + part * (np.take(gains, low + 1, axis) - before)
        return np.broadcast_to(gains, (len(rows), len(columns)))


def is_in(image: RawImage) -> bool:
    """Whether the file that a frame came from holds such gains."""
    if not image.is_dng:
        return False
    try:
        return bool(_maps(image))
    except ValueError:
        return False


def read(path: str | os.PathLike) -> np.ndarray:
    """Reads the gains of a DNG.

    Args:
        path: of a DNG with a GainMap in its OpcodeList2.

    Returns:
        `[4, rows, columns]` float32 of R, Gr, Gb, B; the outer points lie on
        the outer pixels of the active area, as in `raw.shading.ShadingMap`.

    Raises:
        InputError: it has none, or one that does not cover the frame.
    """
    path = pathlib.Path(path)
    image = reader.read(path)
    try:
        maps = _maps(image)
        if not maps:
            raise ValueError(
                "a shading map must be a GainMap in OpcodeList2. Received: none"
            )
        return _on_one_grid(maps, image)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _maps(image) -> list[_Map]:
    """Returns the gain maps of a DNG's OpcodeList2, in their order."""
    table = raw_table.find(image.source) if image.is_dng else None
    tag = table.tags.get(_OPCODE_LIST_2) if table else None
    maps = []
    try:
        number = struct.unpack_from(">I", tag.data)[0] if tag else 0
        at = 4
        for _ in range(number):
            kind, _, _, size = _OPCODE.unpack_from(tag.data, at)
            at += _OPCODE.size
            if kind == _GAIN_MAP:
                maps.append(_map(tag.data[at : at + size]))
            at += size
    except struct.error as error:
        raise ValueError(
            f"OpcodeList2 must be whole. Received: {len(tag.data)} bytes, and "
            "opcodes beyond them"
        ) from error
    return maps


def _map(data) -> _Map:
    head = _HEAD.unpack_from(data)
    top, left, bottom, right, _, _, *rest = head
    *pitch_and_shape, v_spacing, h_spacing, v_origin, h_origin, planes = rest
    row_pitch, column_pitch, rows, columns = pitch_and_shape
    count = rows * columns * planes
    spacing = v_spacing, h_spacing
    if not count or len(data) < _HEAD.size + 4 * count:
        raise ValueError(
            f"a GainMap must hold its {rows} x {columns} points. "
            f"Received: {max(len(data) - _HEAD.size, 0)} bytes"
        )
    if (
        not all(1e-6 < s < 1e6 for s in spacing)
        or not np.isfinite([v_origin, h_origin]).all()
    ):
        raise ValueError(
            "the points of a GainMap must lie apart. Received: spacing="
            f"{spacing}, origin={(v_origin, h_origin)}"
        )
    gains = np.frombuffer(data, ">f4", count, _HEAD.size)
    if not np.isfinite(gains).all():
        raise ValueError(
            "the gains of a GainMap must be finite. Received: "
            f"{gains[~np.isfinite(gains)][0]:g}"
        )
    return _Map(
        (top, left),
        (bottom, right),
        (row_pitch, column_pitch),
        spacing,
        (v_origin, h_origin),
        # A mosaic has one plane.
        gains.reshape(rows, columns, planes)[..., 0].astype(np.float64),
    )


def _on_one_grid(maps, image):
    """Returns the product of the maps that each plane gets."""
    shape = image.visible.shape
    number = [
        max(map_.lines(axis, shape[axis]) for map_ in maps) for axis in (0, 1)
    ]
    # The gains of a pixel are those at its middle.
    rows, columns = (
        (np.linspace(0, side - 1, count) + 0.5) / side
        for side, count in zip(shape, number, strict=True)
    )
    gains = np.ones((4, *number))
    for plane, place in enumerate(cfa.cell(image.pattern)):
        for map_ in maps:
            if map_.covers(place, shape):
                gains[plane] *= map_.at(rows, columns)
    return gains.astype(np.float32)
