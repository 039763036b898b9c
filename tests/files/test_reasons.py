"""Files that are refused, and the reason that is named."""

import struct

import numpy as np
import pytest
import raw_files

from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer


def short(numbers):
    return tiff.make(tiff.SHORT, numbers, "<")


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({259: short(52546)}, "JPEG XL compression, which is not supported"),
        ({259: short(34892)}, "a lossy DNG"),
        ({259: short(52546), 262: short(34892)}, "LinearRaw, in JPEG XL"),
        ({259: short(34892), 262: short(34892)}, "LinearRaw, in lossy JPEG"),
        ({262: short(34892)}, "demosaiced already"),
        ({262: short(1)}, "monochrome"),
        ({50711: short(2)}, "SuperCCD"),
        ({33421: short([6, 6]), 33422: short(36 * [1])}, "6 x 6"),
    ],
)
def test_the_reason_is_named(tmp_path, changes, reason):
    path = raw_files.camera_dng(tmp_path / "a.dng", changes=changes)
    with pytest.raises(InputError, match=reason):
        reader.read(path)


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2, 1], [2, 1, 0]])
def test_planes_may_be_numbered_otherwise(tmp_path, order):
    plain = reader.read(raw_files.camera_dng(tmp_path / "a.dng"))
    changes = {50710: tiff.make(tiff.BYTE, order, "<")}
    path = raw_files.camera_dng(tmp_path / "b.dng", changes=changes)
    image = reader.read(path)
    writer.write(tmp_path / "c.dng", image)
    for found in (image, reader.read(tmp_path / "c.dng")):
        assert found.pattern == plain.pattern
        assert found.black_level == plain.black_level
        np.testing.assert_array_equal(found.mosaic, plain.mosaic)


def raf(layout):
    """The header of a RAF with one entry of its directory."""
    head = b"FUJIFILMCCD-RAW 0201FF389501".ljust(92, b"\0")
    directory = struct.pack(">IHH", 1, 0x130, 4) + bytes([12, layout, 0, 0])
    return head + struct.pack(">I", 96) + directory


def test_a_turned_sensor_is_named(tmp_path):
    path = tmp_path / "a.raf"
    path.write_bytes(raf(0))
    with pytest.raises(InputError, match="SuperCCD"):
        reader.read(path)
    path.write_bytes(raf(8))
    with pytest.raises(InputError, match="no RAW file that LibRaw knows"):
        reader.read(path)


@pytest.mark.parametrize("name", ["a.dng", "a.raf", "a.nef"])
def test_an_empty_file_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match="an empty file"):
        reader.read(tmp_path / name)
