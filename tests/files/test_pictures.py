"""Pictures: their size is known before they are decoded."""

import io
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.errors import InputError
from fanet_tf.files import limits
from fanet_tf.files import picture_header
from fanet_tf.files import pictures

COLOUR = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH
KINDS = {
    ".png": "png",
    ".jpg": "jpeg",
    ".tif": "tiff",
    ".webp": "webp",
    ".hdr": "hdr",
}


def encoded(suffix, height, width, parameters=()):
    pixels = np.random.default_rng(0).random((height, width, 3))
    if suffix == ".hdr":
        pixels = pixels.astype(np.float32)
    else:
        pixels = (255 * pixels).astype(np.uint8)
    return cv2.imencode(suffix, pixels, parameters)[1].tobytes()


def png(width, height, data=b""):
    def chunk(name, body):
        return (
            struct.pack(">I", len(body))
            + name
            + body
            + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def tiff(width, height, order="<", big=False):
    code = "Q" if big else "I"
    head = b"II" if order == "<" else b"MM"
    if big:
        head += struct.pack(order + "HHHQQ", 43, 8, 0, 16, 2)
    else:
        head += struct.pack(order + "HIH", 42, 8, 2)
    for number, value in ((256, width), (257, height)):
        head += struct.pack(order + "HH" + code + code, number, 4, 1, value)
        if big and order == ">":
            head = head[:-8] + struct.pack(">II", value, 0)
    return head + struct.pack(order + code, 0)


def exr(width, height):
    def attribute(name, kind, value):
        size = struct.pack("<i", len(value))
        return name + b"\0" + kind + b"\0" + size + value

    window = struct.pack("<iiii", 0, 0, width - 1, height - 1)
    decoy = b"dataWindow\0box2i\0\x10\0\0\0" + struct.pack("<iiii", 0, 0, 7, 7)
    return (
        b"v/1\x01\x02\0\0\0"
        + attribute(b"comments", b"string", decoy)
        + attribute(b"dataWindow", b"box2i", window)
        + b"\0"
    )


def header(data):
    return picture_header.read(io.BytesIO(data), "x")


@pytest.mark.parametrize("suffix", KINDS)
def test_a_header_tells_kind_and_size(suffix):
    assert header(encoded(suffix, 24, 40)) == (KINDS[suffix], 40, 24)


@pytest.mark.parametrize(
    "parameters",
    [
        [cv2.IMWRITE_JPEG_PROGRESSIVE, 1],
        [cv2.IMWRITE_JPEG_RST_INTERVAL, 1],
    ],
)
def test_jpegs_of_other_frames_are_known(parameters):
    assert header(encoded(".jpg", 24, 40, parameters))[1:] == (40, 24)


def test_a_lossless_webp_is_known():
    data = encoded(".webp", 24, 40, [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert data[12:16] == b"VP8L" and header(data)[1:] == (40, 24)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("big", [False, True])
def test_tiffs_of_both_orders_and_sizes_are_known(order, big):
    assert header(tiff(40, 24, order, big)) == ("tiff", 40, 24)


def test_an_exr_is_known_behind_a_decoy():
    assert header(exr(40, 24)) == ("exr", 40, 24)


def test_a_long_line_does_not_hide_the_size():
    """OpenCV would take the end of it for the blank line."""
    lines = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n" + b"x" * 127 + b"\n"
    data = lines + b"-Y 60000 +X 60000\n\n-Y 8 +X 8\n"
    with pytest.raises(InputError, match="no blank line"):
        header(data)


BOMBS = {
    "a.png": png(20_000, 20_000),
    "b.png": png(65_535, 65_535),
    "c.hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n",
    "d.tif": tiff(60_000, 60_000),
    "e.exr": exr(60_000, 60_000),
    "f.png": png(0, 5),
    "g.jpg": b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", 65000, 65000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_promises_too_much_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(BOMBS[name])
    with pytest.raises(InputError, match="pixels; --max_pixels|must be 1 to"):
        pictures.read(tmp_path / name, COLOUR)


def test_the_user_can_move_the_limit(tmp_path, monkeypatch):
    monkeypatch.setitem(limits._limits, "pixels", limits.DEFAULT_MAX_PIXELS)
    (tmp_path / "a.png").write_bytes(encoded(".png", 24, 40))
    limits.set_max_pixels(24 * 40 - 1)
    with pytest.raises(InputError, match="at most 959 pixels; --max_pixels"):
        pictures.read(tmp_path / "a.png", COLOUR)
    limits.set_max_pixels(24 * 40)
    assert pictures.read(tmp_path / "a.png", COLOUR).shape == (24, 40, 3)
    for wrong in (0, -1, limits.HIGHEST_MAX_PIXELS + 1):
        with pytest.raises(InputError, match="--max_pixels must be"):
            limits.set_max_pixels(wrong)


def test_a_file_far_larger_than_its_pixels_is_refused(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded(".png", 24, 40))
    with open(path, "r+b") as stream:
        stream.truncate(100 << 20)
    with pytest.raises(InputError, match="must take at most"):
        pictures.read(path, COLOUR)


@pytest.mark.parametrize("suffix", KINDS)
def test_pixels_are_those_of_opencv(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(encoded(suffix, 24, 40))
    for flags in (COLOUR, cv2.IMREAD_UNCHANGED):
        expected = cv2.imread(str(path), flags)
        np.testing.assert_array_equal(pictures.read(path, flags), expected)


def test_a_name_that_is_not_utf8_is_read(tmp_path):
    """OpenCV ends the process on such a name."""
    path = os.path.join(os.fsencode(tmp_path), b"\xff\xfe.png")
    with open(path, "wb") as stream:
        stream.write(encoded(".png", 24, 40))
    code = (
        "import sys; from fanet_tf.files import pictures;"
        "print(pictures.read(sys.argv[1], 1).shape)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True
    )
    assert result.stdout == "(24, 40, 3)\n", result.stderr


@pytest.mark.parametrize("suffix", KINDS)
def test_a_cut_picture_is_refused_or_read(tmp_path, suffix):
    data = encoded(suffix, 24, 40)
    for end in (3, 12, 30, len(data) // 2):
        (tmp_path / "a").write_bytes(data[:end])
        try:
            pictures.read(tmp_path / "a", COLOUR)
        except InputError:
            pass


def test_another_kind_is_refused_whatever_its_suffix(tmp_path):
    for data in (b"", b"BM" + bytes(60), b"P6 9 9 255\n", b"GIF89a" + bytes(9)):
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(InputError, match="another kind"):
            pictures.read(tmp_path / "a.png", COLOUR)


STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0+", b"#?")
STARTS += (b"RIFF\0\0\0\0WEBPVP8 ", b"v/1\x01\x02\0\0\0")


@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_line_or_read(start, rest):
    try:
        header(start + rest)
    except InputError as error:
        assert "\n" not in str(error)
