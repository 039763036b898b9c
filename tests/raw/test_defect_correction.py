"""Known defects are replaced along edges, whatever their neighbours are."""

import numpy as np
import pytest

from fanet_tf.raw import defect_correction
from fanet_tf.raw.noisy_mosaic import NoisyMosaic

NOISE = (1e-3, 1e-6)


def of(counts, black=0.0, white=1.0):
    return NoisyMosaic(counts, np.full((2, 2), black), white, NOISE)


def slanted(height=64, width=96):
    """Two levels that differ by plane, and an edge at 45 degrees."""
    y, x = np.mgrid[:height, :width]
    plane = 0.1 * (y % 2) + 0.05 * (x % 2)
    return (plane + np.where(y > x - 20, 0.2, 0.7)).astype(np.float32)


@pytest.mark.parametrize("place", [(30, 20), (31, 51), (12, 31), (13, 32)])
def test_a_defect_beside_an_edge_gets_its_own_side(place):
    good = slanted()
    counts = good.copy()
    counts[place] = 5.0
    assert defect_correction.correct(of(counts), *np.transpose([place])) == 1
    np.testing.assert_allclose(counts, good, atol=0.02)


@pytest.mark.parametrize("row", [0, 1, 5, -2, -1])
@pytest.mark.parametrize("column", [0, 1, 7, -2, -1])
def test_flat_planes_are_restored_up_to_the_corner(row, column):
    good = np.tile(np.float32([[0.1, 0.2], [0.3, 0.4]]), (5, 7))
    counts = good.copy()
    counts[row, column] = 1.0
    mosaic = of(counts)
    defect_correction.correct(mosaic, [row % 10], [column % 14])
    np.testing.assert_allclose(counts, good, rtol=1e-6)


def test_defective_neighbours_do_not_count():
    good = np.full((24, 24), 0.3, np.float32)
    places = [(10, 10), (10, 12), (8, 10), (12, 12), (11, 10)]
    counts = good.copy()
    counts[tuple(np.transpose(places))] = np.linspace(0.5, 1.0, len(places))
    defect_correction.correct(of(counts), *np.transpose(places))
    np.testing.assert_allclose(counts, good, rtol=1e-6)


def test_a_cluster_is_filled_from_its_rim():
    y, x = np.mgrid[:40, :40].astype(np.float32)
    good = 0.2 + 0.005 * x + 0.003 * y
    rows, columns = (side.ravel() for side in np.mgrid[12:25, 12:25])
    counts = good.copy()
    counts[rows, columns] = 0.0
    assert defect_correction.correct(of(counts), rows, columns) == len(rows)
    np.testing.assert_allclose(counts, good, atol=0.03)


def test_what_has_no_good_neighbour_stays():
    counts = np.full((6, 8), 7, np.uint16)
    rows, columns = (side.ravel() for side in np.mgrid[:6, :8])
    mosaic = of(counts, 0.0, 100.0)
    assert defect_correction.correct(mosaic, rows, columns) == 0
    assert (counts == 7).all()
    # One good pixel of a plane is enough for its plane.
    kept = (rows != 0) | (columns != 0)
    assert defect_correction.correct(mosaic, rows[kept], columns[kept]) == 11


def test_no_other_pixel_changes(rng):
    counts = rng.integers(0, 1023, (50, 60)).astype(np.uint16)
    rows, columns = np.array([3, 20, 49]), np.array([7, 20, 59])
    before = counts.copy()
    defect_correction.correct(of(counts, 64.0, 1023.0), rows, columns)
    before[rows, columns] = counts[rows, columns]
    np.testing.assert_array_equal(counts, before)


def test_levels_of_the_planes_do_not_mix():
    """Diagonal neighbours have another black level."""
    black = np.array([[10.0, 200.0], [300.0, 500.0]])
    counts = (np.tile(black, (8, 8)) + 100.0).astype(np.float32)
    good = counts.copy()
    counts[6, 6] = 900.0
    mosaic = NoisyMosaic(counts, black, 1000.0, NOISE)
    defect_correction.correct(mosaic, [6], [6])
    np.testing.assert_allclose(counts, good, rtol=1e-5)
