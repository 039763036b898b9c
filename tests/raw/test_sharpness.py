"""Laws of the structure function."""

import numpy as np
import pytest

from fanet_tf.raw import sharpness


@pytest.mark.parametrize("contrast", [0.1, 0.5])
def test_the_ratio_of_a_ramp_is_that_of_the_lags_squared(contrast):
    ramp = np.linspace(0.0, contrast, 25)[None, :, None] * np.ones((16, 1, 4))
    near, far = sharpness.structure(ramp)
    # Half of the directions see no change.
    assert near == pytest.approx((contrast / 24) ** 2 / 2)
    (ratio,) = sharpness.ratios([(near, far)])
    assert ratio == pytest.approx(1 / 64)


def test_the_part_of_the_noise_is_taken_off(rng):
    noise = rng.normal(0.0, 0.1, (128, 96, 4))
    near, far = sharpness.structure(noise)
    assert near == pytest.approx(0.02, rel=0.02) == far
    assert max(sharpness.structure(noise, 0.01)) < 0.02 * near


def test_flat_crops_say_nothing():
    flat = np.full((16, 12, 4), 0.3)
    assert sharpness.ratios([sharpness.structure(flat)]).size == 0
    with pytest.raises(ValueError, match="more than 8"):
        sharpness.structure(flat[:, :8])
