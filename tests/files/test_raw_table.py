"""Which of a DNG's images is read: the picture itself, at full size."""

import numpy as np
import pytest
import raw_files

from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer

CFA, LINEAR = 32803, 34892


def tag(type_, numbers):
    return tiff.make(type_, numbers, "<")


def table(pixels, kind=0, photometric=CFA, black=256, white=4000, bits=16):
    """Returns a table of its own levels; `pixels` are `[H, W]` or `[H, W, 3]`.

    Args:
        pixels: uint16.
        kind: NewSubfileType.
        photometric: PhotometricInterpretation.
        black: BlackLevel.
        white: WhiteLevel.
        bits: of a pixel; 32 stores 16-bit counts in 32.
    """
    height, width = pixels.shape[:2]
    samples = 3 if pixels.ndim == 3 else 1
    tags = {
        254: tag(tiff.LONG, kind),
        256: tag(tiff.LONG, width),
        257: tag(tiff.LONG, height),
        258: tag(tiff.SHORT, samples * [bits]),
        259: tag(tiff.SHORT, 1),
        262: tag(tiff.SHORT, photometric),
        277: tag(tiff.SHORT, samples),
        278: tag(tiff.LONG, height),
        284: tag(tiff.SHORT, 1),
        50714: tag(tiff.LONG, samples * [black]),
        50717: tag(tiff.LONG, samples * [white]),
    }
    if photometric == CFA:
        tags[33421] = tag(tiff.SHORT, [2, 2])
        tags[33422] = tag(tiff.BYTE, [0, 1, 1, 2])
    return tiff.Ifd(tags, pixels=[pixels.astype(f"<u{bits // 8}")])


def first(path, pixels, kind, beside, **changes):
    """Writes a DNG whose first table holds `pixels` with other levels."""
    return raw_files.camera_dng(
        path,
        pixels,
        black=[1000] * 4,
        white=60000,
        changes={254: tag(tiff.LONG, kind), **changes},
        beside=beside,
    )


def check(path, mosaic):
    """The mosaic and its levels are read, and stay in what is written."""
    image = reader.read(path)
    np.testing.assert_array_equal(image.mosaic, mosaic)
    assert image.black_level == (256,) * 4 and image.white_level == 4000
    assert image.active == (0, 0, *mosaic.shape)
    writer.write(path.with_name("out.dng"), image)
    again = reader.read(path.with_name("out.dng"))
    np.testing.assert_array_equal(again.normalized(), image.normalized())


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("kind", [1, 65537])
def test_a_preview_before_the_picture_is_no_picture(tmp_path, scale, kind):
    """Even one of its size, and one that is larger."""
    mosaic = raw_files.scene(60, 84)
    preview = np.full((60 * scale, 84 * scale), 30000, np.uint16)
    path = first(tmp_path / "a.dng", preview, kind, [table(mosaic)])
    check(path, mosaic)


def test_a_preview_of_more_bits_is_no_picture(tmp_path):
    """LibRaw takes the most bits."""
    mosaic = raw_files.scene(60, 84)
    preview = table(np.full((60, 84), 9, np.uint16), kind=1, bits=32)
    path = raw_files.camera_dng(
        tmp_path / "a.dng", mosaic, "RGGB", black=[256] * 4, beside=[preview]
    )
    check(path, mosaic)


@pytest.mark.parametrize("kind", [0, 16])
@pytest.mark.parametrize("scale", [1, 2])
def test_an_enhanced_copy_is_no_mosaic(tmp_path, kind, scale):
    mosaic = raw_files.scene(60, 84)
    enhanced = np.full((60 * scale, 84 * scale, 3), 9000, np.uint16)
    path = first(
        tmp_path / "a.dng",
        np.full((24, 32), 30000, np.uint16),
        1,
        [table(enhanced, kind, LINEAR), table(mosaic)],
    )
    check(path, mosaic)


def test_the_largest_picture_is_read(tmp_path):
    mosaic = raw_files.scene(60, 84)
    small = np.full((24, 32), 9000, np.uint16)
    path = first(tmp_path / "a.dng", small, 0, [table(small), table(mosaic)])
    check(path, mosaic)


def test_of_equal_pictures_the_first_is_read_and_said(tmp_path):
    mosaics = [raw_files.scene(60, 84, seed) for seed in (0, 1)]
    path = first(
        tmp_path / "a.dng",
        np.full((24, 32), 30000, np.uint16),
        1,
        [table(mosaic) for mosaic in mosaics],
    )
    with pytest.warns(UserWarning, match="holds 2 mosaics of this size"):
        image = reader.read(path)
    np.testing.assert_array_equal(image.mosaic, mosaics[0])


def test_a_reduced_mosaic_beside_a_demosaiced_picture_is_refused(tmp_path):
    path = first(
        tmp_path / "a.dng",
        raw_files.scene(24, 32),
        1,
        [table(np.full((60, 84, 3), 9000, np.uint16), 0, LINEAR)],
    )
    with pytest.raises(InputError, match="demosaiced already, and a reduced"):
        reader.read(path)


def test_a_mosaic_that_calls_itself_a_preview_is_read(tmp_path):
    """Some writers call every image one."""
    mosaic = raw_files.scene(60, 84)
    path = raw_files.camera_dng(
        tmp_path / "a.dng", mosaic, changes={254: tag(tiff.LONG, 1)}
    )
    check(path, mosaic)
