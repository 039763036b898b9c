"""A frame as tiles: cut, brought to RGGB, mirrored at its edges, put back."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fanet_tf.denoising import brightness
from fanet_tf.denoising import tiles
from fanet_tf.denoising.bundle import Tile
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa


class Place(NamedTuple):
    """Where a tile lies on a frame, in packed pixels of the frame.

    Attributes:
        rows: its span along the rows.
        columns: its span along the columns.
    """

    rows: tiles.Span
    columns: tiles.Span

    def kept(self, tile: np.ndarray) -> np.ndarray:
        """Returns the kept part of a tile `[h, w, 4]`, a view."""
        rows, columns = (
            slice(span.keep_start - span.start, span.keep_stop - span.start)
            for span in self
        )
        return tile[rows, columns]


class Frame:
    """Cuts RGGB tiles out of the active area of a frame.

    Args:
        image: of any size and pattern.

    Attributes:
        mosaic: `[H, W]` counts of the active area, a view.
        offsets: what black adds from place to place, or None.
        black: `[4]` black level of R, Gr, Gb, B in counts.
        span: `[4]` white less black, likewise.
        places: `(row, column)` of R, Gr, Gb, B in the 2 x 2 cell.
        height: packed pixels of the frame, once it is brought to RGGB.
        width: likewise.
    """

    def __init__(self, image: RawImage):
        self.mosaic = image.visible
        self.offsets = image.black_offsets
        self.black = np.asarray(image.black_level, np.float32)
        self.span = np.float32(image.white_level) - self.black
        self.places = cfa.cell(image.pattern)
        self.row, self.column = cfa.rggb_origin(image.pattern)
        height, width = self.mosaic.shape
        # Packed size when `row` and `column` are mirrored in at the start.
        self.height = (height + self.row + 1) // 2
        self.width = (width + self.column + 1) // 2

    def grid(self, tile: Tile) -> Iterator[Place]:
        """Yields the place of each tile that covers the frame."""
        rows = _spans(self.height, tile.height, tile)
        columns = _spans(self.width, tile.width, tile)
        return (Place(row, column) for row in rows for column in columns)

    def cut(self, place: Place, tile: Tile) -> np.ndarray:
        """Returns the tile at a place, `[h, w, 4]` float32, 1 = white."""
        height, width = self.mosaic.shape
        rows = _mirrored(
            2 * place.rows.start - self.row, 2 * tile.height, height
        )
        columns = _mirrored(
            2 * place.columns.start - self.column, 2 * tile.width, width
        )
        counts = self.mosaic[rows]
        counts = counts[:, columns].astype(np.float32)
        packed = cfa.pack(counts[None, :, :, None])[0]
        if self.offsets is None:
            packed -= self.black
            packed /= self.span
            return packed
        offsets = cfa.pack(self.offsets.at(rows, columns)[None, :, :, None])[0]
        packed -= self.black + offsets
        packed /= self.span - offsets
        return packed

    def counts(self, packed: np.ndarray, place: Place) -> np.ndarray:
        """Returns the counts of the kept part `[h, w, 4]` of a tile."""
        if self.offsets is None:
            return packed * self.span + self.black
        height, width = self.mosaic.shape
        rows, columns = (
            _mirrored(2 * span.keep_start - shift, 2 * count, size)
            for span, shift, count, size in zip(
                place,
                (self.row, self.column),
                packed.shape,
                (height, width),
                strict=False,
            )
        )
        offsets = cfa.pack(self.offsets.at(rows, columns)[None, :, :, None])[0]
        return packed * (self.span - offsets) + self.black + offsets

    def brightness(self, a: float, b: float) -> brightness.Brightness:
        """Returns a measure of the means of its planes."""
        floor = brightness.floor_of(self.mosaic, self.places)
        if self.offsets is not None:
            floor = floor - np.float32(self.offsets.lowest())
        return brightness.Brightness(a, b, (floor - self.black) / self.span)


class Output:
    """The denoised mosaic of a frame, filled part by part.

    Args:
        frame: as it was.
        factor: gives counts `factor` times those of the frame, rounded to
            uint16; None gives float32 in the units of the frame.

    Attributes:
        mosaic: `[H, W]`.
    """

    def __init__(self, frame: Frame, factor: int | None = None):
        self.frame, self.factor = frame, factor
        self.mosaic = np.empty(
            frame.mosaic.shape, np.float32 if factor is None else np.uint16
        )

    def put(self, packed: np.ndarray, place: Place) -> None:
        """Writes the kept part `[h, w, 4]` of a tile."""
        frame = self.frame
        values = frame.counts(packed, place)
        if self.factor is not None:
            values = np.clip(np.rint(values * self.factor), 0, 65535)
        part = cfa.unpack(values[None])[0, :, :, 0]
        height, width = self.mosaic.shape
        top = 2 * place.rows.keep_start - frame.row
        left = 2 * place.columns.keep_start - frame.column
        part = part[max(-top, 0) :, max(-left, 0) :]
        top, left = max(top, 0), max(left, 0)
        part = part[: height - top, : width - left]
        self.mosaic[top : top + part.shape[0], left : left + part.shape[1]] = (
            part
        )

    def restore(self, means: brightness.Brightness) -> None:
        """Puts the mean of each plane back, when all parts are there."""
        offsets = self.frame.offsets
        for index, (row, column) in enumerate(self.frame.places):
            black, span = self.frame.black[index], self.frame.span[index]
            plane = self.mosaic[row::2, column::2]
            if self.factor is None or offsets is not None:
                for y, line in enumerate(plane):
                    here = black
                    if offsets is not None:
                        place = slice(row + 2 * y, row + 2 * y + 1)
                        here = (
                            black + offsets.at(place, slice(column, None, 2))[0]
                        )
                    self._restore_line(line, means, index, here, black + span)
                continue
            counts = np.arange(65536)
            x = means.restore((counts / self.factor - black) / span, index)
            table = np.rint((x * span + black) * self.factor)
            plane[:] = np.clip(table, 0, 65535).astype(np.uint16)[plane]

    def _restore_line(self, line, means, index, black, white):
        """The same for one line of a plane, whatever its black."""
        factor = self.factor or 1
        x = means.restore((line / factor - black) / (white - black), index)
        counts = factor * (x * (white - black) + black)
        if self.factor is not None:
            counts = np.clip(np.rint(counts), 0, 65535)
        line[:] = counts


def _spans(size: int, side: int, tile: Tile) -> list[tiles.Span]:
    """Returns the tiles along one axis that keep something of the frame."""
    margin = tiles.margin(tile.halo, tile.stride)
    padded = tiles.padded_size(size, side, tile.halo, tile.stride)
    spans = [
        tiles.Span(
            span.start - margin,
            max(span.keep_start - margin, 0),
            min(span.keep_stop - margin, size),
        )
        for span in tiles.spans(padded, side, tile.halo, tile.stride)
    ]
    return [span for span in spans if span.keep_start < span.keep_stop]


def _mirrored(start: int, count: int, size: int) -> slice | np.ndarray:
    """Rows (or columns) `start .. start + count`, mirrored into the frame."""
    if start >= 0 and start + count <= size:
        return slice(start, start + count)
    return tiles.reflect(np.arange(start, start + count), size)
