"""Gains between the points of a map."""

import numpy as np
import pytest

from fanet_tf.raw.shading import ShadingMap

SHAPE = (31, 47)


def plane(height, width):
    """`1 + y + 2 x + x y` with y and x from 0 to 1: bilinear."""
    y, x = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)
    return (1 + y + 2 * x + x * y).astype(np.float32)


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (13, 17), SHAPE])
def test_a_bilinear_map_is_met_exactly(size):
    gains = np.stack([plane(*size) + i for i in range(4)])
    found = ShadingMap(gains)
    for i in range(4):
        grid = found.grid(i, np.arange(31), np.arange(47), SHAPE)
        np.testing.assert_allclose(grid, plane(*SHAPE) + i, rtol=1e-5)


def test_single_pixels_are_those_of_the_grid(rng):
    gains = 1 + rng.random((4, 7, 9), dtype=np.float32)
    found = ShadingMap(gains)
    rows, columns = rng.integers(0, 31, 200), rng.integers(0, 47, 200)
    planes = rng.integers(0, 4, 200)
    grids = np.stack(
        [found.grid(i, np.arange(31), np.arange(47), SHAPE) for i in range(4)]
    )
    np.testing.assert_allclose(
        found.at(planes, rows, columns, SHAPE),
        grids[planes, rows, columns],
        rtol=1e-6,
    )
    assert gains.min() == pytest.approx(found.low)
    assert gains.max() == pytest.approx(found.high)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 1)])
def test_the_smallest_frames_have_gains(shape):
    found = ShadingMap(np.full((4, 2, 2), 1.5, np.float32))
    grid = found.grid(0, np.arange(shape[0]), np.arange(shape[1]), shape)
    np.testing.assert_array_equal(grid, 1.5)
