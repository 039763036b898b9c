"""Strength: the ends are exact, the middle keeps brightness and kind."""

import numpy as np
import pytest

from fanet_tf.denoising import strength
from fanet_tf.errors import InputError

A, B = 4e-3, 4e-5
SCALE_OFFSET = (1 / A, B / A**2)


@pytest.fixture
def pair(rng):
    """A noisy frame and its perfect denoising."""
    clean = np.empty((256, 256, 4), np.float32)
    clean[:] = [0.1, 0.2, 0.2, 0.07]
    noisy = clean + np.sqrt(A * clean + B) * rng.normal(size=clean.shape)
    return noisy.astype(np.float32), clean


def test_the_ends_are_exact(pair):
    noisy, clean = pair
    assert strength.blend(noisy, clean, *SCALE_OFFSET, 0.0, 0.0) is noisy
    assert strength.blend(noisy, clean, *SCALE_OFFSET, 1.0, 1.0) is clean


@pytest.mark.parametrize("luminance, chroma", [(0.5, 0.5), (0.2, 0.9)])
def test_the_mean_of_each_plane_stays(pair, luminance, chroma):
    noisy, clean = pair
    blended = strength.blend(noisy, clean, *SCALE_OFFSET, luminance, chroma)
    deviation = np.sqrt(A * clean[0, 0] + B) / 256
    # Within the noise of the mean itself, and 0.1 %.
    error = np.abs(blended.mean((0, 1)) - clean[0, 0])
    assert np.all(error < 3 * deviation + 1e-3 * clean[0, 0])


def test_half_strength_leaves_half_the_deviation(pair):
    noisy, clean = pair
    blended = strength.blend(noisy, clean, *SCALE_OFFSET, 0.5, 0.5)
    np.testing.assert_allclose(
        (blended - clean).std((0, 1)),
        0.5 * (noisy - clean).std((0, 1)),
        rtol=0.02,
    )


def test_chroma_strength_leaves_the_common_part(pair):
    """In the stabilised domain, where the planes are equally noisy."""
    noisy, clean = pair
    grainy = strength.blend(noisy, clean, *SCALE_OFFSET, 0.0, 1.0)
    d = (grainy - clean) / np.sqrt(A * clean + B)
    common = d.mean(axis=-1, keepdims=True)
    assert (d - common).std() < 0.1 * common.std()
    assert abs(common.std() - 0.5) < 0.02  # Of a mean of four.


def test_values_below_black_stay_below(pair):
    noisy = np.full((4, 4, 4), -0.05, np.float32)
    blended = strength.blend(noisy, noisy - 0.01, *SCALE_OFFSET, 0.5, 0.5)
    assert np.all((blended < -0.045) & (blended > -0.065))


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_strength_outside_is_refused(value):
    with pytest.raises(InputError, match="`strength` must be 0 to 1"):
        strength.check(value, 1.0)
