"""The tag structure of TIFF files (DNG and most camera RAW): read and write.

An `Ifd` is a table of tags, tables it points to (EXIF, GPS, SubIFDs) and,
when written, its pixels. Values stay the bytes they were, in the byte order of
their file, so that what we do not understand is carried over unchanged.

References: TIFF 6.0; TIFF/EP (ISO 12234-2); DNG 1.7.
"""

import dataclasses
import os
import struct
from typing import NamedTuple

import numpy as np

from fanet_tf.files import inputs

BYTE, ASCII, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
UNDEFINED, SRATIONAL, FLOAT, DOUBLE, IFD = 7, 10, 11, 12, 13

# Type: (bytes a value, its struct code, numbers a value).
_TYPES = {
    1: (1, "B", 1),
    2: (1, "B", 1),
    3: (2, "H", 1),
    4: (4, "I", 1),
    5: (8, "I", 2),
    6: (1, "b", 1),
    7: (1, "B", 1),
    8: (2, "h", 1),
    9: (4, "i", 1),
    10: (8, "i", 2),
    11: (4, "f", 1),
    12: (8, "d", 1),
    13: (4, "I", 1),
    16: (8, "Q", 1),
    17: (8, "q", 1),
    18: (8, "Q", 1),
}

SUB_IFDS, EXIF, GPS, INTEROP, MAKER_NOTE = 330, 34665, 34853, 40965, 37500
_POINTERS = (SUB_IFDS, EXIF, GPS, INTEROP)
STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_BYTE_COUNTS = 273, 278, 279

# Classic, Big, Panasonic, Olympus (two).
_MAGIC = (42, 43, 0x55, 0x4F52, 0x5352)

# A damaged file may claim anything; a camera's file stays far below these.
_MAX_ENTRIES = 2048
_MAX_IFDS = 64
_MAX_DEPTH = 5
_MAX_VALUE_BYTES = 32 << 20
_MAX_TOTAL_BYTES = 128 << 20


class TiffError(ValueError):
    """The bytes are not a TIFF structure."""


class CutShortError(TiffError):
    """The file ends before something that it points to."""


class Tag(NamedTuple):
    """One entry of a table.

    Attributes:
        type: TIFF type number.
        count: of values.
        data: the values, in the byte order of the file.
        offset: where `data` stood in the file; None where that is no matter.
    """

    type: int
    count: int
    data: bytes
    offset: int | None = None


@dataclasses.dataclass
class Ifd:
    """A table of tags.

    Attributes:
        tags: tag number -> `Tag`, without the pointers to `children`.
        children: pointer's tag number -> the tables it points to.
        pixels: buffers written one after the other as the strips.
        offset: where the table stood in the file; None for a new one.
    """

    tags: dict[int, Tag] = dataclasses.field(default_factory=dict)
    children: dict[int, list["Ifd"]] = dataclasses.field(default_factory=dict)
    pixels: list = dataclasses.field(default_factory=list)
    offset: int | None = None


@dataclasses.dataclass
class Tiff:
    """A parsed file.

    Attributes:
        order: `"<"` or `">"`.
        ifds: the chain of main tables.
        dropped: what had to be left out because the file is damaged.
        size: bytes of the file.
        is_cut_short: whether some of that lies beyond the end of the file.
    """

    order: str
    ifds: list[Ifd]
    dropped: list[str]
    size: int = 0
    is_cut_short: bool = False


def values(tag: Tag, order: str) -> list:
    """Returns the numbers of a tag; rationals as floats, 0/0 as NaN."""
    size, code, numbers = _TYPES[tag.type]
    flat = struct.unpack(
        f"{order}{tag.count * numbers}{code}", tag.data[: tag.count * size]
    )
    if numbers == 1:
        return list(flat)
    return [
        n / d if d else float("nan")
        for n, d in zip(flat[::2], flat[1::2], strict=True)
    ]


def text(tag: Tag) -> str:
    """Returns the text of an ASCII tag, without the closing NULs."""
    return tag.data.split(b"\0")[0].decode("utf-8", "replace").strip()


def make(type_: int, numbers, order: str) -> Tag:
    """Builds a tag of numbers, text (ASCII) or bytes; rationals of floats."""
    if isinstance(numbers, str):
        numbers = numbers.encode("utf-8") + b"\0"
    if isinstance(numbers, bytes):
        return Tag(type_, len(numbers), numbers)
    numbers = list(np.atleast_1d(numbers))
    count = len(numbers)
    _, code, per_value = _TYPES[type_]
    if per_value == 2:
        numbers = [
            part for n in numbers for part in _fraction(float(n))
        ]  # fmt: skip
    elif code not in "fd":
        numbers = [int(n) for n in numbers]
    return Tag(
        type_, count, struct.pack(f"{order}{len(numbers)}{code}", *numbers)
    )


def _fraction(number: float):
    """Returns numerator and denominator, exact for up to six decimals."""
    denominator = 1_000_000
    while abs(number) * denominator >= 1 << 31 and denominator > 1:
        denominator //= 10
    return round(number * denominator), denominator


class _Parser:
    """Reads the tables of one open file, within the limits above."""

    def __init__(self, stream):
        self.stream = stream
        self.size = stream.seek(0, os.SEEK_END)
        self.dropped = []
        self.is_cut_short = False
        self.seen = set()
        self.total = 0
        header = self.at(0, min(16, self.size))
        self.order = {b"II": "<", b"MM": ">"}.get(header[:2])
        if self.order is None:
            raise TiffError("no TIFF header")
        if len(header) < 16:
            raise CutShortError(f"bytes {self.size} to 16 are missing")
        magic = self.unpack("H", header[2:4])
        if magic not in _MAGIC:
            raise TiffError("no TIFF header")
        self.big = magic == 43
        first = header[8:16] if self.big else header[4:8]
        self.first = self.unpack("Q" if self.big else "I", first)

    def at(self, offset, size):
        if offset < 0 or offset + size > self.size:
            raise CutShortError(
                f"bytes {offset} to {offset + size} are missing"
            )
        self.stream.seek(offset)
        data = self.stream.read(size)
        if len(data) != size:
            raise CutShortError(
                f"bytes {offset} to {offset + size} are missing"
            )
        return data

    def unpack(self, code, data):
        return struct.unpack(self.order + code, data)[0]

    def table(self, offset, depth=0):
        """Returns the table at `offset` and the offset of the next one."""
        if offset in self.seen or len(self.seen) >= _MAX_IFDS:
            raise TiffError(f"table at {offset} is part of a loop")
        if depth > _MAX_DEPTH:
            raise TiffError("tables are nested too deeply")
        self.seen.add(offset)
        head, entry_size, word = (8, 20, 8) if self.big else (2, 12, 4)
        code = {2: "H", 4: "I", 8: "Q"}
        count = self.unpack(code[head], self.at(offset, head))
        if not 0 < count <= _MAX_ENTRIES:
            raise TiffError(f"table at {offset} has {count} entries")
        block = self.at(offset + head, count * entry_size)
        ifd = Ifd(offset=offset)
        for start in range(0, len(block), entry_size):
            self.entry(ifd, block[start : start + entry_size], word, depth)
        try:
            after = offset + head + count * entry_size
            following = self.unpack(code[word], self.at(after, word))
        except TiffError:
            following = 0
        return ifd, following

    def entry(self, ifd, raw, word, depth):
        number = self.unpack("H", raw[0:2])
        type_ = self.unpack("H", raw[2:4])
        count = self.unpack("I" if word == 4 else "Q", raw[4 : 4 + word])
        if type_ not in _TYPES:
            self.dropped.append(f"tag {number}: unknown type {type_}")
            return
        size = count * _TYPES[type_][0]
        where = None
        try:
            if size <= word:
                data = raw[4 + word : 4 + word + size]
            else:
                where = self.unpack("I" if word == 4 else "Q", raw[4 + word :])
                self.total += size
                if size > _MAX_VALUE_BYTES or self.total > _MAX_TOTAL_BYTES:
                    raise TiffError(f"{size} bytes are too many")
                data = self.at(where, size)
            tag = Tag(type_, count, data, where)
            if number in _POINTERS:
                ifd.children[number] = [
                    self.table(child, depth + 1)[0]
                    for child in values(tag, self.order)
                ]
            else:
                ifd.tags[number] = tag
        except TiffError as error:
            self.dropped.append(f"tag {number}: {error}")
            self.is_cut_short |= isinstance(error, CutShortError)


def read(path) -> Tiff:
    """Parses the tables of a file.

    Raises:
        InputError: not a regular file.
        TiffError: the file does not begin with a readable main table.
    """
    with inputs.open_regular(path) as stream:
        return parse(stream)


def parse(stream) -> Tiff:
    """Parses the tables of an open file that can seek; see `read`."""
    parser = _Parser(stream)
    ifds = []
    offset = parser.first
    while offset and len(ifds) < _MAX_IFDS:
        try:
            ifd, offset = parser.table(offset)
        except TiffError as error:
            if not ifds:
                raise
            parser.dropped.append(str(error))
            break
        ifds.append(ifd)
    if not ifds:
        raise TiffError("no main table: its offset is 0")
    return Tiff(
        parser.order, ifds, parser.dropped, parser.size, parser.is_cut_short
    )
