"""What is kept of a shot, whatever kind of file is written."""

import shutil
import struct
import subprocess

import cv2
import numpy as np
import pytest
import raw_files
import rawpy

from fanet_tf.files import raw_image
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer
from fanet_tf.files import writer


def tag(type_, numbers):
    return tiff.make(type_, numbers, "<")


def block_of(path):
    """Returns the EXIF of a picture, found as the formats describe it."""
    data = path.read_bytes()
    if path.suffix == ".tif":
        return data
    if path.suffix == ".png":
        at = 8
        while data[at + 4 : at + 8] != b"eXIf":
            at += 12 + struct.unpack_from(">I", data, at)[0]
        return data[at + 8 : at + 8 + struct.unpack_from(">I", data, at)[0]]
    at = 2
    while data[at : at + 2] != b"\xff\xe1":
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    size = struct.unpack_from(">H", data, at + 2)[0]
    assert data[at + 4 : at + 10] == b"Exif\0\0"
    return data[at + 10 : at + 2 + size]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pictures_say_when_and_how_they_were_taken(tmp_path, suffix, order):
    source = raw_files.camera_dng(tmp_path / "a.dng", order=order)
    path = tmp_path / f"b{suffix}"
    image = reader.read(source)
    writer.write(path, image)
    assert cv2.imread(str(path)).shape == (84, 60, 3)
    (tmp_path / "exif.tif").write_bytes(block_of(path))
    found = tiff.read(tmp_path / "exif.tif")
    main = found.ifds[0]
    assert tiff.text(main.tags[272]) == "Canon EOS 550D"
    assert tiff.text(main.tags[306]) == "2024:05:06 07:08:09"
    # The picture is upright.
    turned = main.tags.get(274)
    assert turned is None or tiff.values(turned, found.order) == [1]
    (exif,) = main.children[tiff.EXIF]
    assert tiff.text(exif.tags[36867]) == "2024:05:06 07:08:09"
    assert tiff.values(exif.tags[33434], found.order) == [0.008]
    assert tiff.values(exif.tags[33437], found.order) == [5.6]
    assert tiff.values(exif.tags[34855], found.order) == [800]
    assert tiff.MAKER_NOTE not in exif.tags
    assert tiff.GPS not in main.children
    writer.write(path, image)  # Still known to be ours.


def test_the_decoder_tells_of_a_shot_without_exif(tmp_path):
    mosaic = raw_files.scene(60, 84)
    shot = raw_image.Shot(0.01, 2.8, 35.0, "2024:05:06 07:08:09")
    image = raw_image.RawImage(
        mosaic, "RGGB", 4 * (256.0,), 4000.0, iso=400.0, shot=shot
    )
    writer.write(tmp_path / "a.dng", image)
    with rawpy.imread(str(tmp_path / "a.dng")) as raw:
        assert raw.other.shutter_speed == pytest.approx(0.01)
        assert raw.other.aperture == pytest.approx(2.8)
        assert raw.other.focal_length == pytest.approx(35)
        assert raw.other.iso_speed == 400
        assert raw.other.timestamp.year == 2024


def third_illuminant():
    nine = np.eye(3).ravel()
    return {
        50706: tag(tiff.BYTE, [1, 6, 0, 0]),
        50778: tag(tiff.SHORT, 255),
        52529: tag(tiff.SHORT, 255),
        52530: tag(tiff.SRATIONAL, nine),
        52531: tag(tiff.SRATIONAL, raw_files.MATRIX),
        52532: tag(tiff.SRATIONAL, nine),
        **{
            number: tag(tiff.UNDEFINED, bytes(range(12)))
            for number in (52533, 52534, 52535, 52525, 52544)
        },
        50736: tiff.Tag(
            tiff.RATIONAL, 4, struct.pack("<8I", 18, 1, 55, 1, 0, 0, 0, 0)
        ),
    }


def test_profiles_and_lenses_of_new_dngs_are_kept(tmp_path):
    changes = third_illuminant()
    source = raw_files.camera_dng(tmp_path / "a.dng", changes=changes)
    writer.write(tmp_path / "b.dng", reader.read(source))
    kept = tiff.read(tmp_path / "b.dng").ifds[0].tags
    for number, before in changes.items():
        assert kept[number].data == before.data, number


def rewritten(source, target, note_at, order="<"):
    """Writes a DNG again, with its maker note at another place."""
    parsed = tiff.read(source)
    main = parsed.ifds[0]
    (exif,) = main.children[tiff.EXIF]
    note = raw_files.canon_maker_note(note_at, order)
    exif.tags[tiff.MAKER_NOTE] = tiff.Tag(7, len(note), note, note_at)
    data = source.read_bytes()
    offset, size = (
        tiff.values(main.tags.pop(number), order)[0] for number in (273, 279)
    )
    main.pixels = [data[offset : offset + size]]
    with open(target, "wb") as stream:
        tiff_writer.write(stream, main, order)
    return note


def maker_note(path):
    (exif,) = tiff.read(path).ifds[0].children[tiff.EXIF]
    return exif.tags[tiff.MAKER_NOTE]


@pytest.mark.parametrize("place", [4096, 4097, 9999, 1_500_001])
def test_maker_notes_stay_where_they_were(tmp_path, recwarn, place):
    source = raw_files.camera_dng(tmp_path / "a.dng")
    note = rewritten(source, tmp_path / "b.dng", place)
    image = reader.read(tmp_path / "b.dng")
    np.testing.assert_array_equal(image.mosaic, reader.read(source).mosaic)
    writer.write(tmp_path / "c.dng", image)
    for name in ("b.dng", "c.dng"):
        found = maker_note(tmp_path / name)
        assert (found.offset, found.data) == (place, note)
    again = reader.read(tmp_path / "c.dng")
    np.testing.assert_array_equal(again.mosaic, image.mosaic)
    assert not recwarn.list


def test_maker_notes_that_must_move_are_said(tmp_path):
    source = raw_files.camera_dng(tmp_path / "a.dng")
    image = reader.read(source)
    (exif,) = image.source.ifds[0].children[tiff.EXIF]
    far = exif.tags[tiff.MAKER_NOTE]._replace(offset=50_000_000)
    exif.tags[tiff.MAKER_NOTE] = far
    with pytest.warns(UserWarning, match="stood at byte 50,000,000 and cannot"):
        writer.write(tmp_path / "b.dng", image)
    assert maker_note(tmp_path / "b.dng").data == far.data


def test_white_balance_is_measured_where_none_is_given(tmp_path):
    mosaic = raw_files.scene(160, 240).astype(np.float64)
    mosaic[0::2, 0::2] = 256 + 0.5 * (mosaic[0::2, 0::2] - 256)
    mosaic[1::2, 1::2] = 256 + 0.75 * (mosaic[1::2, 1::2] - 256)
    source = raw_files.camera_dng(
        tmp_path / "a.dng",
        np.rint(mosaic).astype(np.uint16),
        orientation=1,
        changes={50728: None},
    )
    image = reader.read(source)
    assert image.neutral is None
    writer.write(tmp_path / "b.dng", image)
    pictures = []
    for name in ("a.dng", "b.dng"):
        with rawpy.imread(str(tmp_path / name)) as raw:
            pictures.append(raw.postprocess(use_camera_wb=True))
    np.testing.assert_array_equal(pictures[0], pictures[1])
    writer.write(tmp_path / "b.png", image)
    ours = cv2.imread(str(tmp_path / "b.png")).astype(float).mean((0, 1))
    np.testing.assert_allclose(ours, ours.mean(), rtol=0.02)  # Grey.


def test_exiftool_reads_the_pictures(tmp_path):
    if shutil.which("exiftool") is None:
        pytest.skip("needs exiftool (Debian: libimage-exiftool-perl)")
    source = raw_files.camera_dng(tmp_path / "a.dng")
    for suffix in ("jpg", "png", "tif"):
        path = tmp_path / f"b.{suffix}"
        writer.write(path, reader.read(source))
        said = subprocess.run(
            ["exiftool", "-s3", "-Model", "-ISO", "-validate", path],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
        assert said[:2] == ["Canon EOS 550D", "800"]
        assert "Error" not in said[2]
