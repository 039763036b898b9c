"""NumPy archives from files that come from outside: numbers only."""

import io
import zipfile

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs


def read(path, max_bytes: int) -> dict[str, np.ndarray]:
    """Reads all arrays of a `.npz` file.

    Args:
        path: of the file.
        max_bytes: most that the file may have, packed and unpacked.

    Returns:
        Name to array.

    Raises:
        InputError: not a regular file, damaged, too large, or with pickles.
    """
    data = inputs.read_bytes(path, max_bytes)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > max_bytes:
            raise ValueError(f"it unpacks to {size:,} bytes")
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except Exception as error:
        # A damaged archive or header can raise anything.
        raise InputError(
            f"{path}: must be a .npz archive of numbers: {error}"
        ) from error
