"""A frame as tiles: cut, brought to RGGB, mirrored at its edges, put back.

A shading-corrected frame is divided by its gains on the way out and multiplied
by them on the way back: in between its noise is the same everywhere.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from fanet_tf.denoising import brightness
from fanet_tf.denoising import stripes
from fanet_tf.denoising import tiles
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.kept_rows import KeptRows
from fanet_tf.errors import InputError
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw.shading import ShadingMap

# Rows of the largest map of Android (`SHADING_MAP_SIZE`).
_COARSE = 64
# Rows of a plane that are restored at a time: they stay in the cache.
_ROWS = 16


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
        shading: the gains that its active area was multiplied by; None: none.
        is_spent: nobody else needs the pixels, so an `Output` may be written
            over them; tiles are then cut in the order of `grid`.

    Raises:
        InputError: the map is of another frame: finer, turned by 90 degrees,
            or one gain a pixel for another size.

    Attributes:
        mosaic: `[H, W]` counts of the active area, a view.
        is_spent: whether an `Output` may be written over them.
        offsets: what black adds from place to place, or None.
        shading: as given.
        black: `[4]` black level of R, Gr, Gb, B in counts.
        span: `[4]` white less black, likewise.
        places: `(row, column)` of R, Gr, Gb, B in the 2 x 2 cell.
        height: packed pixels of the frame, once it is brought to RGGB.
        width: likewise.
    """

    def __init__(
        self,
        image: RawImage,
        shading: ShadingMap | None = None,
        is_spent: bool = False,
    ):
        self.mosaic = image.visible
        self.is_spent = is_spent and self.mosaic.flags.writeable
        self._kept = KeptRows(self.mosaic)
        self.offsets, self.shading = image.black_offsets, shading
        if shading is not None:
            _check_map(shading, self.mosaic.shape)
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
        """Returns the tile at a place, `[h, w, 4]` float32.

        It is as it was before the shading correction.
        """
        rows, columns = self._pixels(place, tile)
        counts = self._rows(rows, 2 * tile.height)[:, columns]
        levels = self._levels(rows, columns)
        packed = np.empty((tile.height, tile.width, 4), np.float32)
        # Plane by plane: an innermost axis of four makes arithmetic slow.
        for index, (down, across) in enumerate(cfa.cell("RGGB")):
            black, span = (level[..., index] for level in levels)
            plane = packed[..., index]
            np.subtract(
                counts[down::2, across::2], black, out=plane, dtype=np.float32
            )
            plane /= span
        if self.shading is not None:
            packed *= self.white(place, tile)
        return packed

    def white(self, place: Place, tile: Tile) -> np.ndarray | float:
        """Returns where the tile is saturated.

        That is at 1, or with a shading correction at one over its gain,
        `[h, w, 4]`.
        """
        if self.shading is None:
            return 1.0
        rows, columns = map(_indices, self._pixels(place, tile))
        return 1.0 / self._gains(rows, columns)

    def _pixels(self, place, tile):
        """Returns the rows and columns of the mosaic that a tile holds."""
        height, width = self.mosaic.shape
        return (
            _mirrored(2 * place.rows.start - self.row, 2 * tile.height, height),
            _mirrored(
                2 * place.columns.start - self.column, 2 * tile.width, width
            ),
        )

    def _rows(self, rows, most):
        """Returns rows as they were; a tile has `most` of them."""
        if not self.is_spent:
            return self.mosaic[rows]
        # The last tiles mirror no row that lies further from the end.
        mirrored = max(len(self.mosaic) - most, 0)
        rows = _indices(rows)
        return self._kept.read(rows, min(int(rows.min()), mirrored))

    def counts(
        self, packed: np.ndarray, place: Place
    ) -> Iterator[tuple[np.ndarray, tuple[slice, slice]]]:
        """Yields the counts of the kept part `[h, w, 4]` of a tile.

        Each plane comes with the rows and columns of the mosaic that it fills.
        """
        origins = (self.row, self.column)
        pixels = [
            np.arange(2 * span.keep_start, 2 * span.keep_stop) - origin
            for span, origin in zip(place, origins, strict=True)
        ]
        rows, columns = (
            tiles.reflect(indices, size)
            for indices, size in zip(pixels, self.mosaic.shape, strict=True)
        )
        levels = self._levels(rows, columns)
        shaded = self.shading is not None
        gains = self._gains(rows, columns) if shaded else None
        for index, cell in enumerate(cfa.cell("RGGB")):
            black, span = (level[..., index] for level in levels)
            plane = packed[..., index]
            if shaded:
                plane = plane * gains[..., index]
            plane = plane * span
            plane += black
            inside, parts = zip(
                *(
                    _inside(indices[first::2], size)
                    for indices, first, size in zip(
                        pixels, cell, self.mosaic.shape, strict=True
                    )
                ),
                strict=True,
            )
            yield plane[inside], parts

    def _levels(self, rows, columns):
        """Returns black, and white less black, of some pixels: `[..., 4]`."""
        if self.offsets is None:
            return self.black, self.span
        offsets = self.offsets.at(rows, columns)[None, :, :, None]
        offsets = cfa.pack(offsets)[0]
        return self.black + offsets, self.span - offsets

    def _gains(self, rows, columns):
        planes = [
            self.shading.grid(
                plane, rows[down::2], columns[across::2], self.mosaic.shape
            )
            for plane, (down, across) in enumerate(cfa.cell("RGGB"))
        ]
        return np.stack(planes, axis=-1)

    def brightness(self, a: float, b: float) -> brightness.Brightness:
        """Returns a measure of the means of its planes, as they are now."""
        floor = brightness.floor_of(self.mosaic, self.places)
        if self.offsets is not None:
            floor = floor - np.float32(self.offsets.lowest())
        floor = (floor - self.black) / self.span
        if self.shading is not None:
            # Before the correction it varied; this is the highest it was.
            floor = np.maximum(
                floor / self.shading.low, floor / self.shading.high
            )
        means = brightness.Brightness(a, b, floor)
        for noisy, white in stripes.cut(self, self.mosaic):
            means.see(noisy, white)
        return means


class Output:
    """The denoised mosaic of a frame, filled part by part.

    It is written over the frame's own where that is spent and as fine.

    Args:
        frame: as it was.
        factor: gives counts `factor` times those of the frame, rounded to
            uint16; None gives float32 in the units of the frame.

    Attributes:
        mosaic: `[H, W]`.
    """

    def __init__(self, frame: Frame, factor: int | None = None):
        self.frame, self.factor = frame, factor
        dtype = np.float32 if factor is None else np.uint16
        self.mosaic = frame.mosaic
        if not frame.is_spent or self.mosaic.dtype != dtype:
            self.mosaic = np.empty(frame.mosaic.shape, dtype)

    def put(self, packed: np.ndarray, place: Place) -> None:
        """Writes the kept part `[h, w, 4]` of a tile."""
        for counts, parts in self.frame.counts(packed, place):
            if self.factor is not None:
                counts *= self.factor
                np.rint(counts, out=counts)
                np.clip(counts, 0, 65535, out=counts)
            self.mosaic[parts] = counts

    def measure(self, means: brightness.Brightness) -> None:
        """Measures what was taken from the means, when all parts are there.

        Args:
            means: of `Frame.brightness`.
        """
        for part, _ in stripes.cut(self.frame, self.mosaic, self.factor or 1):
            means.compare(part)

    def restore(self, means: brightness.Brightness) -> None:
        """Puts the mean of each plane back, when it was measured."""
        offsets, shading = self.frame.offsets, self.frame.shading
        is_even = offsets is None and shading is None
        for index, (row, column) in enumerate(self.frame.places):
            plane = self.mosaic[row::2, column::2]
            if self.factor is not None and is_even:
                table = self._restored(np.arange(65536), means, index)
                plane[:] = table.astype(np.uint16)[plane]
                continue
            columns = np.arange(column, self.mosaic.shape[1], 2)
            gain, offset = 1.0, 0.0
            for top in range(0, len(plane), _ROWS):
                part = plane[top : top + _ROWS]
                rows = row + 2 * np.arange(top, top + len(part))
                if offsets is not None:
                    offset = offsets.at(rows, columns)
                if shading is not None:
                    gain = shading.grid(index, rows, columns, self.mosaic.shape)
                part[:] = self._restored(part, means, index, gain, offset)

    def _restored(self, counts, means, index, gain=1.0, offset=0.0):
        black = self.frame.black[index] + offset
        span = self.frame.span[index] - offset
        factor = self.factor or 1
        x = means.restore((counts / factor - black) / span, index, gain)
        counts = (x * span + black) * factor
        if self.factor is None:
            return counts
        return np.clip(np.rint(counts), 0, 65535)


def _check_map(shading, shape):
    """Raises `InputError` if the map cannot be of a frame `[H, W]`."""
    size = shading.gains.shape[1:]
    told = "Received: a map of {} x {}, a frame of {} x {} pixels".format(
        *size, *shape
    )
    if size[0] > shape[0] or size[1] > shape[1]:
        raise InputError(
            f"A shading map must not be finer than the frame. {told}"
        )
    if (size[0] - size[1]) * (shape[0] - shape[1]) < 0:
        raise InputError(
            "A shading map must have its longer side where the frame has its "
            f"own. {told}"
        )
    # A coarse grid belongs to frames of any size, one gain a pixel does not.
    is_fine = size[0] > shape[0] // 2 and size[0] > _COARSE
    if is_fine and size != shape:
        raise InputError(
            "A shading map with a gain for each pixel must have the size of "
            f"the frame. {told}"
        )


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


def _inside(indices: np.ndarray, size: int) -> tuple[slice, slice]:
    """Returns which of every second row lie in the frame, and where."""
    first = int(indices[0] < 0)
    last = int(np.searchsorted(indices, size))
    start = int(indices[0]) + 2 * first
    return slice(first, last), slice(start, start + 2 * (last - first), 2)


def _mirrored(start: int, count: int, size: int) -> slice | np.ndarray:
    """Rows (or columns) `start .. start + count`, mirrored into the frame."""
    if start >= 0 and start + count <= size:
        return slice(start, start + count)
    return tiles.reflect(np.arange(start, start + count), size)


def _indices(places: slice | np.ndarray) -> np.ndarray:
    if isinstance(places, slice):
        return np.arange(places.start, places.stop)
    return places
