"""Green imbalance from flat patches of a chart."""

import numpy as np
import pytest

from fanet_tf.calibration import green
from fanet_tf.calibration import synthetic
from fanet_tf.calibration.estimator import Scene
from fanet_tf.calibration.samples import Levels

LEVELS = (Levels(64.0, 1023.0, 0.0, 1023.0),) * 4
BLACK = (64.0,) * 4


def chart(imbalance, exposure=0.9, num_frames=2, spread=0.0):
    rng = np.random.default_rng(0)
    means = synthetic.intensities(exposure)
    error = imbalance + spread * rng.standard_normal(len(means))
    means[:, 1] *= 1.0 + error / 2.0
    means[:, 2] *= 1.0 - error / 2.0
    packed = synthetic.frames(means, 2e-3, 1e-5, rng, num_frames)
    return Scene(packed, LEVELS, synthetic.patches(32))


@pytest.mark.parametrize("imbalance", [0.0, 0.02, -0.03])
def test_the_imbalance_of_a_chart_is_found(imbalance):
    found = green.measure(green.of_scene(chart(imbalance), BLACK))
    assert found.mean.value == pytest.approx(imbalance, abs=1e-3)
    assert found.mean.high - found.mean.low < 3e-3
    # A black level 1 count off moves it by less than 2 parts in a thousand.
    off = green.measure(green.of_scene(chart(imbalance), (64, 63, 64, 64)))
    assert off.mean.value == pytest.approx(imbalance, abs=2.5e-3)


def test_what_patches_do_to_it_is_its_deviation():
    found = green.measure(green.of_scene(chart(0.01, spread=0.02), BLACK))
    assert found.deviation == pytest.approx(0.02, rel=0.5)
    assert found.mean.low < 0.01 < found.mean.high


def test_clipped_and_dark_patches_tell_nothing():
    assert (
        green.measure(green.of_scene(chart(0.02, 3.0), BLACK)).num_patches < 20
    )
    assert green.measure(green.of_scene(chart(0.02, 0.04), BLACK)) is None
