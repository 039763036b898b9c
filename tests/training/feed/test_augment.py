"""Flips and augmentation keep the phase, on every pattern."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf.raw import cfa
from fanet_tf.raw import flips
from fanet_tf.training.feed import augment

WORLDS = [np, tnp, keras.ops]
COLOURS = {"R": 0.0, "G": 1.0, "B": 2.0}


def labelled(pattern, height=10, width=14):
    """A mosaic `[1, H, W, 2]`: each pixel's colour and its number."""
    cell = np.array([COLOURS[c] for c in pattern]).reshape(2, 2)
    colours = np.tile(cell, (height // 2 + 1, width // 2 + 1))[:height, :width]
    numbers = np.arange(height * width, dtype=np.float64)
    return np.stack([colours, numbers.reshape(height, width)], axis=-1)[None]


def both(mosaic, function):
    """Applies a function of `[1, H, W, 1]` to colours and to numbers."""
    return [np.asarray(function(mosaic[..., i : i + 1])) for i in range(2)]


def assert_rggb(colours):
    """Every packed pixel is red, green, green, blue."""
    expected = np.broadcast_to([0.0, 1.0, 1.0, 2.0], colours.shape)
    np.testing.assert_array_equal(colours, expected)


@pytest.mark.parametrize("xp", WORLDS)
@pytest.mark.parametrize("mode", cfa.MODES)
@pytest.mark.parametrize("size", [(10, 14), (11, 15)])
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_unify_makes_any_pattern_rggb(pattern, size, mode, xp):
    mosaic = labelled(pattern, *size)
    colours, numbers = both(mosaic, lambda m: cfa.unify(m, pattern, mode, xp))
    assert_rggb(cfa.pack(colours))
    # Neighbours stay neighbours: cropping takes a window of the mosaic.
    row, column = cfa.rggb_origin(pattern)
    if mode == "crop":
        height, width = numbers.shape[1:3]
        window = mosaic[0, row : row + height, column : column + width, 1]
        np.testing.assert_array_equal(numbers[0, ..., 0], window)
    else:
        inside = numbers[0, row:, column:, 0][: size[0], : size[1]]
        np.testing.assert_array_equal(inside, mosaic[0, ..., 1])


FLIPS = {
    "rows": (flips.flip_rows, lambda m: m[:, ::-1][:, 1:-1]),
    "columns": (flips.flip_columns, lambda m: m[:, :, ::-1][:, :, 1:-1]),
    "transpose": (flips.transpose, lambda m: m.transpose(0, 2, 1, 3)),
}


@pytest.mark.parametrize("xp", WORLDS)
@pytest.mark.parametrize("flip", FLIPS)
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_a_flip_is_a_window_of_the_flipped_mosaic(pattern, flip, xp):
    function, expected = FLIPS[flip]
    mosaic = cfa.unify(labelled(pattern), pattern)
    colours, numbers = both(
        mosaic, lambda m: function(xp.array(cfa.pack(m)), xp)
    )
    assert_rggb(colours)
    np.testing.assert_array_equal(
        cfa.unpack(numbers), expected(mosaic[..., 1:])
    )


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_a_flip_twice_is_the_inner_part(pattern):
    packed = cfa.pack(cfa.unify(labelled(pattern)[..., 1:], pattern))
    twice = flips.flip_rows(flips.flip_rows(packed))
    np.testing.assert_array_equal(twice, packed[:, 1:-1])
    twice = flips.flip_columns(flips.flip_columns(packed))
    np.testing.assert_array_equal(twice, packed[:, :, 1:-1])
    np.testing.assert_array_equal(
        flips.transpose(flips.transpose(packed)), packed
    )


@pytest.mark.parametrize("xp", WORLDS)
def test_augment_keeps_the_phase_and_draws_all_eight(rng, xp):
    mosaic = labelled("RGGB", 14, 14)
    colours, numbers = (
        np.repeat(cfa.pack(mosaic[..., i : i + 1]), 64, axis=0)
        for i in range(2)
    )
    uniform = rng.random((3, 64))
    args = (xp.array(uniform), xp)
    assert_rggb(np.asarray(augment.augment(xp.array(colours), *args)))
    drawn = np.asarray(augment.augment(xp.array(numbers), *args))
    assert drawn.shape == (64, 6, 6, 4)
    assert len(np.unique(drawn.reshape(64, -1), axis=0)) == 8


def test_augment_is_the_same_inside_tf_data(rng):
    packed = rng.random((4, 9, 9, 4))
    uniform = rng.random((3, 4))
    dataset = tf.data.Dataset.from_tensors((packed, uniform)).map(
        lambda p, u: augment.augment(p, u, tnp)
    )
    np.testing.assert_array_equal(
        next(iter(dataset)), augment.augment(packed, uniform)
    )


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
@pytest.mark.parametrize("mode", cfa.MODES)
def test_unify_is_the_same_inside_tf_data(pattern, mode):
    mosaic = labelled(pattern, 11, 14)[..., 1:]
    dataset = tf.data.Dataset.from_tensors(mosaic).map(
        lambda m: cfa.unify(m, pattern, mode, tnp)
    )
    np.testing.assert_array_equal(
        next(iter(dataset)), cfa.unify(mosaic, pattern, mode)
    )


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="Received: 'swap'"):
        cfa.unify(np.zeros((1, 4, 4, 1)), "RGGB", "swap")
