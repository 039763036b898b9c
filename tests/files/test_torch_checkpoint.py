"""Checkpoints of PyTorch, in both layouts, and hostile ones."""

import collections
import io
import os
import pickle
import struct
import sys
import types
import zipfile

import numpy as np
import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import torch_checkpoint

VALUES = np.arange(12, dtype="<f4")


class FloatStorage:
    """Pickled as `torch.FloatStorage`."""


FloatStorage.__module__ = "torch"


def _rebuild_tensor_v2(*arguments):
    return arguments


_rebuild_tensor_v2.__module__ = "torch._utils"


class Tensor:
    def __init__(self, key, offset, shape, strides):
        self.arguments = (("storage", FloatStorage, key, "cpu", 12),)
        self.arguments += (offset, shape, strides, False, None)

    def __reduce__(self):
        return _rebuild_tensor_v2, (Storage(self.arguments[0]),) + (
            self.arguments[1:]
        )


class Storage:
    def __init__(self, pid):
        self.pid = pid


class Writer(pickle.Pickler):
    def persistent_id(self, value):
        return value.pid if isinstance(value, Storage) else None


@pytest.fixture(autouse=True)
def torch(monkeypatch):
    """Modules of those names, for pickle to find the classes in."""
    for name, value in (
        ("torch", FloatStorage),
        ("torch._utils", _rebuild_tensor_v2),
    ):
        module = types.ModuleType(name)
        setattr(module, value.__name__, value)
        monkeypatch.setitem(sys.modules, name, module)


def dumped(value):
    stream = io.BytesIO()
    Writer(stream, protocol=2).dump(value)
    return stream.getvalue()


def zipped(path, value):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", dumped(value))
        archive.writestr("net/data/0", VALUES.tobytes())
    return path


def legacy(path, value):
    path.write_bytes(
        dumped(0x1950A86A20F9469CFC6C)
        + dumped(1001)
        + dumped({"little_endian": True})
        + dumped(value)
        + dumped(["0"])
        + struct.pack("<q", 12)
        + VALUES.tobytes()
    )
    return path


STATE = collections.OrderedDict(
    a=Tensor("0", 0, (3, 4), (4, 1)), b=Tensor("0", 4, (2, 3), (1, 2))
)


@pytest.mark.parametrize("write", [zipped, legacy])
@pytest.mark.parametrize("value", [STATE, {"state_dict": STATE, "epoch": 3}])
def test_tensors_are_read(tmp_path, write, value):
    found = torch_checkpoint.read(write(tmp_path / "net.ckp", value))
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], VALUES.reshape(3, 4))
    np.testing.assert_array_equal(found["b"], VALUES[4:10].reshape(3, 2).T)


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("owned",)


@pytest.mark.parametrize("write", [zipped, legacy])
@pytest.mark.parametrize(
    "value, words",
    [
        ({"a": Hostile()}, "mkdir"),
        ({"a": Tensor("0", 8, (3, 4), (4, 1))}, "beyond"),
        ({"a": Tensor("0", -1, (3,), (1,))}, "beyond"),
        ({"a": Tensor("0", 0, (3,), (-1,))}, "beyond"),
    ],
)
def test_what_is_no_tensor_is_refused(
    tmp_path, monkeypatch, write, value, words
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=words):
        torch_checkpoint.read(write(tmp_path / "net.ckp", value))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("write", [zipped, legacy])
def test_a_cut_one_is_refused(tmp_path, write):
    data = write(tmp_path / "net.ckp", STATE).read_bytes()
    for end in range(0, len(data), 7):
        (tmp_path / "cut.ckp").write_bytes(data[:end])
        with pytest.raises(InputError):
            torch_checkpoint.read(tmp_path / "cut.ckp")
