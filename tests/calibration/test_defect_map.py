"""Defects of a dark series: found, told from chance, and where they are."""

import json

import numpy as np
import pytest

from fanet_tf.calibration import defect_map
from fanet_tf.calibration import profile
from fanet_tf.calibration import synthetic
from fanet_tf.calibration.samples import Levels
from fanet_tf.raw.sensor import SensorModel

LEVELS = (Levels(64.0, 1023.0, 0.0, 1023.0),) * 4
SHAPE = (300, 400)


def series(gain, rate, num_frames=8, seed=0):
    b = profile.load("imx258").b(gain)
    model = SensorModel(row=(0.064, 0.064), column=(0.05, 0.05))
    rng = np.random.default_rng(seed)
    return synthetic.dark_frames(model, b, rng, num_frames, SHAPE, rate)


def find(packed):
    return defect_map.find(packed, packed.mean(axis=0), LEVELS)


@pytest.mark.parametrize("gain, num_frames", [(1, 2), (4, 4), (16, 8)])
def test_defects_are_found_and_few_others(gain, num_frames):
    """99 % of those that a series shows, false ones below 1e-5."""
    packed, defective = series(gain, 2e-3, num_frames)
    assert defective.sum() > 900
    found = ~find(packed).usable(defective.shape)
    assert np.mean(found[defective]) >= 0.99
    assert np.mean(found[~defective]) < 1e-5


def test_a_single_event_is_no_defect():
    packed, _ = series(4, 0.0, 4)
    packed[1, 40, 50, 2] = 1000
    packed[2, 41, 50, 2] = 1000
    assert find(packed).y.size == 0
    packed[:, 42, 50, 2] = 1000
    found = find(packed)
    assert (found.y.item(), found.x.item(), found.plane.item()) == (42, 50, 2)
    assert found.offset.item() == pytest.approx(936, abs=2)


def test_a_pixel_that_never_moves_is_a_defect_where_noise_would_move_it():
    packed, _ = series(64, 0.0, 8)
    packed[:, 10, 20, 1] = 70  # Within the noise of 17 counts.
    found = find(packed)
    assert (found.y.item(), found.x.item(), found.plane.item()) == (10, 20, 1)
    # At gain 1 half of all good pixels read one count all the time.
    packed, _ = series(1, 0.0, 4)
    assert find(packed).y.size == 0


def test_glow_is_no_defect():
    packed, _ = series(4, 0.0, 8)
    glow = 8.0 * np.linspace(0, 1, SHAPE[1])[None, None, :, None] ** 4
    assert find(np.round(packed + glow)).y.size == 0


def test_maps_of_gains_join_in_places_of_the_full_mosaic():
    one = defect_map.Found(
        np.array([0, 3]), np.array([0, 5]), np.array([0, 1]), np.array([90, -9])
    )
    two = defect_map.Found(
        np.array([3, 3]), np.array([5, 5]), np.array([1, 0]), np.array([18, 36])
    )
    joined = defect_map.join(
        [(one, 900.0), (two, 900.0)], (9, 6), (100, 120), 8000
    )
    # R, Gr, Gb, B stand at (0, 0), (0, 1), (1, 0), (1, 1) of a cell.
    assert joined.rows.tolist() == [9, 15, 15]
    assert joined.columns.tolist() == [6, 16, 17]
    np.testing.assert_allclose(joined.offsets, [0.1, 0.04, 0.02])
    assert (len(joined), joined.num_bright, joined.num_pairs) == (3, 3, 1)


def test_the_file_holds_rows_and_columns(tmp_path):
    found = defect_map.DefectMap(
        np.array([1, 2]), np.array([3, 4]), np.array([0.5, -0.1]), (8, 10), 80
    )
    path = tmp_path / "s.defects.json"
    defect_map.write(found, path, "sensor")
    record = json.loads(path.read_text())
    assert record["defects"]["rows"] == [1, 2]
    assert record["defects"]["columns"] == [3, 4]
    assert (record["height"], record["width"]) == (8, 10)
    # Ours, so it is replaced; a stranger's is not.
    defect_map.write(found, path, "sensor")
    path.write_text("{}")
    with pytest.raises(ValueError, match="another origin"):
        defect_map.write(found, path, "sensor")
