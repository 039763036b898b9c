"""What the tags of a TIFF or DNG say about its mosaic.

For a DNG they are believed more than LibRaw, which moves an active area that
begins at an odd place by a pixel and leaves its black levels behind.
"""

import math

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import black
from fanet_tf.files import names
from fanet_tf.files import raw_table
from fanet_tf.files import segments
from fanet_tf.files import tiff
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

VERSION = 50706
_TEXTS = (tiff.ASCII, tiff.UNDEFINED)
_COLOURS = {0: "R", 1: "G", 2: "B"}
# PhotometricInterpretation of pictures that are no mosaic.
_PICTURES = {
    1: "monochrome",
    2: "an RGB picture",
    6: "a YCbCr picture",
    34892: "demosaiced already: LinearRaw",
}


def numbers(ifds, number, order, count=None):
    """Returns the finite numbers of a tag in the first table that has it.

    Args:
        ifds: tables, or None, looked through in order.
        number: of the tag.
        order: of the file's bytes.
        count: how many there must be; None means any.

    Returns:
        A list, or None where no table has such a tag.
    """
    for ifd in ifds:
        tag = ifd.tags.get(number) if ifd else None
        if tag is None or tag.type in _TEXTS:
            continue
        found = tiff.values(tag, order)
        if (count is None or len(found) == count) and all(
            math.isfinite(n) for n in found
        ):
            return found
    return None


def version(source: tiff.Tiff) -> tuple[int, ...]:
    """Returns the DNGVersion, such as `(1, 4, 0, 0)`."""
    found = numbers(source.ifds, VERSION, source.order) or (1,)
    return tuple(int(n) for n in found)


def is_matrix(matrix) -> bool:
    """Whether a colour matrix can be used and inverted."""
    return (
        matrix.shape == (3, 3)
        and bool(np.isfinite(matrix).all())
        and abs(np.linalg.det(matrix)) > 1e-6
        and np.abs(matrix).max() < 100
    )


def check(path, source: tiff.Tiff, choice: raw_table.Choice) -> None:
    """Raises `InputError` for a DNG that says itself that it is not Bayer."""
    raw = choice.ifd
    if choice.is_reduced:
        raise InputError(
            f"{path}: must hold a Bayer mosaic. Received: a DNG whose main "
            "image is demosaiced already, and a reduced mosaic beside it"
        )
    if raw is None and source.is_cut_short:
        raise InputError(
            f"{path}: must be a whole file. Received: a file cut short, "
            f"{source.size:,} bytes without the table of its mosaic"
        )
    if raw is None:
        raise InputError(
            f"{path}: must hold a Bayer mosaic. Received: a DNG without a "
            f"colour filter array ({_kind(source)})"
        )
    repeat = numbers([raw], 33421, source.order) or [2, 2]
    layout = numbers([raw], 50711, source.order) or [1]
    cells = numbers([raw], 33422, source.order) or []
    pattern = "".join(_COLOURS.get(cell, "?") for cell in cells[:36])
    known = raw.tags.get(33422) is None or pattern in cfa.PATTERNS
    if layout != [1]:
        raise InputError(
            f"{path}: its pixels must stand in rows and columns. Received: "
            f"CFALayout {layout[0]:g}, a staggered sensor (SuperCCD), which is "
            "not supported"
        )
    if repeat != [2, 2] or not known:
        raise InputError(
            f"{path}: the colour filter array must be a Bayer pattern, one of "
            f"{', '.join(cfa.PATTERNS)}. Received: {pattern!r}, "
            f"{' x '.join(str(n) for n in repeat)}"
        )


def _kind(source: tiff.Tiff) -> str:
    """Names the picture of a DNG without a mosaic."""
    picture = raw_table.largest(source)
    order = source.order
    photometric = numbers([picture], 262, order, 1)
    kind = _PICTURES.get(
        photometric and photometric[0], "no mosaic and no picture"
    )
    compression = numbers([picture], 259, order, 1)
    coding = segments.UNREADABLE.get(compression and compression[0])
    return f"{kind}, in {coding}" if coding else kind


def of_any_tiff(source: tiff.Tiff) -> dict:
    """Returns the fields of `RawImage` that any camera's TIFF tags give."""
    order, main = source.order, source.ifds[0]
    fields = {}
    for name, number in (("make", 271), ("model", 272)):
        if number in main.tags:
            fields[name] = names.printable(tiff.text(main.tags[number]))
    orientation = numbers([main], 274, order, 1)
    if orientation and 1 <= orientation[0] <= 8:
        fields["orientation"] = int(orientation[0])
    exif = (main.children.get(tiff.EXIF) or [None])[0]
    iso = numbers([exif, main], 34855, order)
    if iso and iso[0] > 0:
        fields["iso"] = float(iso[0])
    return fields


def linearized(mosaic: np.ndarray, raw: tiff.Ifd, order: str) -> np.ndarray:
    """Returns counts as the LinearizationTable says; floats as they are.

    LibRaw does the same to what it decodes.
    """
    table = numbers([raw], 50712, order)
    if table is None or mosaic.dtype != np.uint16:
        return mosaic
    table = np.clip(table, 0, 65535).astype(np.uint16)
    return table[np.minimum(mosaic, len(table) - 1)]


def of_dng(
    path,
    source: tiff.Tiff,
    raw: tiff.Ifd,
    coding: segments.Segments,
    known: dict,
) -> dict:
    """Returns the fields of `RawImage` that the tags of a DNG give.

    Args:
        path: of the file, for the message.
        source: its tags.
        raw: the table of the mosaic.
        coding: of its pixels.
        known: fields that LibRaw gives; empty where it was not asked.

    Raises:
        InputError: neither says which colours the pixels have.
    """
    order, main = source.order, source.ifds[0]
    fields = {}
    matrices = [
        np.reshape(found, (3, 3))
        for tag in (50722, 50721)  # ColorMatrix2 (most often D65) and 1.
        if (found := numbers([main], tag, order, 9))
    ]
    for matrix in filter(is_matrix, matrices):
        fields["color_matrix"] = matrix
        break
    neutral = numbers([main], 50728, order, 3)
    if neutral and all(0 < n < 1e6 for n in neutral):
        fields["neutral"] = tuple(n / neutral[1] for n in neutral)
    exposure = numbers([main], 50730, order, 1)
    if exposure:
        fields["exposure"] = float(exposure[0])
    fields |= _noise([raw, main], order)
    return fields | _layout(path, raw, order, coding, known)


def _noise(ifds, order):
    """The pair of a NoiseProfile, or why it cannot be used."""
    tag = next((i.tags[51041] for i in ifds if 51041 in i.tags), None)
    if tag is None:
        return {}
    found = tiff.values(tag, order) if tag.type not in _TEXTS else []
    if len(found) not in (2, 6, 8):
        return {"noise_fault": f"it holds {len(found)} numbers and not 2 or 6"}
    pairs = np.reshape(found, (-1, 2))
    for a, b in pairs:
        if not (0 < a <= 1 and 0 <= b <= 1):
            return {"noise_fault": f"it says a={a:g}, b={b:g}"}
    # One pair, or one each of R, G, B or R, Gr, Gb, B; the network takes one
    # for all four planes, and green counts twice.
    weights = (1, 2, 1) if len(pairs) == 3 else None
    a, b = np.average(pairs, axis=0, weights=weights)
    return {"noise": (float(a), float(b))}


def pattern(raw: tiff.Ifd, order: str) -> str | None:
    """Returns the CFAPattern: the colours themselves, not plane numbers.

    LibRaw takes them for plane numbers where CFAPlaneColor is not 0, 1, 2.
    """
    cells = numbers([raw], 33422, order, 4)
    return cells and "".join(_COLOURS.get(cell, "?") for cell in cells)


def _layout(path, raw, order, coding, known):
    """Active area, pattern and levels."""
    cells = pattern(raw, order) or known.get("pattern")
    if cells is None:
        raise InputError(
            f"{path}: its colour filter array must be known. Received: a DNG "
            "without CFAPattern"
        )
    whole = (0, 0, coding.height, coding.width)
    active = numbers([raw], 50829, order, 4) or whole
    fields = {"pattern": cells, "active": tuple(int(n) for n in active)}
    white = numbers([raw], 50717, order, 1)
    if white:
        fields["white_level"] = float(white[0])
    elif "white_level" not in known:
        full = 1.0 if coding.is_float else (1 << coding.bits) - 1
        fields["white_level"] = float(full)
    top, left, bottom, right = fields["active"]
    levels, offsets = black.read(
        path, raw, order, cells, (bottom - top, right - left)
    )
    if levels is not None:
        fields["black_level"] = levels
        fields["black_offsets"] = offsets
    elif "black_level" not in known:
        fields["black_level"] = (0.0,)
    return fields


def default_crop(image: RawImage) -> RawImage:
    """Returns the frame cut to the DNG's DefaultCrop, which viewers show."""
    if not image.is_dng or image.source is None:
        return image
    raw, order = raw_table.find(image.source), image.source.order
    origin = numbers([raw], 50719, order, 2)
    size = numbers([raw], 50720, order, 2)
    if origin is None or size is None:
        return image
    left, top = (round(n) for n in origin)
    width, height = (round(n) for n in size)
    active_top, active_left, bottom, right = image.active
    top, left = active_top + top, active_left + left
    if not (
        active_top <= top < top + height <= bottom
        and active_left <= left < left + width <= right
    ):
        return image
    top, left = top - active_top, left - active_left
    return image.cropped(slice(top, top + height), slice(left, left + width))
