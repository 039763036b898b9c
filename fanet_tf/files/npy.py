"""NumPy arrays from files that come from outside.

No pickles; shape and type are checked before any value is read.
"""

import math
import os
import pathlib

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs

_NUMBERS = "biuf"


def read(path, max_values: int, mapped: bool = False) -> np.ndarray:
    """Reads one array of numbers or truth values.

    Args:
        path: of a `.npy` file.
        max_values: most values that it may have.
        mapped: maps the file instead of reading it.

    Raises:
        InputError: not a regular file, not one array, damaged, or too large.
    """
    path = pathlib.Path(path)
    try:
        with inputs.open_regular(path) as stream:
            shape, fortran, dtype = _header(stream)
            count = math.prod(shape)
            if dtype.kind not in _NUMBERS or dtype.hasobject:
                raise InputError(
                    f"{path}: must hold numbers. Received: {dtype}"
                )
            if count > max_values:
                raise InputError(
                    f"{path}: must hold at most {max_values:,} values. "
                    f"Received: {' x '.join(map(str, shape))}"
                )
            start = stream.tell()
            size = os.fstat(stream.fileno()).st_size
            if size - start < count * dtype.itemsize:
                raise InputError(
                    f"{path}: must be whole. Received: {size - start} of "
                    f"{count * dtype.itemsize} bytes"
                )
            order = "F" if fortran else "C"
            if mapped and count:
                return np.memmap(stream, dtype, "r", start, shape, order)
            values = np.fromfile(stream, dtype, count)
            return values.reshape(shape, order=order)
    except InputError:
        raise
    except (OSError, MemoryError) as error:
        raise InputError(f"{path}: must be readable: {error}") from error
    except Exception as error:
        # NumPy parses the header as a Python literal: a damaged one can raise
        # nearly anything (RecursionError, tokenize errors), not a bug of ours.
        raise InputError(
            f"{path}: must be a .npy array. Received: "
            f"{type(error).__name__}: {str(error)[:160]}"
        ) from error


def _header(stream):
    """Returns shape, whether columns come first, and the type."""
    version = np.lib.format.read_magic(stream)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    if version not in readers:
        raise ValueError(f"version {version}")
    shape, fortran, dtype = readers[version](stream)
    if any(side < 0 for side in shape):
        raise ValueError(f"the shape {shape}")
    return shape, fortran, dtype
