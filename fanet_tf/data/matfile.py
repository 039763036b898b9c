"""MATLAB files of both kinds: up to version 7 (scipy) and 7.3 (HDF5)."""

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import hdf5
from fanet_tf.files import inputs
from fanet_tf.files import limits

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
_MAX_STRUCT_BYTES = 64 << 20


def is_hdf5(path) -> bool:
    """Whether a `.mat` is of version 7.3, which is HDF5 behind 512 bytes."""
    with inputs.open_regular(path) as stream:
        head = stream.read(520)
    return head.startswith(_HDF5_MAGIC) or head[512:520] == _HDF5_MAGIC


def read_array(path, name: str, rows=slice(None), columns=slice(None)):
    """Reads the matrix `name`, or a part of it, as MATLAB shows it.

    HDF5 keeps MATLAB's columns as rows, so what h5py gives is transposed. Of a
    chunked HDF5 file only the chunks that are asked for are read.

    Args:
        path: of the `.mat`.
        name: of the variable.
        rows: slice of the rows that are wanted.
        columns: slice of the columns.

    Raises:
        InputError: no such variable, values that lie in other files, or more
            of them than `limits.max_pixels`, three to a pixel.
    """
    most = 3 * limits.max_pixels()
    if is_hdf5(path):
        with hdf5.opened(path) as file:
            data = hdf5.member(file, name)
            hdf5.check_count(data, most)
            if data.ndim == 3:
                return np.asarray(data[:, columns, rows]).T
            return np.asarray(data[columns, rows]).T
    import scipy.io

    size = _shape_of_old(path, name)
    if np.prod(size, dtype=float) > most:
        raise InputError(
            f"{path}: {name!r} must hold at most {most:,} values; --max_pixels "
            f"raises the limit. Received: {size}"
        )
    contents = scipy.io.loadmat(path, variable_names=[name])
    return contents[name][rows, columns]


def read_struct(path, name: str):
    """Reads the struct `name` of a file of version 5, as scipy shows it."""
    import scipy.io

    if inputs.check_regular(path).st_size > _MAX_STRUCT_BYTES:
        raise InputError(f"{path}: is too large for metadata.")
    contents = scipy.io.loadmat(path, variable_names=[name])
    if name not in contents:
        raise InputError(f"{path}: must hold the variable {name!r}.")
    return contents[name]


def shape(path, name: str) -> tuple[int, ...]:
    """Returns the size of the matrix `name` as MATLAB shows it."""
    if is_hdf5(path):
        with hdf5.opened(path) as file:
            return tuple(reversed(hdf5.member(file, name).shape))
    return _shape_of_old(path, name)


def _shape_of_old(path, name):
    import scipy.io

    for variable, size, _ in scipy.io.whosmat(path):
        if variable == name:
            return tuple(size)
    raise InputError(f"{path}: must hold the variable {name!r}.")
