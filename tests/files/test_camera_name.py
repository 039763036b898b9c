"""The camera of RAW files that are no TIFF."""

import io
import struct

import pytest

from fanet_tf.files import camera_name
from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer

CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def box(kind, *parts):
    data = b"".join(parts)
    return struct.pack(">I", 8 + len(data)) + kind + data


def names(order="<"):
    """Returns a TIFF structure as CMT1 holds it."""
    tags = {
        271: tiff.make(tiff.ASCII, "Canon", order),
        272: tiff.make(tiff.ASCII, "Canon EOS R6", order),
    }
    stream = io.BytesIO()
    tiff_writer.write(stream, tiff.Ifd(tags), order)
    return stream.getvalue()


def cr3(table, before=b""):
    canon = box(b"uuid", CANON, box(b"CNCV", bytes(30)), box(b"CMT1", table))
    head = box(b"ftyp", b"crx ", bytes(12)) + before
    return head + box(b"moov", canon, box(b"mvhd", bytes(100)))


def test_a_raf_says_its_model_in_its_header(tmp_path):
    head = b"FUJIFILMCCD-RAW 0201FF383501" + b"GFX 50R".ljust(32, b"\0")
    (tmp_path / "a.raf").write_bytes(head + bytes(100))
    assert camera_name.read(tmp_path / "a.raf") == {
        "make": "FUJIFILM",
        "model": "GFX 50R",
    }


@pytest.mark.parametrize("order", "<>")
def test_a_cr3_says_it_in_a_box(tmp_path, order):
    (tmp_path / "a.cr3").write_bytes(cr3(names(order), box(b"free", b"abc")))
    assert camera_name.read(tmp_path / "a.cr3") == {
        "make": "Canon",
        "model": "Canon EOS R6",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"FUJIFILMCCD-RAW",
        b"MRM",
        cr3(b"II*\0"),
        cr3(names()[:20]),
        cr3(names())[:60],
        cr3(names(), b"\0\0\0\1free"),
        cr3(names(), b"\0\0\0\0free"),
    ],
)
def test_other_and_damaged_files_have_none(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    assert not camera_name.read(tmp_path / "a").get("model")
