"""`RawImage` -> a file of the kind its suffix names."""

import pathlib

import cv2
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import dng
from fanet_tf.files import exif
from fanet_tf.files import icc
from fanet_tf.files import marks
from fanet_tf.files import picture_metadata
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
    picture = picture_metadata.add(
        data.tobytes(), history or dng.PROGRAM, exif.block(image)
    )
    with _writing(path, policy) as stream:
        stream.write(picture)


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
