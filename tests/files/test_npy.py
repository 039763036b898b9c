"""Arrays: numbers only, and only as many as are allowed."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.errors import InputError
from fanet_tf.files import npy


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dtype", ["<f4", ">u2", "bool", "<f2"])
def test_arrays_come_back(tmp_path, mapped, order, dtype):
    array = np.asarray(np.arange(24).reshape(4, 6) % 2, dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    found = npy.read(tmp_path / "a.npy", 24, mapped)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def test_an_empty_array_comes_back(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((0, 3)))
    assert npy.read(tmp_path / "a.npy", 1, mapped=True).shape == (0, 3)


def save_header(path, text):
    header = text.encode() + b"\n"
    size = len(header).to_bytes(2, "little")
    path.write_bytes(b"\x93NUMPY\x01\0" + size + header)


@pytest.mark.parametrize(
    "header, reason",
    [
        ("'descr': '<f4', 'shape': (100000, 100000)", "at most 64 values"),
        ("'descr': '<f4', 'shape': (8, 8)", "must be whole"),
        ("'descr': '<f4', 'shape': (-1, 8)", "must be a .npy"),
        ("'descr': '|O', 'shape': (1,)", "must hold numbers"),
        ("'descr': '<U8', 'shape': (1,)", "must hold numbers"),
        ("'descr': '<c8', 'shape': (1,)", "must hold numbers"),
        ("'descr': [('a', '<f4')], 'shape': (1,)", "must hold numbers"),
        ("'descr': " + "(" * 900 + ", 'shape': (1,)", "must be a .npy"),
    ],
)
@pytest.mark.parametrize("mapped", [False, True])
def test_hostile_headers_are_refused(tmp_path, header, reason, mapped):
    save_header(tmp_path / "a.npy", "{" + header + ", 'fortran_order': False}")
    with pytest.raises(InputError, match=reason):
        npy.read(tmp_path / "a.npy", 64, mapped)


def test_an_archive_and_a_pipe_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", np.zeros(3))
    os.mkfifo(tmp_path / "b.npy")
    for name in ("a.npz", "b.npy"):
        with pytest.raises(InputError):
            npy.read(tmp_path / name, 9)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "fuzz.npy"
    path.write_bytes(b"\x93NUMPY\x01\0" + data)
    try:
        npy.read(path, 64)
    except InputError as error:
        assert str(error).count("\n") == 0
