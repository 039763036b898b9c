"""Arrays of a PyTorch checkpoint, read without PyTorch and without its code.

A checkpoint is a pickle of tensors beside their numbers, and a pickle may name
any function of any module to be called. This reader knows the four names that
a dictionary of tensors is made of; whatever else is named, is refused.

Both layouts are read: the zip archive of PyTorch 1.6 and later
(`NAME/data.pkl`, `NAME/data/KEY`), and the stream of pickles before it.
"""

import collections
import io
import pathlib
import pickle
import zipfile

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs

_DTYPES = {
    "FloatStorage": np.dtype("<f4"),
    "DoubleStorage": np.dtype("<f8"),
    "HalfStorage": np.dtype("<f2"),
    "LongStorage": np.dtype("<i8"),
    "IntStorage": np.dtype("<i4"),
}
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_BYTES = 1 << 30


class _Tensor:
    """A view of a storage: its place, shape and strides in values."""

    def __init__(self, storage, offset, shape, strides, *unused):
        del unused  # Gradients and hooks.
        self.storage, self.offset = storage, int(offset)
        self.shape, self.strides = tuple(shape), tuple(strides)

    def array(self, storages):
        values = storages[self.storage[0]]
        last = self.offset + sum(
            (size - 1) * step
            for size, step in zip(self.shape, self.strides, strict=True)
        )
        if (
            self.offset < 0
            or min((*self.shape, *self.strides, 1)) < 0
            or (0 not in self.shape and last >= values.size)
        ):
            raise ValueError("a tensor reaches beyond its numbers")
        return np.lib.stride_tricks.as_strided(
            values[self.offset :],
            self.shape,
            [step * values.itemsize for step in self.strides],
            writeable=False,
        ).copy()


def _parameter(tensor, *unused):
    del unused
    return tensor


_KNOWN = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


class _Reader(pickle.Unpickler):
    """Reads names of `_KNOWN` and storages' types; keeps storages by key."""

    def __init__(self, stream):
        super().__init__(stream, encoding="utf-8")
        self.storages = {}

    def find_class(self, module, name):
        """Returns what stands for a name; refuses all others."""
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid):
        """Notes a storage: `("storage", type, key, device, size, ...)`."""
        kind, dtype, key, _, size = pid[:5]
        if kind != "storage" or not isinstance(dtype, np.dtype):
            raise pickle.UnpicklingError("it has a storage of unknown type")
        self.storages[str(key)] = (str(key), dtype, int(size))
        return self.storages[str(key)]


def read(path) -> dict[str, np.ndarray]:
    """Reads the tensors of a checkpoint's (outermost) dictionary.

    Args:
        path: of a file of `torch.save`, a state dictionary or a dictionary
            that has one as `state_dict`.

    Returns:
        Name to array.

    Raises:
        InputError: the file is damaged, or holds more than tensors.
    """
    path = pathlib.Path(path)
    data = inputs.read_bytes(path, _MOST_BYTES)
    try:
        zipped = zipfile.is_zipfile(io.BytesIO(data))
        found, storages = _zipped(data) if zipped else _legacy(data)
        found = found.get("state_dict", found)
        return {
            str(name): tensor.array(storages)
            for name, tensor in found.items()
            if isinstance(tensor, _Tensor)
        }
    except Exception as error:
        # A damaged pickle can raise anything.
        raise InputError(
            f"{path}: must be a PyTorch checkpoint of tensors: {error}"
        ) from error


def _zipped(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (index,) = (n for n in archive.namelist() if n.endswith("/data.pkl"))
        if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
            raise ValueError("it is larger than 1 GiB")
        reader = _Reader(io.BytesIO(archive.read(index)))
        found = reader.load()
        folder = index.removesuffix("data.pkl")
        return found, {
            key: np.frombuffer(archive.read(f"{folder}data/{key}"), dtype, size)
            for key, dtype, size in reader.storages.values()
        }


def _legacy(data):
    stream = io.BytesIO(data)
    if _Reader(stream).load() != _LEGACY_MAGIC:
        raise ValueError("it does not start as one")
    for _ in range(2):  # The version and facts of the machine.
        _Reader(stream).load()
    reader = _Reader(stream)
    found = reader.load()
    storages = {}
    for key in _Reader(stream).load():
        _, dtype, size = reader.storages[str(key)]
        if int.from_bytes(stream.read(8), "little") != size:
            raise ValueError("the sizes of its numbers disagree")
        numbers = stream.read(size * dtype.itemsize)
        storages[str(key)] = np.frombuffer(numbers, dtype, size)
    return found, storages
