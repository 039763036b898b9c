"""TIFF structures: what is written is read; damage is refused or left out."""

import io
import struct

import numpy as np
import pytest
import raw_files
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer


def write(path, ifd, order="<"):
    with open(path, "wb") as stream:
        tiff_writer.write(stream, ifd, order)
    return path


def values(ifd):
    return {n: (t.type, t.count, t.data) for n, t in ifd.tags.items()}


@pytest.mark.parametrize("order", "<>")
def test_tags_and_children_come_back(tmp_path, order):
    exif = tiff.Ifd({34855: tiff.make(tiff.SHORT, 800, order)})
    root = tiff.Ifd(
        {
            256: tiff.make(tiff.LONG, 4, order),
            271: tiff.make(tiff.ASCII, "Canon", order),
            282: tiff.make(tiff.RATIONAL, [0.5, 1.25], order),
            51041: tiff.make(tiff.DOUBLE, [4e-4, 2e-6], order),
        },
        {tiff.EXIF: [exif]},
    )
    read = tiff.read(write(tmp_path / "a.tif", root, order))
    assert read.order == order and read.dropped == []
    assert values(read.ifds[0]) == values(root)
    assert values(read.ifds[0].children[tiff.EXIF][0]) == values(exif)
    tags = read.ifds[0].tags
    assert tiff.values(tags[282], order) == [0.5, 1.25]
    assert tiff.values(tags[51041], order) == [4e-4, 2e-6]
    assert tiff.text(tags[271]) == "Canon"


def test_strips_lie_one_behind_the_other(tmp_path):
    pixels = [np.full(100, n, np.uint8) for n in range(5)]
    path = write(tmp_path / "a.tif", tiff.Ifd(pixels=pixels))
    tags = tiff.read(path).ifds[0].tags
    offsets = tiff.values(tags[tiff.STRIP_OFFSETS], "<")
    assert list(np.diff(offsets)) == [100] * 4
    data = path.read_bytes()
    assert data[offsets[0] : offsets[0] + 500] == b"".join(
        p.tobytes() for p in pixels
    )


@pytest.mark.parametrize("offset", [200, 4096, 20_000, 150_000])
@pytest.mark.parametrize("size", [10, 3000])
def test_a_maker_note_stays_where_it_was(tmp_path, offset, size):
    note = tiff.Tag(tiff.UNDEFINED, size, bytes(size), offset)
    exif = tiff.Ifd({tiff.MAKER_NOTE: note, 34855: tiff.make(3, 800, "<")})
    root = tiff.Ifd(
        {270: tiff.make(tiff.ASCII, "x" * 500, "<")},
        {tiff.EXIF: [exif]},
        [np.arange(60_000, dtype=np.uint16)],
    )
    read = tiff.read(write(tmp_path / "a.tif", root))
    found = read.ifds[0].children[tiff.EXIF][0].tags[tiff.MAKER_NOTE]
    assert found.offset == offset and found.data == note.data
    strip = tiff.values(read.ifds[0].tags[tiff.STRIP_OFFSETS], "<")[0]
    data = (tmp_path / "a.tif").read_bytes()
    np.testing.assert_array_equal(
        np.frombuffer(data, np.uint16, 60_000, strip), root.pixels[0]
    )


def test_a_hole_of_megabytes_is_not_left_for_a_note(tmp_path):
    note = tiff.Tag(tiff.UNDEFINED, 10, bytes(10), 50 << 20)
    exif = tiff.Ifd({tiff.MAKER_NOTE: note})
    with pytest.warns(UserWarning, match="maker notes stood at"):
        path = write(tmp_path / "a.tif", tiff.Ifd({}, {tiff.EXIF: [exif]}))
    assert path.stat().st_size < 1000


def test_big_tiff_is_read(tmp_path):
    path = tmp_path / "big.tif"
    entry = struct.pack("<HHQ8s", 256, 3, 1, struct.pack("<H", 77))
    path.write_bytes(
        b"II+\0\x08\0\0\0"
        + struct.pack("<QQ", 16, 1)
        + entry
        + struct.pack("<Q", 0)
    )
    tags = tiff.read(path).ifds[0].tags
    assert tiff.values(tags[256], "<") == [77]


def test_a_loop_of_tables_ends(tmp_path):
    path = tmp_path / "loop.tif"
    table = struct.pack("<HHHII", 1, 330, 4, 1, 8) + struct.pack("<I", 8)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + table)
    read = tiff.read(path)
    assert len(read.ifds) == 1
    assert "loop" in read.dropped[0]


@pytest.mark.parametrize("data", [b"", b"II", b"MM\0*", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_tiff_is_refused(tmp_path, data):
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(tiff.TiffError):
        tiff.read(path)


def test_a_value_outside_the_file_is_left_out_and_named(tmp_path):
    root = tiff.Ifd(
        {
            271: tiff.make(tiff.ASCII, "Canon", "<"),
            51041: tiff.make(tiff.DOUBLE, [1.0, 2.0], "<"),
        }
    )
    data = write(tmp_path / "a.tif", root).read_bytes()
    (tmp_path / "a.tif").write_bytes(data[:-8])
    read = tiff.read(tmp_path / "a.tif")
    assert set(read.ifds[0].tags) == {271}
    assert read.dropped[0].startswith("tag 51041:")


def test_a_file_without_a_main_table_is_refused(tmp_path):
    path = tmp_path / "empty.dng"
    path.write_bytes(b"II*\0" + bytes(12))
    with pytest.raises(tiff.TiffError, match="no main table"):
        tiff.read(path)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damage_gives_tags_or_a_tiff_error(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp()
    path = raw_files.camera_dng(folder / "damage.dng")
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        place = data.draw(st.integers(0, 5000))
        damaged[place] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    try:
        read = tiff.read(path)
    except tiff.TiffError:
        return
    stream = io.BytesIO()
    tiff_writer.write(stream, read.ifds[0], read.order)
