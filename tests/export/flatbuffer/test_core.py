"""What an app computes around a core is what the member computes."""

import numpy as np
import pytest
from helpers import randomise
from keras import ops

from export.flatbuffer import core as core_lib
from fanet_tf import models
from fanet_tf.raw import ksigma


@pytest.mark.parametrize("transform", ksigma.TRANSFORMS)
def test_a_core_between_its_ends_is_the_member(rng, transform):
    size = (32, 32)
    member = models.build("gated", *size, widths=(8, 16), transform=transform)
    randomise(member)
    # Residuals of some deviations, as trained members have them.
    member.set_weights([0.3 * w for w in member.get_weights()])
    one = np.ones((1, 1, 1, 1), np.float32)
    inputs = {
        # With noise below black; gain 16.
        "noisy": rng.uniform(-0.02, 1, (1, *size, 4)).astype(np.float32),
        "scale": 1 / np.float32(3.36e-3) * one,
        "offset": np.float32(2.1e-5 / 3.36e-3**2) * one,
    }
    stabilised, unit = core_lib.stabilise(inputs, transform)
    residual = ops.convert_to_numpy(member.get_layer("core")(stabilised))
    assert 0.1 < np.abs(residual).max() < 100
    found = core_lib.restore(inputs, stabilised, unit, residual, transform)
    np.testing.assert_allclose(found, member(inputs), rtol=1e-5, atol=1e-6)
