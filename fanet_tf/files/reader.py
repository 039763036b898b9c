"""Any file with a Bayer mosaic -> `RawImage`."""

import dataclasses
import os
import pathlib
import warnings

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import camera_name
from fanet_tf.files import damage
from fanet_tf.files import decode
from fanet_tf.files import dng_tags
from fanet_tf.files import dump
from fanet_tf.files import grey_world
from fanet_tf.files import inputs
from fanet_tf.files import limits
from fanet_tf.files import npy
from fanet_tf.files import plain_pixels
from fanet_tf.files import quad_bayer
from fanet_tf.files import raf
from fanet_tf.files import raw_table
from fanet_tf.files import saturation
from fanet_tf.files import segments
from fanet_tf.files import tiff
from fanet_tf.files.raw_image import RawImage
from fanet_tf.files.raw_image import Shot
from fanet_tf.raw import cfa


@dataclasses.dataclass(frozen=True)
class NpyFormat:
    """What a `.npy` mosaic does not say.

    Attributes:
        pattern: CFA pattern of its first pixels.
        black_level: one number, or four of R, Gr, Gb, B; in the file's units.
        white_level: in the file's units; None means 1 for floats.
    """

    pattern: str = "RGGB"
    black_level: tuple = (0.0,)
    white_level: float | None = None


_HEADERLESS = "A headerless file needs its width, height and bits"
Format = dump.DumpFormat | NpyFormat | None


def read(path: str | os.PathLike, form: Format = None) -> RawImage:
    """Reads a DNG or other camera RAW, a `.npy` mosaic or a headerless dump.

    Args:
        path: of the file.
        form: what the file does not say; needed for headerless dumps.

    Raises:
        InputError: the file cannot be used; the message says why.
    """
    path = pathlib.Path(path)
    inputs.check_regular(path)
    suffix = path.suffix.lower()
    if suffix == ".npy":
        image = _read_npy(path, form or NpyFormat())
    elif isinstance(form, dump.DumpFormat):
        image = dump.read(path, form)
    elif suffix == ".raw":  # Some cameras end their RAW files like this.
        try:
            image = _read_raw(path)
        except InputError as error:
            raise InputError(f"{error}. {_HEADERLESS}") from error
    elif suffix in dump.SUFFIXES:
        raise InputError(f"{path}: {_HEADERLESS}")
    else:
        image = _read_raw(path)
    _warn_of_quad_bayer(path, image)
    return image


def _read_npy(path, form) -> RawImage:
    mosaic = npy.read(path, limits.max_pixels())
    if mosaic.ndim == 3 and mosaic.shape[2] == 1:
        mosaic = mosaic[..., 0]
    if mosaic.ndim != 2:
        raise InputError(
            f"{path}: a mosaic must be [H, W]. Received: shape={mosaic.shape}"
        )
    limits.check_size(path, mosaic.shape[1], mosaic.shape[0])
    if mosaic.dtype.kind not in "uif":
        raise InputError(
            f"{path}: a mosaic must hold numbers. Received: {mosaic.dtype}"
        )
    white = form.white_level
    if white is None:
        if mosaic.dtype.kind != "f":
            raise InputError(
                f"{path}: a .npy of integers needs --black_level and "
                "--white_level."
            )
        white = 1.0
    with np.errstate(over="ignore"):
        # Counts that do not fit are found below or are not finite.
        integers = mosaic.dtype.kind in "ui"
        if integers and (mosaic.min() < 0 or mosaic.max() > 65535):
            raise InputError(
                f"{path}: counts must be 0 to 65535. "
                f"Received: {mosaic.min()} to {mosaic.max()}"
            )
        mosaic = np.asarray(mosaic, np.uint16 if integers else np.float32)
    # A NaN is the least and the largest of all.
    if not integers and not np.isfinite([mosaic.min(), mosaic.max()]).all():
        raise InputError(f"{path}: a mosaic must be finite.")
    return RawImage(
        mosaic,
        form.pattern,
        tuple(float(b) for b in form.black_level),
        float(white),
    )


def _read_raw(path) -> RawImage:
    if not os.stat(path).st_size:
        raise InputError(f"{path}: must hold a mosaic. Received: an empty file")
    source = _tags(path)
    is_dng = source is not None and dng_tags.VERSION in source.ifds[0].tags
    if is_dng:
        fields, mosaic = _read_dng(path, source)
    else:
        raf.check(path)
        fields, mosaic = _decoded(path)
        if source is None:
            fields |= camera_name.read(path)
        else:
            damage.warn_of_strips(path, source)
            fields |= dng_tags.of_any_tiff(source)
    try:
        image = RawImage(mosaic, source=source, is_dng=is_dng, **fields)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    damage.check_counts(path, image)
    if not is_dng and image.neutral is None:
        image = dataclasses.replace(image, neutral=grey_world.neutral(image))
    return _with_true_white(path, image)


def _with_true_white(path, image) -> RawImage:
    """Returns the frame with the white level at which it saturates."""
    black, white = max(image.black_level), image.white_level
    if image.mosaic.dtype != np.uint16:
        return image
    found = saturation.plateau(image.visible, black, white)
    if found is None:
        return image
    warnings.warn(
        f"{path}: saturates at {found:g}, below its white level of {white:g}; "
        f"{found:g} is white",
        stacklevel=3,
    )
    noise = image.noise
    if noise is not None:
        ratio = (white - black) / (found - black)
        noise = noise[0] * ratio, noise[1] * ratio**2
    return dataclasses.replace(image, white_level=found, noise=noise)


def _middle(image):
    """Returns up to 1024 x 1024 pixels in the middle, 0 = black."""
    starts = [max(0, n - 1024) // 4 * 2 for n in image.visible.shape]
    rows, columns = (slice(n, n + 1024) for n in starts)
    return image.cropped(rows, columns).normalized()


def _warn_of_quad_bayer(path, image) -> None:
    if quad_bayer.is_quad(_middle(image)):
        warnings.warn(
            f"{path}: its pixels look like Quad Bayer (2 x 2 of each colour), "
            "but it says Bayer; it is denoised as Bayer, which gains little",
            stacklevel=3,
        )


def _decoded(path, table=0, pattern=None):
    """Returns fields and mosaic as LibRaw gives them.

    Args:
        path: of the file.
        table: of the mosaic, see `decode.decode`.
        pattern: where it is known better; LibRaw's otherwise.
    """
    header, mosaic = decode.decode(path, table=table)
    if mosaic.dtype != np.uint16:
        raise InputError(
            f"{path}: must hold 16-bit counts. Received: {mosaic.dtype}"
        )
    return _from_libraw(path, header, mosaic.shape, pattern), mosaic


def _read_dng(path, source):
    """Returns fields and mosaic; the tags are believed more than LibRaw."""
    choice = raw_table.choose(source)
    dng_tags.check(path, source, choice)
    if choice.others:
        warnings.warn(
            f"{path}: holds {choice.others + 1} mosaics of this size; the "
            "first is used",
            stacklevel=2,
        )
    coding = segments.read(path, choice.ifd, source.order)
    segments.check(path, coding, source.size)
    fields = {}
    if plain_pixels.is_needed(coding):
        mosaic = plain_pixels.read(path, coding, source.order)
        mosaic = dng_tags.linearized(mosaic, choice.ifd, source.order)
    else:
        is_plain = choice.is_plain_choice
        if coding.compression == segments.LOSSLESS_JPEG:
            damage.check_lossless_jpeg(path, coding, dng_tags.version(source))
            # Of strips LibRaw decodes the first; see `decode_child.isolated`.
            is_plain &= coding.is_tiled or len(coding.parts) == 1
        table = 0 if is_plain else choice.ifd.offset
        pattern = dng_tags.pattern(choice.ifd, source.order)
        fields, mosaic = _decoded(path, table, pattern)
    if mosaic.shape != (coding.height, coding.width):
        raise InputError(
            f"{path}: must be decoded to its {coding.width} x {coding.height} "
            f"pixels. Received: {mosaic.shape[1]} x {mosaic.shape[0]}"
        )
    fields |= dng_tags.of_any_tiff(source)
    fields |= dng_tags.of_dng(path, source, choice.ifd, coding, fields)
    return fields, mosaic


def _from_libraw(path, header, shape, pattern=None):
    """Returns the fields of `RawImage` that LibRaw gives."""
    pattern = pattern or _pattern(path, header)
    cells = header["pattern"]
    order = [cells[row][column] for row, column in cfa.cell(pattern)]
    (top, left), (height, width) = header["margins"], header["visible"]
    return {
        "pattern": pattern,
        "black_level": tuple(header["black"][index] for index in order),
        "white_level": header["white"],
        "active": (
            top,
            left,
            min(top + height, shape[0]),
            min(left + width, shape[1]),
        ),
        "color_matrix": _matrix(header["xyz_to_cam"]),
        "neutral": _neutral(header),
        "iso": header["iso"] or None,
        "shot": Shot(*header["shot"]),
        "orientation": _ORIENTATIONS.get(header["flip"], 1),
    }


# LibRaw's flip to EXIF orientation.
_ORIENTATIONS = {0: 1, 3: 3, 5: 8, 6: 6}


def _pattern(path, header):
    """Returns the pattern's name."""
    cells = header["pattern"]
    names = header["colours"]
    if np.shape(cells) != (2, 2):
        raise InputError(
            f"{path}: the colour filter array must be Bayer (2 x 2). "
            f"Received: {np.shape(cells)}; X-Trans is not supported"
        )
    pattern = "".join(
        names[index] if index < len(names) else "?"
        for row in cells
        for index in row
    )
    if pattern not in cfa.PATTERNS:
        raise InputError(
            f"{path}: the colour filter array must be a Bayer pattern, one of "
            f"{', '.join(cfa.PATTERNS)}. Received: {pattern!r}"
        )
    return pattern


def _matrix(rows):
    matrix = np.asarray(rows, np.float64)
    return matrix if dng_tags.is_matrix(matrix) else None


def _neutral(header):
    gains = header["camera_gains"][:3]
    if all(0 < gain < 1e6 for gain in gains):
        return tuple(gains[1] / gain for gain in gains)
    return None


def _tags(path):
    try:
        source = tiff.read(path)
    except tiff.CutShortError as error:
        raise InputError(
            f"{path}: must be a whole file. Received: a file cut short: {error}"
        ) from None
    except tiff.TiffError:
        return None  # A RAW file of another structure; its pixels are fine.
    for loss in source.dropped:
        warnings.warn(f"{path}: left out: {loss}", stacklevel=2)
    return source
