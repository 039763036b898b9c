"""DNGs: what goes in comes out, and other programs open it."""

import dataclasses
import json
import shutil
import subprocess

import cv2
import numpy as np
import pytest
import raw_files
import rawpy
import tifffile

from fanet_tf.files import dng
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer
from fanet_tf.raw import cfa

BLACK = (250.0, 255.0, 257.0, 260.0)
# (3, 5): a camera may begin anywhere.
ACTIVE = (3, 5, 57, 80)


def exiftool(*arguments):
    """Returns the records that exiftool gives, or skips the test."""
    if shutil.which("exiftool") is None:
        pytest.skip("needs exiftool (Debian: libimage-exiftool-perl)")
    output = subprocess.run(
        ["exiftool", "-j", *map(str, arguments)],
        capture_output=True,
        check=True,
    ).stdout
    return json.loads(output)


def developed(path):
    with rawpy.imread(str(path)) as raw:
        return raw.postprocess(use_camera_wb=True, no_auto_bright=True)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_a_camera_dng_comes_back_bit_for_bit(tmp_path, pattern, order):
    source = raw_files.camera_dng(
        tmp_path / "in.dng",
        pattern=pattern,
        order=order,
        active=ACTIVE,
        black=BLACK,
    )
    image = reader.read(source)
    assert image.pattern == pattern and image.active == ACTIVE
    assert image.black_level == BLACK and image.white_level == 4000
    assert image.noise == (4e-4, 2e-6)
    assert (image.iso, image.orientation) == (800, 6)
    assert image.neutral == (0.5, 1.0, 0.625)
    np.testing.assert_array_equal(image.mosaic, raw_files.scene(60, 84))

    target = tmp_path / "out.dng"
    writer.write(target, image)
    again = reader.read(target)
    np.testing.assert_array_equal(again.mosaic, image.mosaic)
    for name in ("pattern", "active", "black_level", "white_level", "noise"):
        assert getattr(again, name) == getattr(image, name)
    np.testing.assert_array_equal(developed(target), developed(source))


@pytest.mark.parametrize("order", "<>")
def test_exiftool_sees_the_same_camera_and_no_warning(tmp_path, order):
    source = raw_files.camera_dng(tmp_path / "in.dng", order=order)
    target = tmp_path / "out.dng"
    writer.write(target, reader.read(source), "fanet-denoise: what was done")
    check = exiftool("-validate", "-warning", "-error", target)[0]
    assert check["Validate"] == "OK"
    assert not {"Warning", "Error"} & set(check)
    before, after = exiftool("-a", "-G1", "-n", source, target)
    rooms = ("ExifIFD:", "GPS:", "Canon:")
    for name, value in before.items():
        if name.startswith(rooms):
            assert after[name] == value, name
    # The maker note really was understood.
    assert after["Canon:LensModel"] == "EF-S18-55mm f/3.5-5.6 IS"
    for name in (
        "Make Model Orientation ModifyDate Artist Copyright ImageDescription"
        " UniqueCameraModel ColorMatrix1 AsShotNeutral"
    ).split():
        assert after[f"IFD0:{name}"] == before[f"IFD0:{name}"], name
    assert after["IFD0:Software"] == "fanet-denoise: what was done"


def test_exiftool_sees_a_real_file_without_new_warnings(tmp_path):
    source = raw_files.shared("raw/colorchart.dng")
    target = tmp_path / "out.dng"
    writer.write(target, reader.read(source))
    # The source's own faults: empty dates, a rational of 0/0.
    warnings = []
    for path in (source, target):
        record = exiftool("-validate", "-warning", "-a", "-G4", path)[0]
        warnings.append(
            {value for name, value in record.items() if "Warning" in name}
        )
    assert warnings[1] < warnings[0]
    np.testing.assert_array_equal(developed(target), developed(source))


def test_the_previews_are_made_of_the_mosaic_that_is_written(tmp_path):
    image = reader.read(
        raw_files.camera_dng(
            tmp_path / "in.dng", raw_files.scene(400, 600), orientation=1
        )
    )
    writer.write(tmp_path / "a.dng", image)
    brighter = np.minimum(image.mosaic * 2, 4000).astype(np.uint16)
    writer.write(tmp_path / "b.dng", image.with_mosaic(brighter))
    means = []
    for name in "ab":
        with rawpy.imread(str(tmp_path / f"{name}.dng")) as raw:
            thumb = raw.extract_thumb()
        assert thumb.format == rawpy.ThumbFormat.JPEG
        picture = cv2.imdecode(
            np.frombuffer(thumb.data, np.uint8), cv2.IMREAD_COLOR
        )
        assert abs(picture.shape[1] / picture.shape[0] - 1.5) < 0.02
        means.append(picture.mean())
    assert means[1] > means[0] + 10


def test_the_preview_shows_the_default_crop(tmp_path):
    changes = {
        50719: tiff.make(tiff.LONG, [11, 7], "<"),
        50720: tiff.make(tiff.LONG, [40, 30], "<"),
    }
    source = raw_files.camera_dng(
        tmp_path / "in.dng", changes=changes, orientation=1
    )
    writer.write(tmp_path / "out.dng", reader.read(source))
    preview = tiff.read(tmp_path / "out.dng").ifds[0]
    preview = preview.children[tiff.SUB_IFDS][1].tags
    # An odd origin makes the picture begin one pixel later.
    assert tiff.values(preview[256], "<") == [38]
    assert tiff.values(preview[257], "<") == [28]


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_a_synthetic_frame_opens_elsewhere(tmp_path, pattern, rng):
    mosaic = rng.uniform(0, 1, (62, 90))
    image = dng.synthetic(mosaic, (1e-3, 1e-5), gain=16, pattern=pattern)
    dng.write(tmp_path / "s.dng", image)
    read = reader.read(tmp_path / "s.dng")
    np.testing.assert_allclose(
        read.normalized(), mosaic, atol=0.51 / (1023 - 64)
    )
    assert read.noise == (1e-3, 1e-5) and read.iso == 1600
    assert read.pattern == pattern
    with rawpy.imread(str(tmp_path / "s.dng")) as raw:
        np.testing.assert_array_equal(raw.raw_image, image.mosaic)
        assert raw.white_level == 1023
        assert raw.black_level_per_channel == [64] * 4
        assert raw.postprocess().shape == (62, 90, 3)
    assert exiftool("-validate", tmp_path / "s.dng")[0]["Validate"] == "OK"


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (3, 2), (25, 31)])
def test_small_and_odd_frames_can_be_written(tmp_path, shape, rng):
    image = dng.synthetic(rng.uniform(0, 1, shape), pattern="BGGR")
    for suffix in writer.SUFFIXES:
        writer.write(tmp_path / f"a{suffix}", image)
    # LibRaw refuses the smallest frames, however valid.
    with tifffile.TiffFile(tmp_path / "a.dng") as file:
        np.testing.assert_array_equal(
            file.pages[0].pages[0].asarray(), image.mosaic
        )


def test_float_frames_get_sixteen_bits(tmp_path, rng):
    mosaic = rng.uniform(-0.02, 1.0, (40, 50)).astype(np.float32)
    np.save(tmp_path / "a.npy", mosaic)
    writer.write(tmp_path / "a.dng", reader.read(tmp_path / "a.npy"))
    np.testing.assert_allclose(
        reader.read(tmp_path / "a.dng").normalized(), mosaic, atol=1e-5
    )


def test_masked_borders_are_kept(tmp_path, rng):
    """And grow with the levels when the counts get finer."""
    image = reader.read(
        raw_files.camera_dng(tmp_path / "in.dng", active=ACTIVE, black=BLACK)
    )
    finer = image.with_mosaic((image.visible * 8).astype(np.uint16), 8)
    np.testing.assert_array_equal(finer.mosaic, image.mosaic * 8)
    assert finer.black_level == tuple(8 * b for b in BLACK)
    np.testing.assert_allclose(finer.normalized(), image.normalized())


def test_tags_of_offsets_digests_and_opcodes_are_not_copied(tmp_path):
    changes = {
        50933: tiff.make(tiff.LONG, [123456], "<"),  # ExtraCameraProfiles
        51111: tiff.make(tiff.BYTE, bytes(16), "<"),  # NewRawImageDigest
        51008: tiff.make(tiff.UNDEFINED, bytes(8), "<"),  # OpcodeList1
        51022: tiff.make(tiff.UNDEFINED, bytes(8), "<"),  # OpcodeList3
        50730: tiff.Tag(tiff.SRATIONAL, 1, bytes(8)),  # 0/0
    }
    source = raw_files.camera_dng(tmp_path / "in.dng", changes=changes)
    writer.write(tmp_path / "out.dng", reader.read(source))
    main = tiff.read(tmp_path / "out.dng").ifds[0]
    raw = main.children[tiff.SUB_IFDS][0]
    assert not {50933, 51111, 51008, 50730, 51022} & set(main.tags)
    assert 51022 in raw.tags and 51008 not in raw.tags


@pytest.mark.parametrize("is_dng", [True, False], ids=["dng", "arw"])
def test_the_lens_correction_of_sony_stays_with_the_mosaic(tmp_path, is_dng):
    params = tiff.make(tiff.SHORT, range(17), "<")
    source = raw_files.camera_dng(tmp_path / "in.dng", changes={0x7037: params})
    image = dataclasses.replace(reader.read(source), is_dng=is_dng)
    writer.write(tmp_path / "out.dng", image)
    main = tiff.read(tmp_path / "out.dng").ifds[0]
    (raw, _) = main.children[tiff.SUB_IFDS]
    assert raw.tags[0x7037].data == params.data
    assert 0x7037 not in main.tags


def test_a_damaged_tag_is_left_out_with_a_warning(tmp_path):
    path = raw_files.camera_dng(tmp_path / "in.dng")
    tag = tiff.read(path).ifds[0].tags[33432]  # Copyright
    data = bytearray(path.read_bytes())
    entry = data.index((33432).to_bytes(2, "little"))
    data[entry + 8 : entry + 12] = b"\xff\xff\xff\x7f"
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="left out: tag 33432"):
        image = reader.read(path)
    writer.write(tmp_path / "out.dng", image)
    assert tag.count > 4
