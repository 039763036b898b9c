"""HDF5: what a file shows lies in the file itself."""

import h5py
import numpy as np
import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import hdf5


@pytest.fixture
def secret(tmp_path):
    """A file of the user's, which no other file may show."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = np.arange(4.0)
    (tmp_path / "secret.bin").write_bytes(np.arange(4.0).tobytes())
    return tmp_path / "secret.h5"


def test_what_lies_in_the_file_is_read(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/x"] = np.arange(4.0)
        file["cells"] = np.array([file["group/x"].ref], h5py.ref_dtype)
    with hdf5.opened(tmp_path / "a.h5") as file:
        assert hdf5.member(file, "group/x")[2] == 2.0
        cell = hdf5.member(file, "cells")[0]
        assert hdf5.follow(file, cell)[3] == 3.0
        with pytest.raises(InputError, match="at most 3 values"):
            hdf5.check_count(file["group/x"], 3)


def external_link(file, secret):
    file["x"] = h5py.ExternalLink(str(secret), "/x")


def link_to_a_link(file, secret):
    file["there"] = h5py.ExternalLink(str(secret), "/")
    file["x"] = h5py.SoftLink("/there/x")


def external_data(file, secret):
    file.create_dataset(
        "x", (4,), "<f8", external=[(str(secret.with_suffix(".bin")), 0, 32)]
    )


def virtual_data(file, secret):
    layout = h5py.VirtualLayout((4,), "<f8")
    layout[:] = h5py.VirtualSource(str(secret), "x", (4,))
    file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize(
    "lay", [external_link, link_to_a_link, external_data, virtual_data]
)
def test_what_lies_elsewhere_is_refused(tmp_path, secret, lay):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        lay(file, secret)
    with h5py.File(tmp_path / "a.h5", "r") as file:
        assert file["x"][2] == 2.0  # The attack works without us.
    with hdf5.opened(tmp_path / "a.h5") as file:
        with pytest.raises(InputError, match="in the file itself"):
            hdf5.member(file, "x")


def test_a_reference_to_data_elsewhere_is_refused(tmp_path, secret):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        external_data(file, secret)
        file["cells"] = np.array([file["x"].ref], h5py.ref_dtype)
    with hdf5.opened(tmp_path / "a.h5") as file:
        with pytest.raises(InputError, match="in the file itself"):
            hdf5.follow(file, hdf5.member(file, "cells")[0])
        with pytest.raises(InputError, match="must refer"):
            hdf5.follow(file, 3)


def test_what_is_missing_is_named(tmp_path, secret):
    with hdf5.opened(secret) as file:
        for name in ("y", "x/y"):
            with pytest.raises(InputError, match="must hold the variable"):
                hdf5.member(file, name)
    (tmp_path / "b.h5").write_bytes(b"no HDF5")
    with pytest.raises(InputError, match="must be HDF5"):
        with hdf5.opened(tmp_path / "b.h5"):
            pass
