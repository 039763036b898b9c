"""The camera of a RAW file that does not begin with a table of tags.

LibRaw knows it and rawpy does not tell. Developers choose a camera's profile by
its name, so the DNG that is written must have it.

References: ExifTool, `FujiFilm.pm` and `Canon.pm` (CR3: an ISO base media file
whose box CMT1 is a TIFF structure).
"""

import io
import struct

from fanet_tf.files import dng_tags
from fanet_tf.files import inputs
from fanet_tf.files import names
from fanet_tf.files import tiff

_RAF, _RAF_MODEL = b"FUJIFILMCCD-RAW", slice(28, 60)
_CR3 = b"ftypcrx "
# `moov` holds this box of Canon's, and it holds CMT1.
_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
# Pixels lie behind these boxes.
_HEADER_BYTES = 1 << 20


def read(path) -> dict[str, str]:
    """Returns `make` and `model` of a RAF or CR3; nothing for other files."""
    with inputs.open_regular(path) as stream:
        head = stream.read(_HEADER_BYTES)
    if head.startswith(_RAF):
        model = head[_RAF_MODEL].split(b"\0")[0].decode("latin-1").strip()
        return {"make": "FUJIFILM", "model": names.printable(model)}
    if head[4:12] != _CR3:
        return {}
    canon = _box(_box(head, b"moov"), b"uuid" + _CANON)
    try:
        table = tiff.parse(io.BytesIO(_box(canon, b"CMT1")))
    except tiff.TiffError:
        return {}
    fields = dng_tags.of_any_tiff(table)
    return {n: fields[n] for n in ("make", "model") if n in fields}


def _box(data: bytes, kind: bytes) -> bytes:
    """Returns what the first box of a kind holds; empty without one."""
    at = 0
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if data.startswith(kind, at + 4):
            return data[at + 4 + len(kind) : at + size]
        if size < 8:  # To the end of the file, or of more than 4 GB.
            break
        at += size
    return b""
