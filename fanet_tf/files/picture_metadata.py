"""What a PNG or a JPEG says of itself: who wrote it, and EXIF."""

import struct
import warnings
import zlib

_PNG_HEAD_BYTES, _JPEG_HEAD_BYTES = 33, 2  # Header chunk; start of image.
_JPEG_MOST_BYTES = 65000  # Of a segment.


def add(picture: bytes, program: str, exif: bytes = b"") -> bytes:
    """Returns an encoded picture with its metadata behind the file's head.

    Args:
        picture: a PNG or a JPEG.
        program: what wrote it; begins with `fanet-`.
        exif: a TIFF structure of tags; empty: none. One that is too long for a
            JPEG is left out, with a warning.
    """
    if picture.startswith(b"\x89PNG"):
        start, parts = _PNG_HEAD_BYTES, _png(program, exif)
    else:
        start, parts = _JPEG_HEAD_BYTES, _jpeg(program, exif)
    return b"".join([picture[:start], *parts, picture[start:]])


def _png(program, exif):
    yield _png_chunk(b"tEXtSoftware\0" + program.encode("latin-1", "replace"))
    if exif:
        yield _png_chunk(b"eXIf" + exif)


def _png_chunk(body: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(body))
    return struct.pack(">I", len(body) - 4) + body + crc


def _jpeg(program, exif):
    comment = program.encode("utf-8")[:_JPEG_MOST_BYTES]
    yield b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment
    if len(exif) > _JPEG_MOST_BYTES:
        warnings.warn(
            f"its EXIF of {len(exif):,} bytes is too long for a JPEG",
            stacklevel=5,
        )
    elif exif:
        body = b"Exif\0\0" + exif
        yield b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
