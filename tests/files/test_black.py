"""Black per row, column and pattern: exact where read, kept when written."""

import numpy as np
import pytest
import raw_files
import rawpy

from fanet_tf.denoising import frame
from fanet_tf.denoising.bundle import Tile
from fanet_tf.files import reader
from fanet_tf.files import render
from fanet_tf.files import tiff
from fanet_tf.files import writer
from fanet_tf.raw import cfa

WHITE = 16000
KINDS = ("rows", "columns", "both", "4x4", "3x2", "1x2", "all")


def tag(type_, numbers, order="<"):
    return tiff.make(type_, numbers, order)


def levels(kind, height, width, rng):
    """Returns the black of each pixel and the tags that say it."""
    black, tags = raw_files.black(kind, height, width, rng)
    types = {50713: tiff.SHORT, 50714: tiff.RATIONAL}
    return black, {
        number: tag(types.get(number, tiff.SRATIONAL), numbers)
        for number, numbers in tags.items()
    }


def black_dng(path, kind, rng, pattern="GBRG", active=(0, 0, 62, 90)):
    """Writes a smooth scene over that black; returns it in 0..1."""
    top, left, bottom, right = active
    height, width = bottom - top, right - left
    black, tags = levels(kind, height, width, rng)
    y, x = np.mgrid[:height, :width]
    scene = 0.05 + 0.4 * x / width + 0.1 * y / height
    mosaic = np.zeros((62, 90))
    mosaic[top:bottom, left:right] = black + scene * (WHITE - black)
    raw_files.camera_dng(
        path,
        np.rint(mosaic).astype(np.uint16),
        pattern,
        active=active,
        white=WHITE,
        orientation=1,
        changes=tags,
    )
    return scene


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("active", [(0, 0, 62, 90), (3, 5, 60, 88)])
def test_black_is_exact_and_kept(tmp_path, rng, kind, active):
    scene = black_dng(tmp_path / "a.dng", kind, rng, active=active)
    image = reader.read(tmp_path / "a.dng")
    np.testing.assert_allclose(image.normalized(), scene, atol=0.6 / WHITE)
    part = image.cropped(slice(5, 40), slice(7, 30))
    np.testing.assert_allclose(
        part.normalized(), scene[5:40, 7:30], atol=0.6 / WHITE
    )
    writer.write(tmp_path / "b.dng", image)
    again = reader.read(tmp_path / "b.dng")
    np.testing.assert_array_equal(again.mosaic, image.mosaic)
    np.testing.assert_allclose(
        again.normalized(), image.normalized(), atol=1e-6
    )
    writer.write(tmp_path / "b.npy", image)
    form = reader.NpyFormat(image.pattern, image.black_level, WHITE)
    np.testing.assert_allclose(
        reader.read(tmp_path / "b.npy", form).normalized(), scene, atol=1e-4
    )


class Shift:
    """Stands for a measure of brightness; puts back the same everywhere."""

    def restore(self, x, plane, gain):
        assert gain == 1.0
        return np.where(x < 1, x + 0.01 * (1 + plane), x)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_tiles_take_black_off_and_put_it_back(tmp_path, rng, kind, pattern):
    scene = black_dng(tmp_path / "a.dng", kind, rng, pattern, (3, 5, 60, 88))
    image = reader.read(tmp_path / "a.dng")
    whole = frame.Frame(image)
    output = frame.Output(whole, 4)
    tile = Tile(height=24, width=32, halo=8, stride=2)
    for place in whole.grid(tile):
        part = place.kept(whole.cut(place, tile))
        assert 0 < part.min() and part.max() < 0.6
        output.put(part, place)
    after = image.with_mosaic(output.mosaic, 4)
    np.testing.assert_array_equal(after.visible, 4 * image.visible)
    np.testing.assert_allclose(after.normalized(), scene, atol=0.6 / WHITE)
    output.restore(Shift())
    moved = image.with_mosaic(output.mosaic, 4).normalized() - scene
    for plane, (row, column) in enumerate(cfa.cell(pattern)):
        np.testing.assert_allclose(
            moved[row::2, column::2], 0.01 * (1 + plane), atol=0.7 / WHITE
        )


def test_a_picture_shows_no_rows(tmp_path, rng):
    black_dng(tmp_path / "a.dng", "all", rng)
    image = reader.read(tmp_path / "a.dng")
    np.testing.assert_allclose(
        render.linear(image), render.linear(image.with_one_black()), atol=2
    )


def test_other_programs_see_the_mean(tmp_path, rng):
    black_dng(tmp_path / "a.dng", "both", rng)
    writer.write(tmp_path / "b.dng", reader.read(tmp_path / "a.dng"))
    seen = []
    for name in ("a.dng", "b.dng"):
        with rawpy.imread(str(tmp_path / name)) as raw:
            seen.append(raw.black_level_per_channel)
    np.testing.assert_allclose(seen[1], seen[0], atol=1)


@pytest.mark.parametrize(
    "repeat, given, black",
    [
        (None, [256] * 4, [256] * 4),
        (None, [250, 251, 252, 253], [250, 251, 252, 253]),
        ([1, 1], [250, 251, 252, 253], [250, 251, 252, 253]),
        ([2, 2], [256], [256] * 4),
        ([2, 2], [256, 256], [256] * 4),
        ([0, 0], [256], [256] * 4),
        ([1, 2], [250, 252], [250, 252, 250, 252]),
    ],
)
def test_levels_of_one_reading_are_read_so(
    tmp_path, recwarn, repeat, given, black
):
    path = raw_files.camera_dng(
        tmp_path / "a.dng",
        changes={
            50713: repeat and tag(tiff.SHORT, repeat),
            50714: tag(tiff.SHORT, given),
        },
    )
    assert reader.read(path).black_level == tuple(black)
    assert not recwarn.list


@pytest.mark.parametrize("given", [[250, 251], [9, 8, 7], [1, 2, 3, 4, 5]])
def test_levels_of_several_readings_are_said(tmp_path, given):
    path = raw_files.camera_dng(
        tmp_path / "a.dng", changes={50714: tag(tiff.SHORT, given)}
    )
    with pytest.warns(UserWarning, match=f"{len(given)} for 2 x 2; their mean"):
        image = reader.read(path)
    assert image.black_level == (np.mean(given),) * 4


def test_deltas_of_a_wrong_count_are_said(tmp_path):
    path = raw_files.camera_dng(
        tmp_path / "a.dng", changes={50716: tag(tiff.SRATIONAL, [1.0] * 7)}
    )
    with pytest.warns(UserWarning, match="DeltaV must hold 60 numbers"):
        image = reader.read(path)
    assert image.black_offsets is None
