"""A frame that is written over gives what one that is kept gives."""

import dataclasses

import numpy as np
import pytest

from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.files.raw_image import RawImage


def through(image, tile, factor, is_spent):
    """Returns what a member gives that adds the mean of its tile's rows."""
    frame = Frame(image, is_spent=is_spent)
    output = Output(frame, factor)
    for place in frame.grid(tile):
        packed = frame.cut(place, tile)
        output.put(place.kept(packed + 0.1 * packed.mean(axis=0)), place)
    return output.mosaic


@pytest.mark.parametrize(
    "shape",
    [(1, 1), (2, 40), (63, 50), (64, 64), (97, 41), (200, 66), (331, 20)],
)
@pytest.mark.parametrize("halo", [0, 8, 16])
@pytest.mark.parametrize("pattern", ["RGGB", "BGGR"])
def test_the_result_is_the_same(rng, shape, halo, pattern):
    # Of a frame that is smaller than the tile all lies in the mirrored edge.
    tile = Tile(64, 64, halo, 8)
    counts = rng.integers(64, 1000, shape).astype(np.uint16)
    image = RawImage(counts, pattern, (64.0,), 1023.0)
    expected = through(image, tile, 4, is_spent=False)
    np.testing.assert_array_equal(image.mosaic, counts)
    over = through(image, tile, 4, is_spent=True)
    assert np.shares_memory(over, counts)
    np.testing.assert_array_equal(over, expected)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_it_is_written_over_only_where_it_is_as_fine(rng, dtype):
    counts = rng.integers(64, 1000, (40, 60)).astype(dtype)
    image = RawImage(counts, "RGGB", (64.0,), 1023.0)
    expected = through(image, Tile(32, 32, 4, 8), None, is_spent=False)
    result = through(image, Tile(32, 32, 4, 8), None, is_spent=True)
    assert np.shares_memory(result, counts) == (dtype == np.float32)
    np.testing.assert_array_equal(result, expected)


def test_pixels_that_cannot_be_written_stay(rng):
    counts = rng.integers(64, 1000, (40, 60)).astype(np.uint16)
    counts.flags.writeable = False
    image = RawImage(counts, "RGGB", (64.0,), 1023.0)
    result = through(image, Tile(32, 32, 4, 8), 4, is_spent=True)
    assert not np.shares_memory(result, counts)


def test_masked_borders_are_kept(rng):
    counts = rng.integers(64, 1000, (50, 70)).astype(np.uint16)
    image = RawImage(counts, "RGGB", (64.0,), 1023.0, active=(4, 6, 46, 68))
    expected = image.with_mosaic(
        through(image, Tile(32, 32, 4, 8), 4, is_spent=False), 4
    )
    image = dataclasses.replace(image, mosaic=counts.copy())
    result = through(image, Tile(32, 32, 4, 8), 4, is_spent=True)
    np.testing.assert_array_equal(
        image.with_mosaic(result, 4).mosaic, expected.mosaic
    )
