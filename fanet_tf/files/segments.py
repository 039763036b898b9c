"""Where the pixels of a DNG's mosaic stand in its file: strips or tiles.

Whatever must hold before pixels are decoded is checked here: that the strips
or tiles are as many as the picture needs and lie within the file, and that
their coding is one that somebody here can read.
"""

import dataclasses
import math

from fanet_tf.errors import InputError
from fanet_tf.files import tiff

NONE, LOSSLESS_JPEG = 1, 7
DEFLATE = (8, 32946)
# Codings that neither LibRaw as it is built for Python nor we can read.
UNREADABLE = {
    9: "VC-5 (GoPro) compression",
    34892: "lossy JPEG compression (a lossy DNG)",
    52546: "JPEG XL compression",
}
_FLOAT = 3  # SampleFormat

_ALL_ROWS = (1 << 32) - 1


@dataclasses.dataclass(frozen=True)
class Segment:
    """One strip or tile.

    Attributes:
        offset: of its first byte.
        size: in bytes, as it is stored.
        top: row of its first pixel.
        left: column of its first pixel.
    """

    offset: int
    size: int
    top: int
    left: int


@dataclasses.dataclass(frozen=True)
class Segments:
    """The coding of a mosaic.

    Attributes:
        width: of the mosaic, pixels.
        height: likewise.
        bits: of a pixel.
        is_float: whether pixels are floating-point numbers.
        compression: TIFF's number.
        predictor: TIFF's number.
        segment_width: of a whole strip or tile, pixels.
        segment_height: likewise.
        is_tiled: whether they are tiles.
        parts: all of them, row by row.
    """

    width: int
    height: int
    bits: int
    is_float: bool
    compression: int
    predictor: int
    segment_width: int
    segment_height: int
    is_tiled: bool
    parts: list[Segment]

    def name(self, index: int) -> str:
        """Names a part in words: "strip 3 of 12 (rows 128 to 191)"."""
        part = self.parts[index]
        bottom = min(part.top + self.segment_height, self.height) - 1
        place = f"rows {part.top} to {bottom}"
        if self.is_tiled:
            right = min(part.left + self.segment_width, self.width) - 1
            place += f", columns {part.left} to {right}"
        kind = "tile" if self.is_tiled else "strip"
        return f"{kind} {index + 1} of {len(self.parts)} ({place})"

    def unpacked_size(self, part: Segment) -> int:
        """Returns the bytes a part has when it is not compressed."""
        rows = self.segment_height
        if not self.is_tiled:  # The last strip may be shorter.
            rows = min(rows, self.height - part.top)
        return rows * ((self.segment_width * self.bits + 7) // 8)


def _numbers(ifd, number, order):
    tag = ifd.tags.get(number)
    if tag is None or tag.type in (tiff.ASCII, tiff.UNDEFINED):
        return []
    return [int(n) for n in tiff.values(tag, order) if n == n]


def read(path, ifd: tiff.Ifd, order: str) -> Segments:
    """Reads the coding of a table's pixels.

    Args:
        path: of the file, for the message.
        ifd: the table.
        order: of the file's bytes.

    Raises:
        InputError: the coding cannot be read, or is not complete.
    """

    def one(number, default):
        return (_numbers(ifd, number, order) or [default])[0]

    compression = one(259, NONE)
    if compression in UNREADABLE:
        raise InputError(
            f"{path}: its pixels must be uncompressed or losslessly "
            f"compressed. Received: {UNREADABLE[compression]}, which is not "
            "supported"
        )
    for number, name in ((50975, "row"), (52547, "column")):
        if one(number, 1) != 1:
            raise InputError(
                f"{path}: its pixels must stand in the order of the picture. "
                f"Received: a {name} interleave factor of {one(number, 1)}"
            )
    width, height = one(256, 0), one(257, 0)
    tiled = 322 in ifd.tags
    if tiled:
        size = (one(322, 0), one(323, 0))
    else:
        size = (width, min(one(278, _ALL_ROWS) or _ALL_ROWS, height))
    if min(width, height, *size) < 1:
        raise InputError(
            f"{path}: must have a width and a height. Received: {width} x "
            f"{height} pixels in parts of {size[0]} x {size[1]}"
        )
    offsets = _numbers(ifd, 324 if tiled else 273, order)
    sizes = _numbers(ifd, 325 if tiled else 279, order)
    across, down = math.ceil(width / size[0]), math.ceil(height / size[1])
    if len(offsets) != across * down:
        raise InputError(
            f"{path}: its pixels must be complete. Received: {len(offsets)} "
            f"of {across * down} {'tiles' if tiled else 'strips'}"
        )
    sizes += [0] * (len(offsets) - len(sizes))  # Some writers leave them out.
    parts = [
        Segment(offset, count, i // across * size[1], i % across * size[0])
        for i, (offset, count) in enumerate(
            zip(offsets, sizes[: len(offsets)], strict=True)
        )
    ]
    return Segments(
        width,
        height,
        one(258, 1),
        one(339, 1) == _FLOAT,
        compression,
        one(317, 1),
        *size,
        tiled,
        parts,
    )


def check(path, segments: Segments, file_size: int) -> None:
    """Refuses a file that ends before its pixels do, or has holes in them.

    Args:
        path: of the file, for the message.
        segments: of its mosaic.
        file_size: in bytes.

    Raises:
        InputError: the first part that is missing is named.
    """
    for index, part in enumerate(segments.parts):
        size = part.size
        if segments.compression == NONE:
            # Writers disagree on the counts of bytes, and nobody needs them.
            size = segments.unpacked_size(part)
        if part.offset < 8 or size < 1:
            raise InputError(
                f"{path}: its pixels must be complete. Received: a damaged "
                f"file without {segments.name(index)}"
            )
        if part.offset + size > file_size:
            raise InputError(
                f"{path}: must be a whole file. Received: a file cut short: "
                f"{segments.name(index)} ends at byte {part.offset + size:,} "
                f"of {file_size:,}"
            )
    if segments.compression != NONE:
        # A small file must not make us read for hours.
        total = sum(part.size for part in segments.parts)
        if total > file_size:
            raise InputError(
                f"{path}: its strips or tiles must not overlap. Received: "
                f"{total:,} bytes in a file of {file_size:,}"
            )
