"""A frame as tiles: cut, brought to RGGB, mirrored at its edges, put back."""

import numpy as np

from fanet_tf.denoising import brightness
from fanet_tf.denoising import tiles
from fanet_tf.raw import cfa


class Frame:
    """Cuts RGGB tiles out of a mosaic of any size and pattern.

    Args:
        mosaic: `[H, W]` counts of the sensor.
        pattern: its CFA pattern.
        black: `[4]` (or `[1]`) black level of R, Gr, Gb, B in counts.
        span: white minus black, likewise.

    Attributes:
        height: packed pixels of the frame, once it is brought to RGGB.
        width: likewise.
    """

    def __init__(
        self,
        mosaic: np.ndarray,
        pattern: str,
        black: np.ndarray,
        span: np.ndarray,
    ):
        self.mosaic = mosaic
        self.places = cfa.cell(pattern)
        self.row, self.column = cfa.rggb_origin(pattern)
        self.black = black
        self.span = span
        height, width = mosaic.shape
        # Packed size when `row` and `column` are mirrored in at the start.
        self.height = (height + self.row + 1) // 2
        self.width = (width + self.column + 1) // 2

    def grid(self, tile):
        """Yields the spans of each tile, in packed pixels of the frame."""
        self.margin = margin = tiles.margin(tile.halo, tile.stride)
        rows, columns = (
            tiles.spans(
                tiles.padded_size(size, side, tile.halo, tile.stride),
                side,
                tile.halo,
                tile.stride,
            )
            for size, side in (
                (self.height, tile.height),
                (self.width, tile.width),
            )
        )
        for row in rows:
            for column in columns:
                spans = [
                    tiles.Span(
                        span.start - margin,
                        max(span.keep_start - margin, 0),
                        min(span.keep_stop - margin, size),
                    )
                    for span, size in (
                        (row, self.height),
                        (column, self.width),
                    )
                ]
                if all(span.keep_start < span.keep_stop for span in spans):
                    yield spans

    def tile(self, top, left, tile):
        """Returns `[h, w, 4]` float32 at packed `(top, left)`."""
        rows = _places(2 * top - self.row, 2 * tile.height, len(self.mosaic))
        columns = _places(
            2 * left - self.column, 2 * tile.width, self.mosaic.shape[1]
        )
        counts = self.mosaic[rows]
        counts = counts[:, columns].astype(np.float32)
        packed = cfa.pack(counts[None, :, :, None])[0]
        packed -= self.black
        packed /= self.span
        return packed

    def put(self, mosaic, packed, kept, factor):
        """Writes packed values of the span `kept` into `mosaic`."""
        values = packed * self.span + self.black
        if factor is not None:
            values = np.clip(np.rint(values * factor), 0, 65535)
        part = cfa.unpack(values[None])[0, :, :, 0]
        height, width = self.mosaic.shape
        top = 2 * kept[0].start - self.row
        left = 2 * kept[1].start - self.column
        part = part[max(-top, 0) :, max(-left, 0) :]
        top, left = max(top, 0), max(left, 0)
        part = part[: height - top, : width - left]
        mosaic[top : top + part.shape[0], left : left + part.shape[1]] = part

    def brightness(self, a, b):
        """Returns what measures the means, see `brightness`."""
        floor = brightness.floor_of(self.mosaic, self.places)
        return brightness.Brightness(a, b, (floor - self.black) / self.span)

    def restore(self, mosaic, means, factor):
        """Puts the means back into the denoised mosaic."""
        for index, (row, column) in enumerate(self.places):
            black, span = self.black[index], self.span[index]
            plane = mosaic[row::2, column::2]
            if factor is None:
                for line in plane:
                    x = means.restore((line - black) / span, index)
                    line[:] = x * span + black
                continue
            counts = np.arange(65536)
            x = means.restore((counts / factor - black) / span, index)
            table = np.rint((x * span + black) * factor)
            plane[:] = np.clip(table, 0, 65535).astype(np.uint16)[plane]


def _places(start, count, size):
    """Rows (or columns) `start .. start + count`, mirrored into the frame."""
    if start >= 0 and start + count <= size:
        return slice(start, start + count)
    return tiles.reflect(np.arange(start, start + count), size)
