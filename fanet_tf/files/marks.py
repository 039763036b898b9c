"""Which files are ours: each kind says who wrote it.

A command replaces an existing file only if it finds its own mark there. DNG
and TIFF have the Software tag, PNG a Software text, JPEG a comment, pages a
`generator`, JSON the fields of its schema. A `.npy` has no place for a mark:
an existing one is never known to be ours.
"""

import pathlib
import struct
import zlib

from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import strict_json
from fanet_tf.files import tiff

_PROGRAMS = b"fanet-"
GENERATOR = '<meta name="generator" content="fanet_tf">'
_SOFTWARE = 305
_HEAD_BYTES = 4096


def is_our_picture(path) -> bool:
    """Whether a DNG, TIFF, PNG or JPEG says that this project wrote it."""
    suffix = pathlib.Path(path).suffix.lower()
    reader = _SOFTWARE_OF.get(suffix)
    try:
        return reader is not None and reader(path).startswith(_PROGRAMS)
    except (InputError, OSError, tiff.TiffError, struct.error, IndexError):
        return False


def marked(picture: bytes, program: str) -> bytes:
    """Returns a PNG or a JPEG that says what wrote it.

    Args:
        picture: the file's bytes.
        program: begins with `fanet-`.
    """
    # Right behind the PNG's header chunk or the JPEG's start.
    if picture.startswith(b"\x89PNG"):
        start, comment = 33, _png_text(program)
    else:
        start, comment = 2, _jpeg_comment(program)
    return b"".join([picture[:start], comment, picture[start:]])


def _png_text(text: str) -> bytes:
    body = b"tEXtSoftware\0" + text.encode("latin-1", "replace")
    crc = struct.pack(">I", zlib.crc32(body))
    return struct.pack(">I", len(body) - 4) + body + crc


def _jpeg_comment(text: str) -> bytes:
    body = text.encode("utf-8")[:65000]
    return b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body


def is_our_page(path) -> bool:
    """Whether an HTML page says that this project generated it."""
    return GENERATOR.encode() in _head(path)


def json_with(*fields: str):
    """Returns a predicate: a JSON object that has these fields."""

    def is_ours(path) -> bool:
        try:
            record = strict_json.read(path)
        except (InputError, OSError):
            return False
        return isinstance(record, dict) and set(fields) <= set(record)

    return is_ours


def begins_with(*beginnings: str):
    """Returns a predicate: a text file that begins with one of these."""
    wanted = tuple(text.encode() for text in beginnings)
    return lambda path: _head(path).startswith(wanted)


def _head(path) -> bytes:
    try:
        with inputs.open_regular(path) as stream:
            return stream.read(_HEAD_BYTES)
    except (InputError, OSError):
        return b""


def _of_tiff(path) -> bytes:
    tag = tiff.read(path).ifds[0].tags.get(_SOFTWARE)
    return tag.data if tag else b""


def _of_png(path) -> bytes:
    # Ours stands right behind the header chunk.
    head = _head(path)[33:]
    (size,) = struct.unpack(">I", head[:4])
    key = b"tEXtSoftware\0"
    return head[4 + len(key) : 8 + size] if head[4:].startswith(key) else b""


def _of_jpeg(path) -> bytes:
    head = _head(path)
    return head[6:] if head[2:4] == b"\xff\xfe" else b""


_SOFTWARE_OF = {
    ".dng": _of_tiff,
    ".tif": _of_tiff,
    ".tiff": _of_tiff,
    ".png": _of_png,
    ".jpg": _of_jpeg,
    ".jpeg": _of_jpeg,
}
