"""Tiles cover a frame exactly once, on the network's grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.denoising import tiles


@given(
    size=st.integers(1, 700),
    stride=st.sampled_from([1, 2, 8]),
    sides=st.integers(3, 20),
    halo=st.integers(0, 11),
)
def test_each_pixel_is_kept_once_with_its_halo(size, stride, sides, halo):
    tile = stride * sides
    if tile - 2 * halo < stride:
        return
    padded = tiles.padded_size(size, tile, halo, stride)
    spans = tiles.spans(padded, tile, halo, stride)
    assert padded >= size
    assert spans[0].keep_start == 0 and spans[-1].keep_stop == padded
    for span, following in zip(spans, spans[1:], strict=False):
        assert span.keep_stop == following.keep_start
    for span in spans:
        assert span.start % stride == 0
        assert 0 <= span.start and span.start + tile <= padded
        assert span.keep_start < span.keep_stop
        assert span.start == 0 or span.keep_start >= span.start + halo
        end = span.start + tile
        assert end == padded or span.keep_stop <= end - halo


def test_a_tile_of_two_halos_is_refused():
    with pytest.raises(ValueError, match="larger than two halos"):
        tiles.spans(64, 16, 8, 2)


@given(size=st.integers(2, 30), reach=st.integers(0, 80))
def test_reflection_keeps_the_parity_of_places(size, reach):
    indices = np.arange(-reach, size + reach)
    places = tiles.reflect(indices, size)
    assert places.min() >= 0 and places.max() < size
    assert np.all(places % 2 == indices % 2)


def test_reflection_is_that_of_numpy():
    x = np.arange(7)
    np.testing.assert_array_equal(
        x[tiles.reflect(np.arange(-9, 7 + 5), 7)], np.pad(x, (9, 5), "reflect")
    )


def test_one_pixel_is_repeated():
    assert list(tiles.reflect(np.arange(-2, 3), 1)) == [0] * 5
