"""Headerless RAW: bytes of the sensor as Android and boards write them."""

import dataclasses
import os

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import limits
from fanet_tf.files import values
from fanet_tf.files.raw_image import RawImage

SUFFIXES = (".raw", ".raw8", ".raw10", ".raw12", ".raw16", ".bin", ".bayer")
PACKINGS = ("mipi", "u8", "u16le", "u16be")
BITS = (8, 10, 12, 14, 16)
# No driver pads a row to more; a header in front is a few kilobytes.
_MAX_STRIDE = 1 << 20
_MAX_OFFSET = 1 << 30


@dataclasses.dataclass(frozen=True)
class DumpFormat:
    """What a headerless file does not say.

    Attributes:
        width: pixels a row.
        height: rows.
        bits: of a pixel.
        pattern: CFA pattern of the first pixels.
        black_level: one count, or four of R, Gr, Gb, B.
        white_level: count of white; None means the largest of `bits`.
        packing: one of `PACKINGS`; None means MIPI packed where the file's
            size fits it, else one or two little-endian bytes a pixel.
        stride: bytes from row to row; None means found from the file's size.
        offset: bytes before the first row.
    """

    width: int
    height: int
    bits: int
    pattern: str = "RGGB"
    black_level: tuple = (0.0,)
    white_level: float | None = None
    packing: str | None = None
    stride: int | None = None
    offset: int = 0

    def __post_init__(self):
        limits.check_size("A headerless file", self.width, self.height)
        values.integer("offset", self.offset, low=0, high=_MAX_OFFSET)
        if self.stride is not None:
            values.integer("row_bytes", self.stride, low=1, high=_MAX_STRIDE)
        if self.bits not in BITS:
            raise InputError(f"`bits` must be one of {BITS}. Got: {self.bits}")
        if self.packing not in (None, *PACKINGS):
            raise InputError(
                f"`packing` must be one of {', '.join(PACKINGS)}. "
                f"Received: {self.packing!r}"
            )

    def row_bytes(self, packing: str) -> int:
        """Returns the bytes of a row without padding."""
        if packing == "mipi":
            group = _GROUPS[self.bits]
            return -(-self.width // group[0]) * group[1]
        return self.width * (1 if packing == "u8" else 2)


# Pixels and bytes of a MIPI CSI-2 group.
_GROUPS = {8: (1, 1), 10: (4, 5), 12: (2, 3), 14: (4, 7), 16: (1, 2)}


def unpack_mipi(rows: np.ndarray, bits: int) -> np.ndarray:
    """Unpacks MIPI CSI-2 rows: `[H, bytes]` uint8 to `[H, pixels]` uint16.

    RAW10: four bytes with the high 8 bits of four pixels, then one byte with
    their low 2 bits, the first pixel's lowest. RAW12: two and one. RAW14: four
    and three, whose 24 bits hold the low 6 bits of the four.
    """
    if bits == 8:
        return rows.astype(np.uint16)
    if bits == 16:
        return rows.view("<u2").astype(np.uint16)
    pixels, size = _GROUPS[bits]
    groups = rows.reshape(len(rows), -1, size).astype(np.uint32)
    low_bits = bits - 8
    low = sum(groups[..., pixels + i] << (8 * i) for i in range(size - pixels))
    counts = [
        (groups[..., i] << low_bits)
        | ((low >> (low_bits * i)) & ((1 << low_bits) - 1))
        for i in range(pixels)
    ]
    return np.stack(counts, axis=-1).reshape(len(rows), -1).astype(np.uint16)


def _layout(form: DumpFormat, size: int):
    """Returns packing and stride that fit a file of `size` bytes."""
    packings = [form.packing]
    if form.packing is None:
        packings = ["u8"] if form.bits == 8 else ["u16le", "mipi"]
    rows = form.height
    for packing in packings:
        need = form.row_bytes(packing)
        if form.stride is not None:
            if form.stride >= need and form.stride * (rows - 1) + need <= size:
                return packing, form.stride
        elif size == need * rows:
            return packing, need
        # Rows padded to a power of two, as camera drivers do. A file of one
        # row more or less is not taken for it.
        elif size % rows == 0 and need < size // rows < need + 256:
            return packing, size // rows
    needs = ", ".join(f"{form.row_bytes(p) * rows} ({p})" for p in packings)
    raise InputError(
        f"A dump of {form.width} x {form.height} pixels of {form.bits} bits "
        f"must hold {needs} bytes, or whole padded rows. "
        f"Received: {size} bytes"
    )


def read(path, form: DumpFormat) -> RawImage:
    """Reads a headerless file."""
    with inputs.open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size - form.offset
        packing, stride = _layout(form, size)
        need = form.row_bytes(packing)
        stream.seek(form.offset)
        data = np.frombuffer(
            stream.read(stride * (form.height - 1) + need), np.uint8
        )
    data = np.concatenate(
        [data, np.zeros(stride * form.height - len(data), np.uint8)]
    )
    rows = np.ascontiguousarray(data.reshape(form.height, stride)[:, :need])
    if packing == "mipi":
        mosaic = unpack_mipi(rows, form.bits)[:, : form.width]
    elif packing == "u8":
        mosaic = rows.astype(np.uint16)
    else:
        order = "<u2" if packing == "u16le" else ">u2"
        mosaic = rows.view(order).astype(np.uint16)
    largest = (1 << form.bits) - 1
    if mosaic.max() > largest:
        raise InputError(
            f"{path}: counts of {form.bits} bits must be at most {largest}. "
            f"Received: {mosaic.max()}; `--bits` or `--packing` is wrong"
        )
    white = form.white_level if form.white_level is not None else largest
    return RawImage(
        np.ascontiguousarray(mosaic),
        form.pattern,
        tuple(float(b) for b in form.black_level),
        float(white),
    )
