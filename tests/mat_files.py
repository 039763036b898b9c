"""MATLAB files for tests, as MATLAB writes them."""

import h5py
import numpy as np


def write_mat73(path, **arrays):
    """Writes version 7.3 as MATLAB does: HDF5, columns first, a user block."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in arrays.items():
            file.create_dataset(
                name, data=np.asarray(array).T, chunks=True, compression="gzip"
            )
