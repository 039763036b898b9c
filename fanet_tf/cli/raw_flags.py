"""Flags that describe `.npy` mosaics and headerless files.

Neither kind of file states its pattern and levels; a headerless one not even
its size. `raw_format` turns the flags into what `files.reader.read` takes.
"""

import math
import pathlib

from absl import flags

from fanet_tf.errors import InputError
from fanet_tf.files import dump
from fanet_tf.files import frame_search
from fanet_tf.files import reader
from fanet_tf.raw import cfa

_CFA = flags.DEFINE_enum(
    "cfa", "RGGB", list(cfa.PATTERNS), "CFA pattern of .npy and headerless RAW."
)
_BLACK_LEVEL = flags.DEFINE_list(
    "black_level",
    ["0"],
    "Black level of .npy and headerless RAW: one number, or R,Gr,Gb,B.",
)
_WHITE_LEVEL = flags.DEFINE_float(
    "white_level",
    None,
    "White level of .npy and headerless RAW; default: 1 of float mosaics, else"
    " the largest count.",
)
_WIDTH = flags.DEFINE_integer("width", None, "Width of headerless RAW, pixels.")
_HEIGHT = flags.DEFINE_integer(
    "height", None, "Height of headerless RAW, pixels."
)
_BITS = flags.DEFINE_integer(
    "bits", None, "Bits of a pixel of headerless RAW: 8, 10, 12, 14 or 16."
)
_PACKING = flags.DEFINE_enum(
    "packing",
    None,
    list(dump.PACKINGS),
    "Packing of headerless RAW; default: found from the file's size.",
)
_ROW_BYTES = flags.DEFINE_integer(
    "row_bytes", None, "Bytes from row to row of headerless RAW."
)
_OFFSET = flags.DEFINE_integer(
    "offset", 0, "Bytes before the first row of headerless RAW."
)

# For the lists of flags that are rarely used.
NAMES = (
    "cfa",
    "black_level",
    "white_level",
    "width",
    "height",
    "bits",
    "packing",
    "row_bytes",
    "offset",
)


def _black_levels() -> tuple[float, ...]:
    texts = _BLACK_LEVEL.value
    try:
        numbers = tuple(float(text) for text in texts)
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, 4) or not all(map(math.isfinite, numbers)):
        raise InputError(
            "--black_level must be one number or four (R,Gr,Gb,B). "
            f"Received: {','.join(texts)}"
        )
    return numbers


def _is_headerless() -> bool:
    """Whether the flags describe headerless files, all of what they must."""
    sizes = (_WIDTH.value, _HEIGHT.value, _BITS.value)
    if sizes == (None, None, None):
        return False
    if None in sizes:
        raise InputError(
            "A headerless file needs all of --width, --height and --bits. "
            "Received: {}, {}, {}".format(*sizes)
        )
    return True


def suffixes() -> tuple[str, ...]:
    """Returns the suffixes of the frames that a folder is searched for."""
    kinds = dump.SUFFIXES if _is_headerless() else frame_search.RAW_SUFFIXES
    return (*kinds, ".npy")


def raw_format(
    path: pathlib.Path,
) -> dump.DumpFormat | reader.NpyFormat | None:
    """Returns what the flags say of a file that does not say it itself."""
    black = _black_levels()
    if path.suffix.lower() == ".npy":
        return reader.NpyFormat(_CFA.value, black, _WHITE_LEVEL.value)
    if not _is_headerless():
        return None
    return dump.DumpFormat(
        _WIDTH.value,
        _HEIGHT.value,
        _BITS.value,
        pattern=_CFA.value,
        black_level=black,
        white_level=_WHITE_LEVEL.value,
        packing=_PACKING.value,
        stride=_ROW_BYTES.value,
        offset=_OFFSET.value,
    )
