"""Pixels of a DNG that need no decoder but zlib: floats and wide integers.

LibRaw rescales floating-point pixels to 14 bits by their largest value and
reads integers of 32 bits as zeros, so these are read here, as they stand.

References: DNG 1.7, "Floating Point Image Data" (16, 24 and 32 bits, predictors
3, 34894 and 34895); TIFF Technical Note 3 (predictor 3); TIFF 6.0 section 14
(predictor 2).
"""

import zlib

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import limits
from fanet_tf.files import segments as segments_lib
from fanet_tf.files.segments import Segments

# Horizontal differencing of integers and of floats; X2 and X4 look back two
# and four pixels.
_INTEGER_STEPS = {2: 1, 34892: 2, 34893: 4}
_FLOAT_STEPS = {3: 1, 34894: 2, 34895: 4}
_FLOAT_BITS = (16, 24, 32, 64)
_INTEGER_BITS = (8, 16, 32)


def is_needed(segments: Segments) -> bool:
    """Whether LibRaw would not give the counts that are stored."""
    return (
        segments.is_float
        or segments.bits > 16
        or segments.compression in segments_lib.DEFLATE
    )


def read(path, segments: Segments, order: str) -> np.ndarray:
    """Reads the pixels as they are stored.

    Args:
        path: of the file.
        segments: of the mosaic, checked against the size of the file.
        order: of the file's bytes.

    Returns:
        `[H, W]`, uint16 of integers of up to 16 bits, else float32.

    Raises:
        InputError: a coding that no DNG has, or damaged data.
    """
    limits.check_size(path, segments.width, segments.height)
    _check_coding(path, segments)
    narrow = not segments.is_float and segments.bits <= 16
    shape = (segments.height, segments.width)
    mosaic = np.zeros(shape, np.uint16 if narrow else np.float32)
    with inputs.open_regular(path) as stream:
        for index, part in enumerate(segments.parts):
            rows = _rows(stream, segments, part, order, path, index)
            height = min(segments.segment_height, segments.height - part.top)
            width = min(segments.segment_width, segments.width - part.left)
            place = mosaic[part.top : part.top + height, part.left :]
            with np.errstate(over="ignore"):  # Found below.
                place[:, :width] = rows[:height, :width]
    if not np.isfinite(mosaic).all():
        row, column = np.argwhere(~np.isfinite(mosaic))[0]
        raise InputError(
            f"{path}: its pixels must be finite numbers. Received: "
            f"{mosaic[row, column]} at row {row}, column {column}"
        )
    return mosaic


def _check_coding(path, segments):
    known = _FLOAT_BITS if segments.is_float else _INTEGER_BITS
    steps = _FLOAT_STEPS if segments.is_float else _INTEGER_STEPS
    codings = (segments_lib.NONE, *segments_lib.DEFLATE)
    if (
        segments.bits not in known
        or segments.compression not in codings
        or segments.predictor not in (1, *steps)
    ):
        kind = "floats" if segments.is_float else "integers"
        raise InputError(
            f"{path}: its pixels must be of a coding that DNG knows. "
            f"Received: {kind} of {segments.bits} bits, compression "
            f"{segments.compression}, predictor {segments.predictor}"
        )


def _rows(stream, segments, part, order, path, index):
    """Returns the pixels of one part, `[rows, segment_width]`."""
    wanted = segments.unpacked_size(part)
    stream.seek(part.offset)
    if segments.compression == segments_lib.NONE:
        data = stream.read(wanted)
    else:
        inflater = zlib.decompressobj()
        try:
            # No more than is wanted: a small file may promise gigabytes.
            data = inflater.decompress(stream.read(part.size), wanted)
            if len(data) == wanted:
                inflater.decompress(inflater.unconsumed_tail, 1)
        except zlib.error as error:
            raise InputError(
                f"{path}: its pixels must be complete. Received: damaged data "
                f"in {segments.name(index)} ({error})"
            ) from None
    if len(data) != wanted:
        raise InputError(
            f"{path}: its pixels must be complete. Received: {len(data):,} of "
            f"{wanted:,} bytes of {segments.name(index)}"
        )
    size = segments.bits // 8
    width = segments.segment_width
    stored = np.frombuffer(data, np.uint8).reshape(-1, width * size)
    if not segments.is_float:
        integers = stored.view(f"{order}u{size}")
        step = _INTEGER_STEPS.get(segments.predictor)
        return _summed(integers.astype(f"u{size}"), step) if step else integers
    step = _FLOAT_STEPS.get(segments.predictor)
    if step:
        # Differences of bytes, the most significant ones of a row first.
        planes = _summed(stored, step).reshape(-1, size, width)
        stored = np.ascontiguousarray(planes.transpose(0, 2, 1))
        order = ">"
    stored = stored.reshape(-1, width, size)
    if size == 3:
        return _float24(stored, order)
    return stored.view(f"{order}f{size}")[..., 0]


def _summed(rows, step):
    """Undoes horizontal differencing over `step` pixels."""
    summed = np.empty_like(rows)
    for start in range(step):
        part = rows[:, start::step]
        summed[:, start::step] = np.cumsum(part, axis=1, dtype=rows.dtype)
    return summed


def _float24(stored, order):
    """Returns 24-bit floats: a sign, 7 bits of exponent, 16 of fraction."""
    stored = stored.astype(np.uint32)
    if order == "<":
        stored = stored[..., ::-1]
    bits = stored[..., 0] << 16 | stored[..., 1] << 8 | stored[..., 2]
    exponent = (bits >> 16 & 0x7F).astype(np.int32)
    fraction = (bits & 0xFFFF).astype(np.float64) / 65536.0
    value = np.ldexp(
        np.where(exponent == 0, fraction, 1.0 + fraction),
        np.maximum(exponent, 1) - 64 + 1,
    )
    value[exponent == 0x7F] = np.inf
    return np.where(bits >> 23 & 1, -value, value)
