"""MATLAB files of both kinds: up to version 7 (scipy) and 7.3 (HDF5)."""

import pathlib

import numpy as np

from fanet_tf.errors import InputError

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path) -> bool:
    """Whether a `.mat` is of version 7.3, which is HDF5 behind 512 bytes."""
    with open(path, "rb") as stream:
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
    """
    path = pathlib.Path(path)
    if is_hdf5(path):
        import h5py

        with h5py.File(path, "r") as file:
            data = _member(path, file, name)
            if data.ndim == 3:
                return np.asarray(data[:, columns, rows]).T
            return np.asarray(data[columns, rows]).T
    import scipy.io

    contents = scipy.io.loadmat(path, variable_names=[name])
    return _member(path, contents, name)[rows, columns]


def shape(path, name: str) -> tuple[int, ...]:
    """Returns the size of the matrix `name` as MATLAB shows it."""
    path = pathlib.Path(path)
    if is_hdf5(path):
        import h5py

        with h5py.File(path, "r") as file:
            return tuple(reversed(_member(path, file, name).shape))
    import scipy.io

    for variable, size, _ in scipy.io.whosmat(path):
        if variable == name:
            return tuple(size)
    raise InputError(f"{path}: must hold the variable {name!r}.")


def _member(path, container, name):
    if name not in container:
        raise InputError(f"{path}: must hold the variable {name!r}.")
    return container[name]
