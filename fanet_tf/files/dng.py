"""Writes a Bayer RAW frame as a DNG that other programs open.

    IFD0       metadata of the camera, colours, a small preview
      SubIFD 0   the mosaic: uint16, uncompressed strips
      SubIFD 1   a larger preview, JPEG
      EXIF, GPS  as they were in the source

The previews are rendered from the mosaic that is written, never copied: a
stale one looks as if nothing had happened. Reference: DNG 1.7.
"""

import math

import cv2
import numpy as np

from fanet_tf import __version__
from fanet_tf.files import atomic
from fanet_tf.files import black as black_lib
from fanet_tf.files import carry
from fanet_tf.files import dng_tags
from fanet_tf.files import marks
from fanet_tf.files import render
from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer
from fanet_tf.files.raw_image import SRGB_COLOR_MATRIX
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

PROGRAM = f"fanet-denoise {__version__}"

_STRIP_BYTES = 1 << 18
_BAND = 128  # Rows scaled at once, an even number; doubles take four times.
_THUMBNAIL, _PREVIEW = 256, 1536  # Longer side, pixels.
_FULL, _REDUCED = 0, 1  # NewSubfileType
_RGB, _YCBCR, _CFA = 2, 6, 32803  # PhotometricInterpretation
_NONE, _JPEG = 1, 7  # Compression
_D65 = 21

# White of a mosaic that came as float: leaves a sixteenth below black.
_FLOAT_BLACK, _FLOAT_WHITE = 4096, 65535


def to_counts(image: RawImage) -> RawImage:
    """Returns `image` with uint16 counts; uint16 is returned as it is."""
    if image.mosaic.dtype == np.uint16:
        return image
    image = image.with_one_black()
    cells = np.empty((2, 2))
    top, left = image.active[:2]
    for black, (row, column) in zip(
        image.black_level, cfa.cell(image.pattern), strict=True
    ):
        cells[(row + top) % 2, (column + left) % 2] = black
    counts = np.empty(image.mosaic.shape, np.uint16)
    for start in range(0, len(counts), _BAND):
        rows = slice(start, start + _BAND)
        _scale(image.mosaic[rows], cells, image.white_level, counts[rows])
    return image.with_mosaic(
        counts, black_level=4 * (_FLOAT_BLACK,), white_level=_FLOAT_WHITE
    )


def _scale(mosaic, cells, white, counts):
    """Fills `counts` from rows that begin at an even one."""
    for row in (0, 1):
        for column in (0, 1):
            black = cells[row, column]
            x = mosaic[row::2, column::2].astype(np.float64) - black
            x *= (_FLOAT_WHITE - _FLOAT_BLACK) / (white - black)
            counts[row::2, column::2] = np.clip(
                np.rint(x + _FLOAT_BLACK), 0, 65535
            )


def _strips(pixels, row_bytes):
    """Cuts `[H, ...]` into runs of rows; returns rows per strip and strips."""
    rows = max(1, _STRIP_BYTES // row_bytes)
    return rows, [
        np.ascontiguousarray(pixels[y : y + rows])
        for y in range(0, len(pixels), rows)
    ]


def _reduced(width, height, photometric, compression, order):
    def tag(type_, numbers):
        return tiff.make(type_, numbers, order)

    return {
        254: tag(tiff.LONG, _REDUCED),
        256: tag(tiff.LONG, width),
        257: tag(tiff.LONG, height),
        258: tag(tiff.SHORT, [8, 8, 8]),
        259: tag(tiff.SHORT, compression),
        262: tag(tiff.SHORT, photometric),
        277: tag(tiff.SHORT, 3),
        tiff.ROWS_PER_STRIP: tag(tiff.LONG, height),
        284: tag(tiff.SHORT, 1),
    }


def _thumbnail(rgb, order) -> tiff.Ifd:
    height, width = rgb.shape[:2]
    tags = _reduced(width, height, _RGB, _NONE, order)
    return tiff.Ifd(tags, pixels=[np.ascontiguousarray(rgb)])


def _preview(rgb, order) -> tiff.Ifd:
    height, width = rgb.shape[:2]
    done, jpeg = cv2.imencode(
        ".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90]
    )
    if not done:
        raise RuntimeError("OpenCV could not encode the preview.")
    tags = _reduced(width, height, _YCBCR, _JPEG, order)
    tags[530] = tiff.make(tiff.SHORT, [2, 2], order)  # YCbCrSubSampling
    tags[531] = tiff.make(tiff.SHORT, 1, order)  # YCbCrPositioning
    tags[50970] = tiff.make(tiff.LONG, 2, order)  # PreviewColorSpace: sRGB
    return tiff.Ifd(tags, pixels=[jpeg.tobytes()])


def _raw(image: RawImage, order) -> tiff.Ifd:
    """The table of the mosaic itself."""

    def tag(type_, numbers):
        return tiff.make(type_, numbers, order)

    height, width = image.mosaic.shape
    counts = image.mosaic
    if order == ">":
        counts = counts.astype(">u2")
    rows, strips = _strips(counts, 2 * width)
    top, left, bottom, right = image.active
    tags = {
        254: tag(tiff.LONG, _FULL),
        256: tag(tiff.LONG, width),
        257: tag(tiff.LONG, height),
        258: tag(tiff.SHORT, 16),
        259: tag(tiff.SHORT, _NONE),
        262: tag(tiff.SHORT, _CFA),
        277: tag(tiff.SHORT, 1),
        tiff.ROWS_PER_STRIP: tag(tiff.LONG, rows),
        284: tag(tiff.SHORT, 1),
        33421: tag(tiff.SHORT, [2, 2]),  # CFARepeatPatternDim
        33422: tag(tiff.BYTE, ["RGB".index(c) for c in image.pattern]),
        50710: tag(tiff.BYTE, [0, 1, 2]),  # CFAPlaneColor
        50711: tag(tiff.SHORT, 1),  # CFALayout
        50717: tag(tiff.LONG, round(image.white_level)),
        50829: tag(tiff.LONG, image.active),
    }
    tags |= black_lib.tags(
        image.black_level, image.pattern, image.black_offsets, order
    )
    if image.noise is not None:
        tags[51041] = tag(tiff.DOUBLE, 3 * list(image.noise))
    carried = carry.raw_tags(image)
    if not {50719, 50720} <= set(carried):
        tags[50719] = tag(tiff.LONG, [0, 0])
        tags[50720] = tag(tiff.LONG, [right - left, bottom - top])
    return tiff.Ifd({**carried, **tags}, pixels=strips)


def _main(image: RawImage, history, order) -> dict[int, tiff.Tag]:
    """Tags of IFD0: those of the source over what we know ourselves."""

    def tag(type_, numbers):
        return tiff.make(type_, numbers, order)

    matrix = image.color_matrix
    if matrix is None:
        matrix = SRGB_COLOR_MATRIX
    make = image.make or "Unknown"
    model = image.model or "RAW"
    unique = model if model.startswith(make) else f"{make} {model}"
    tags = {
        271: tag(tiff.ASCII, make),
        272: tag(tiff.ASCII, model),
        50708: tag(tiff.ASCII, unique),  # UniqueCameraModel
        50721: tag(tiff.SRATIONAL, np.ravel(matrix)),  # ColorMatrix1
        50778: tag(tiff.SHORT, _D65),  # CalibrationIlluminant1
    }
    # A DNG without AsShotNeutral stays one: programs measure it themselves.
    if image.neutral or not image.is_dng:
        neutral = image.neutral or (1.0, 1.0, 1.0)
        tags[50728] = tag(tiff.RATIONAL, neutral)
    if image.source is None and image.shot.time:
        tags[306] = tag(tiff.ASCII, image.shot.time)
    carried = carry.main_tags(image)
    if 50721 in carried and 50778 not in carried:
        del tags[50778]
    if 50729 in carried:  # AsShotWhiteXY: only one of the two may stand.
        tags.pop(50728, None)
    tags |= carried
    tags[274] = tag(tiff.SHORT, image.orientation)
    version = tiff.make(tiff.BYTE, [1, 4, 0, 0], order)
    backward = tiff.make(tiff.BYTE, [1, 1, 0, 0], order)
    tags[50706] = max(version, tags.get(50706, version), key=_version)
    tags[50707] = max(backward, tags.get(50707, backward), key=_version)
    tags[305] = tag(tiff.ASCII, history or PROGRAM)  # Software
    tags[50966] = tag(tiff.ASCII, "fanet-denoise")  # PreviewApplicationName
    tags[50967] = tag(tiff.ASCII, __version__)
    tags[50970] = tag(tiff.LONG, 2)  # PreviewColorSpace: sRGB
    return tags


def _version(tag):
    return tuple(tag.data)


def write(
    path,
    image: RawImage,
    history: str = "",
    overwrite: bool = False,
    through: bool = False,
) -> None:
    """Writes `image` as a DNG, whole or not at all.

    Args:
        path: of the DNG.
        image: uint16 counts are written as they are; float ones are scaled
            to 16 bits.
        history: what was done, for the Software tag.
        overwrite: replaces a file that this project did not write, too.
        through: writes into a pipe, where that is the path.

    Raises:
        InputError: the file that is there is not ours.
    """
    image = to_counts(image)
    order = image.source.order if image.source else "<"
    preview = render.preview(dng_tags.default_crop(image), _PREVIEW)
    scale = _THUMBNAIL / max(_THUMBNAIL, *preview.shape[:2])
    small = cv2.resize(
        preview,
        None,
        fx=scale,
        fy=max(scale, 0.51 / preview.shape[0]),
        interpolation=cv2.INTER_AREA,
    )
    root = _thumbnail(small, order)
    root.tags |= _main(image, history, order)
    root.children[tiff.SUB_IFDS] = [
        _raw(image, order),
        _preview(preview, order),
    ]
    root.children |= carry.children(image, order)
    with atomic.writing(
        path,
        is_ours=marks.is_our_picture,
        overwrite=overwrite,
        through=through,
    ) as stream:
        tiff_writer.write(stream, root, order)


def synthetic(
    mosaic,
    noise=None,
    gain: float | None = None,
    *,
    pattern: str = "RGGB",
    bits: int = 10,
    black_level: int = 64,
    color_matrix=None,
    neutral=None,
    model: str = "IMX258 (synthetic)",
) -> RawImage:
    """Builds the frame a phone's sensor would have given.

    Args:
        mosaic: `[H, W]` float, 0 = black and 1 = white.
        noise: `(a, b)` that was added, for the NoiseProfile.
        gain: sensor gain; stored as ISO `100 * gain`.
        pattern: CFA pattern of `mosaic`.
        bits: of the sensor's converter; white is its largest count.
        black_level: counts of black.
        color_matrix: `[3, 3]` XYZ to camera RGB; None means linear sRGB.
        neutral: camera RGB of white, green 1.
        model: the camera's name.

    Returns:
        What `write` takes; its mosaic is rounded to whole counts.
    """
    white_level = (1 << bits) - 1
    counts = np.rint(
        np.asarray(mosaic, np.float64) * (white_level - black_level)
        + black_level
    )
    return RawImage(
        np.clip(counts, 0, white_level).astype(np.uint16),
        pattern,
        4 * (float(black_level),),
        float(white_level),
        color_matrix=color_matrix,
        neutral=tuple(neutral) if neutral is not None else None,
        noise=tuple(float(n) for n in noise) if noise is not None else None,
        iso=math.floor(100 * gain + 0.5) if gain is not None else None,
        make="Sony",
        model=model,
    )
