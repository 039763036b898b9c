"""`RawImage` -> a file of the kind its suffix names."""

import pathlib
import struct
import warnings
import zlib

import cv2
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import dng
from fanet_tf.files import exif
from fanet_tf.files import icc
from fanet_tf.files import marks
from fanet_tf.files import render
from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer
from fanet_tf.files.raw_image import RawImage


def _writing(path, policy):
    return atomic.writing(path, is_ours=marks.is_our_picture, **policy)


def _write_npy(path, image: RawImage, history, policy):
    image = image.with_one_black()
    mosaic = np.ascontiguousarray(image.visible, np.float32)
    header = np.lib.format.header_data_from_array_1_0(mosaic)
    with _writing(path, policy) as stream:
        # Not numpy.save: it does not say why a write failed.
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(memoryview(mosaic).cast("B"))


def _write_tiff(path, image: RawImage, history, policy):
    picture = render.turned(render.linear(image), image.orientation)
    height, width = picture.shape[:2]
    order = image.source.order if image.source else "<"
    root = exif.table(image)
    root.tags |= {
        256: tiff.make(tiff.LONG, width, order),
        257: tiff.make(tiff.LONG, height, order),
        258: tiff.make(tiff.SHORT, [16, 16, 16], order),
        259: tiff.make(tiff.SHORT, 1, order),  # No compression.
        262: tiff.make(tiff.SHORT, 2, order),  # RGB
        277: tiff.make(tiff.SHORT, 3, order),
        tiff.ROWS_PER_STRIP: tiff.make(tiff.LONG, height, order),
        282: tiff.make(tiff.RATIONAL, 72, order),
        283: tiff.make(tiff.RATIONAL, 72, order),
        284: tiff.make(tiff.SHORT, 1, order),
        296: tiff.make(tiff.SHORT, 2, order),
        305: tiff.make(tiff.ASCII, history or dng.PROGRAM, order),
        34675: tiff.make(tiff.UNDEFINED, icc.linear_srgb(), order),
    }
    root.pixels = [picture if order == "<" else picture.astype(">u2")]
    with _writing(path, policy) as stream:
        tiff_writer.write(stream, root, order)


def _write_picture(path, image: RawImage, history, policy):
    picture = render.turned(render.srgb(image), image.orientation)
    suffix = path.suffix.lower()
    done, data = cv2.imencode(suffix, picture[..., ::-1])
    if not done:
        raise RuntimeError(f"OpenCV could not encode {suffix}.")
    data = data.tobytes()
    # A comment goes right behind the PNG header chunk or the JPEG start.
    is_png = suffix == ".png"
    start = _PNG_HEAD_BYTES if is_png else _JPEG_HEAD_BYTES
    comment = _png_text if is_png else _jpeg_comment
    metadata = _png_exif if is_png else _jpeg_exif
    with _writing(path, policy) as stream:
        stream.write(data[:start])
        stream.write(comment(history or dng.PROGRAM))
        stream.write(metadata(exif.block(image)))
        stream.write(data[start:])


_PNG_HEAD_BYTES, _JPEG_HEAD_BYTES = 33, 2


def _png_text(text: str) -> bytes:
    return _png_chunk(b"tEXtSoftware\0" + text.encode("latin-1", "replace"))


def _png_exif(block: bytes) -> bytes:
    return _png_chunk(b"eXIf" + block)


def _png_chunk(body: bytes) -> bytes:
    crc = struct.pack(">I", zlib.crc32(body))
    return struct.pack(">I", len(body) - 4) + body + crc


_JPEG_MOST_BYTES = 65000  # Of a segment.


def _jpeg_comment(text: str) -> bytes:
    body = text.encode("utf-8")[:_JPEG_MOST_BYTES]
    return b"\xff\xfe" + struct.pack(">H", len(body) + 2) + body


def _jpeg_exif(block: bytes) -> bytes:
    if len(block) > _JPEG_MOST_BYTES:
        warnings.warn(
            f"its EXIF of {len(block):,} bytes is too long for a JPEG",
            stacklevel=4,
        )
        return b""
    body = b"Exif\0\0" + block
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _write_dng(path, image: RawImage, history, policy):
    dng.write(path, image, history, **policy)


_WRITERS = {
    ".dng": _write_dng,
    ".npy": _write_npy,
    ".tif": _write_tiff,
    ".tiff": _write_tiff,
    ".png": _write_picture,
    ".jpg": _write_picture,
    ".jpeg": _write_picture,
}
SUFFIXES = tuple(_WRITERS)


def check_suffix(path) -> None:
    """Raises `InputError` unless `write` knows the suffix."""
    if pathlib.Path(path).suffix.lower() not in _WRITERS:
        raise InputError(
            f"{path}: the output's suffix must be one of {', '.join(_WRITERS)}."
        )


def check_output(path, overwrite: bool = False, through: bool = False) -> None:
    """Refuses an output that `write` would refuse; for before the work.

    Raises:
        InputError: an unknown suffix, or a file that is not ours.
    """
    check_suffix(path)
    atomic.check(
        path,
        is_ours=marks.is_our_picture,
        overwrite=overwrite,
        through=through,
    )


def write(
    path,
    image: RawImage,
    history: str = "",
    overwrite: bool = False,
    through: bool = False,
) -> None:
    """Writes a frame, whole or not at all.

    `.dng` holds the mosaic and the metadata; `.npy` the active part of the
    mosaic, float32, in the units of `image`; `.tif` linear sRGB of 16 bits;
    `.png` and `.jpg` the frame through the minimal ISP.

    Args:
        path: where; its suffix names the kind.
        image: the frame.
        history: what was done, stored where the kind of file has a place.
        overwrite: replaces a file that this project did not write, too. A
            `.npy` has no place that says who wrote it.
        through: writes into a pipe, where that is the path.

    Raises:
        InputError: see `check_output`.
    """
    check_suffix(path)
    path = pathlib.Path(path)
    policy = {"overwrite": overwrite, "through": through}
    _WRITERS[path.suffix.lower()](path, image, history, policy)
