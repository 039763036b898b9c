"""Width and height of a picture from its header, before any pixel is read.

The kind is told by the first bytes, never by the suffix. Sources: PNG (ISO/IEC
15948) 11.2.2; JPEG (ITU T.81) B.2.2; TIFF 6.0 and BigTIFF; WebP (RFC 9649) 2;
Radiance `.hdr` (Ward, "Real Pixels"); OpenEXR file layout.
"""

import re
import struct
from typing import BinaryIO, NamedTuple

from fanet_tf.errors import InputError

_EXR_MAGIC = b"v/1\x01"
_MAX_TEXT = 1 << 16
_MAX_MARKERS = 4096


class Header(NamedTuple):
    """What a picture says of itself.

    Attributes:
        kind: png, jpeg, tiff, webp, hdr or exr.
        width: in pixels.
        height: in pixels.
    """

    kind: str
    width: int
    height: int


def read(stream: BinaryIO, source) -> Header:
    """Reads the header of a picture.

    Args:
        stream: of the file, seekable; its position is lost.
        source: the file's name, for the message.

    Raises:
        InputError: it is none of the kinds, or the header is damaged.
    """
    stream.seek(0)
    head = stream.read(16)
    found = [(kind, size) for kind, is_it, size in _KINDS if is_it(head)]
    if not found:
        raise InputError(
            f"{source}: must be a PNG, JPEG, TIFF, WebP, Radiance or OpenEXR "
            "picture. Received: a file of another kind"
        )
    kind, size = found[0]
    try:
        width, height = size(stream)
    except (
        EOFError,
        IndexError,
        OSError,  # Of a position that no file has.
        OverflowError,
        ValueError,
        struct.error,
    ) as error:
        raise InputError(
            f"{source}: must have a whole {kind.upper()} header. "
            f"Received: {error or 'an end of the file'}"
        ) from None
    return Header(kind, int(width), int(height))


def _take(stream, count) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise EOFError("an end of the file")
    return data


def _png(stream):
    stream.seek(8)
    size, name = struct.unpack(">I4s", _take(stream, 8))
    if name != b"IHDR" or size != 13:
        raise ValueError("another chunk before IHDR")
    return struct.unpack(">II", _take(stream, 8))


# Frames of JPEG: SOF0 to SOF15 without DHT, JPG and DAC.
_SOF = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}


def _jpeg(stream):
    stream.seek(2)
    for _ in range(_MAX_MARKERS):
        # Markers may be padded with 0xFF; decoders skip stray bytes, too.
        while _take(stream, 1) != b"\xff":
            pass
        marker = 0xFF
        while marker == 0xFF:
            marker = _take(stream, 1)[0]
        if marker in _ALONE or marker == 0:
            continue
        if marker in (0xD9, 0xDA):
            break
        (size,) = struct.unpack(">H", _take(stream, 2))
        if marker in _SOF:
            _, height, width = struct.unpack(">BHH", _take(stream, 5))
            return width, height
        _take(stream, size - 2 if size >= 2 else 0)
    raise ValueError("no frame")


_WIDTH, _HEIGHT = 256, 257
# TIFF's BYTE, SHORT, LONG and LONG8.
_UNSIGNED = {1: "B", 3: "H", 4: "I", 16: "Q"}


def _tiff(stream):
    stream.seek(0)
    order = "<" if _take(stream, 2) == b"II" else ">"
    big = struct.unpack(order + "H", _take(stream, 2))[0] == 43
    if big:
        stream.seek(8)
    word, head = ("Q", "Q") if big else ("I", "H")
    (first,) = struct.unpack(order + word, _take(stream, struct.calcsize(word)))
    stream.seek(first)
    (count,) = struct.unpack(order + head, _take(stream, struct.calcsize(head)))
    if count > _MAX_MARKERS:
        raise ValueError(f"a table of {count} entries")
    found = {_WIDTH: [], _HEIGHT: []}
    for _ in range(count):
        entry = _take(stream, 20 if big else 12)
        number, type_ = struct.unpack(order + "HH", entry[:4])
        if number in found:
            code = _UNSIGNED.get(type_)
            if code is None:
                raise ValueError(f"a size of type {type_}")
            value = entry[12:] if big else entry[8:]
            found[number] += struct.unpack_from(order + code, value)
    # Programs disagree on which of two equal tags counts.
    return max(found[_WIDTH]), max(found[_HEIGHT])


def _webp(stream):
    stream.seek(12)
    kind, _ = struct.unpack("<4sI", _take(stream, 8))
    if kind == b"VP8X":
        _take(stream, 4)
        sizes = _take(stream, 6)
        return (
            1 + int.from_bytes(sizes[:3], "little"),
            1 + int.from_bytes(sizes[3:], "little"),
        )
    if kind == b"VP8L":
        bits = int.from_bytes(_take(stream, 5)[1:], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        frame = _take(stream, 10)
        if frame[3:6] != b"\x9d\x01\x2a":
            raise ValueError("no key frame")
        width, height = struct.unpack("<HH", frame[6:])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError(f"the chunk {kind!r}")


_RESOLUTION = re.compile(rb"([-+][XY]) +(\d{1,9}) +([-+][XY]) +(\d{1,9})")
# OpenCV takes the rest of a longer line for the next one.
_MAX_LINE = 120


def _hdr(stream):
    stream.seek(0)
    before, blank, rest = stream.read(_MAX_TEXT).partition(b"\n\n")
    if not blank or max(map(len, before.split(b"\n"))) > _MAX_LINE:
        raise ValueError("no blank line")
    found = _RESOLUTION.fullmatch(rest.partition(b"\n")[0])
    if found is None or found[1][1:] == found[3][1:]:
        raise ValueError("no line of the resolution")
    sizes = {found[1][1:]: int(found[2]), found[3][1:]: int(found[4])}
    return sizes[b"X"], sizes[b"Y"]


_EXR_PARTS = 0x1000


def _exr(stream):
    stream.seek(4)
    (version,) = struct.unpack("<I", _take(stream, 4))
    if version & _EXR_PARTS:
        raise ValueError("a file of several parts")
    text = stream.read(_MAX_TEXT)
    at = 0
    while text[at : at + 1] not in (b"\0", b""):
        name_end = text.index(b"\0", at)
        type_end = text.index(b"\0", name_end + 1)
        (size,) = struct.unpack_from("<i", text, type_end + 1)
        start = type_end + 5
        if text[at:name_end] == b"dataWindow":
            left, top, right, bottom = struct.unpack_from("<iiii", text, start)
            return right - left + 1, bottom - top + 1
        if size < 0:
            raise ValueError("an attribute of negative size")
        at = start + size
    raise ValueError("no data window")


_KINDS = (
    ("png", lambda head: head[:8] == b"\x89PNG\r\n\x1a\n", _png),
    ("jpeg", lambda head: head[:3] == b"\xff\xd8\xff", _jpeg),
    (
        "tiff",
        lambda head: head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        _tiff,
    ),
    ("webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", _webp),
    ("hdr", lambda head: head[:2] == b"#?", _hdr),
    ("exr", lambda head: head[:4] == _EXR_MAGIC, _exr),
)
