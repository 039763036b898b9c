"""The mean over flips is as symmetric as the flips are."""

import keras
import numpy as np
import pytest
from keras import ops

from fanet_tf.losses import flip_mean
from fanet_tf.raw import flips

SIDE = 12
INPUTS = {name: np.full((2, 1, 1, 1), 3.0, "float32") for name in "ab"}


@pytest.fixture
def noisy():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, SIDE, SIDE, 4)).astype("float32")


def identity(inputs, training):
    return inputs["noisy"]


@pytest.fixture(scope="module")
def lopsided():
    """A convolution that no flip leaves as it is."""
    layer = keras.layers.Conv2D(4, 3, padding="same")
    layer.build((None, SIDE, SIDE, 4))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=w.shape) for w in layer.weights])
    return lambda inputs, training: layer(inputs["noisy"])


@pytest.mark.parametrize("count", flip_mean.COUNTS)
def test_of_the_identity_it_is_the_identity(noisy, count):
    mean = flip_mean.flip_mean(identity, {"noisy": noisy, **INPUTS}, count)
    np.testing.assert_allclose(mean, noisy, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "count, flip",
    [
        (2, flips.flip_columns),
        (4, flips.flip_columns),
        (4, flips.flip_rows),
        (8, flips.flip_columns),
        (8, flips.flip_rows),
        (8, flips.transpose),
    ],
)
def test_the_mean_of_a_flip_is_the_flip_of_the_mean(
    noisy, lopsided, count, flip
):
    def mean(x):
        return flip_mean.flip_mean(lopsided, {"noisy": x, **INPUTS}, count)

    def inner(x):
        """Away from the edges, which each network mirrors as it likes."""
        return x[:, 3:-3, 3:-3]

    # A frame of the flip's own size: what is mirrored is the same then.
    flipped = flip(ops.convert_to_tensor(noisy), ops)
    spare = [(0, SIDE - flipped.shape[axis]) for axis in (1, 2)]
    padded = ops.pad(flipped, [(0, 0), *spare, (0, 0)])
    height, width = flipped.shape[1:3]
    np.testing.assert_allclose(
        inner(mean(padded)[:, :height, :width]),
        inner(flip(ops.convert_to_tensor(mean(noisy)), ops)),
        rtol=0,
        atol=1e-5,
    )


def test_one_flip_is_the_network_itself(noisy, lopsided):
    inputs = {"noisy": noisy, **INPUTS}
    np.testing.assert_array_equal(
        flip_mean.flip_mean(lopsided, inputs, 1), lopsided(inputs, False)
    )
