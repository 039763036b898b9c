"""Pixels come out as they are stored, whatever codes them."""

import dng_codings
import numpy as np
import pytest
import raw_files
import tifffile

from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer


def float_dng(path, x, bits=32, predictor=1, order="<", tile=None, **options):
    """Writes floats `[H, W]` as a DNG; deflated where there is a predictor."""
    parts = dng_codings.tiles(x, *tile) if tile else np.array_split(x, 4)
    coded = [dng_codings.floats(part, bits, order) for part in parts]
    if predictor > 1:
        width = parts[0].shape[1]
        coded = [
            dng_codings.deflated(
                dng_codings.predicted(data, width, bits, predictor, order)
            )
            for data in coded
        ]
    changes = {
        258: tiff.make(tiff.SHORT, bits, order),
        259: tiff.make(tiff.SHORT, 8 if predictor > 1 else 1, order),
        317: tiff.make(tiff.SHORT, predictor, order),
        339: tiff.make(tiff.SHORT, 3, order),
    }
    return raw_files.camera_dng(
        path,
        np.zeros(x.shape, np.uint16),
        order=order,
        coded=coded,
        tile=tile,
        **{**options, "changes": changes | options.get("changes", {})},
    )


@pytest.mark.parametrize("white", [1.0, 4095.0])
@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("order", "<>")
def test_floats_keep_their_counts(tmp_path, rng, white, bits, order):
    """LibRaw rescales them to 14 bits; the levels in the tags stay."""
    x = rng.uniform(0.05, 0.6, (60, 84))
    path = float_dng(
        tmp_path / "f.dng",
        x * white,
        bits,
        order=order,
        black=(0, 0, 0, 0),
        white=white,
    )
    image = reader.read(path)
    assert image.mosaic.dtype == np.float32 and image.white_level == white
    np.testing.assert_allclose(image.normalized(), x, rtol=1e-3)
    writer.write(tmp_path / "out.dng", image)
    again = reader.read(tmp_path / "out.dng")
    np.testing.assert_allclose(again.normalized(), x, rtol=1e-3)


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("predictor", [3, 34894, 34895])
@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("tile", [None, (16, 32)])
def test_predictors_are_undone(tmp_path, rng, bits, predictor, order, tile):
    x = rng.uniform(-0.05, 1.05, (40, 80))
    plain = reader.read(
        float_dng(
            tmp_path / "a.dng", x, bits, order=order, white=1, black=[0] * 4
        )
    )
    coded = reader.read(
        float_dng(
            tmp_path / "b.dng",
            x,
            bits,
            predictor,
            order,
            tile,
            white=1,
            black=[0] * 4,
        )
    )
    np.testing.assert_array_equal(coded.mosaic, plain.mosaic)


def test_floats_are_those_of_another_reader(tmp_path, rng):
    x = rng.uniform(0, 1, (40, 80)).astype(np.float32)
    path = float_dng(tmp_path / "a.dng", x, white=1, black=[0] * 4)
    with tifffile.TiffFile(path) as file:
        np.testing.assert_array_equal(
            reader.read(path).mosaic, file.pages[0].asarray()
        )


@pytest.mark.parametrize("bits, coding", [(8, 8), (16, 8), (32, 1), (32, 8)])
def test_deflated_and_wide_integers_are_read(tmp_path, rng, bits, coding):
    """LibRaw reads integers of 32 bits as zeros."""
    white = (1 << bits) - 1
    counts = rng.integers(0, white, (60, 84), np.uint64)
    data = dng_codings.packed(counts, bits)
    path = raw_files.camera_dng(
        tmp_path / "a.dng",
        black=[0] * 4,
        coded=[dng_codings.deflated(data) if coding == 8 else data],
        changes={
            258: tiff.make(tiff.SHORT, bits, "<"),
            259: tiff.make(tiff.SHORT, coding, "<"),
            50717: tiff.make(tiff.LONG, white, "<"),
        },
    )
    np.testing.assert_allclose(
        reader.read(path).normalized(), counts / white, atol=1e-6
    )


def test_a_linearization_table_is_applied(tmp_path, rng):
    """To what we read ourselves as to what LibRaw decodes."""
    codes = rng.integers(0, 256, (60, 84))
    table = np.arange(256) ** 2 // 17
    data = dng_codings.packed(codes, 8)
    for coding, coded in ((1, data), (8, dng_codings.deflated(data))):
        path = raw_files.camera_dng(
            tmp_path / "a.dng",
            coded=[coded],
            changes={
                258: tiff.make(tiff.SHORT, 8, "<"),
                259: tiff.make(tiff.SHORT, coding, "<"),
                50712: tiff.make(tiff.SHORT, table, "<"),
            },
        )
        np.testing.assert_array_equal(reader.read(path).mosaic, table[codes])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(tmp_path, value):
    x = np.full((40, 80), 0.5)
    x[7, 9] = value
    path = float_dng(tmp_path / "a.dng", x, white=1, black=[0] * 4)
    with pytest.raises(InputError, match="finite.*row 7, column 9"):
        reader.read(path)


def test_an_unknown_coding_is_refused(tmp_path):
    x = np.full((40, 80), 0.5)
    path = float_dng(
        tmp_path / "a.dng",
        x,
        white=1,
        black=[0] * 4,
        changes={317: tiff.make(tiff.SHORT, 5, "<")},
    )
    with pytest.raises(InputError, match="predictor 5"):
        reader.read(path)
