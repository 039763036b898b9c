"""Classical denoisers: what must hold of each."""

import numpy as np
import pytest

from fanet_tf.evaluation import classical
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw.noise import NoiseParams

NOISES = [(2.1e-4, 4.3e-7), (1.34e-2, 3.2e-4)]
FILTERS = [classical.gaussian, classical.non_local_means]


def params(a, b):
    return NoiseParams(np.array([a]), np.array([b]))


def capture(rng, clean, noise):
    normal = rng.standard_normal(clean.shape, dtype=np.float32)
    return noise_lib.add_noise(clean[None], noise, normal[None])[0].astype(
        np.float32
    )


def mse(x, y):
    return float(np.mean((np.float64(x) - y) ** 2))


@pytest.mark.parametrize("a, b", NOISES)
@pytest.mark.parametrize("x", [0.0, 0.01, 0.2, 0.9, 0.99])
def test_the_inverse_is_unbiased(rng, a, b, x):
    """Also where the sensor clips, at black and at white."""
    noise = params(a, b)
    clean = np.full((300, 300, 4), x, np.float32)
    z = classical.stabilise(capture(rng, clean, noise), noise)
    mean = np.full((1, 1, 4), z.mean(dtype=np.float64))
    got = classical.unbiased_inverse(mean, noise)
    # The mean of 360,000 draws is known to 1/600 of the noise's deviation.
    tolerance = 3 * np.sqrt(a * max(x, 0.01) + b) / 600
    np.testing.assert_allclose(got, x, atol=tolerance)


@pytest.mark.parametrize("a, b", NOISES)
def test_the_inverse_undoes_the_transform_where_noise_is_small(a, b):
    noise = params(a, b)
    x = np.linspace(0.3, 0.8, 64, dtype=np.float32).reshape(4, 4, 4)
    back = classical.unbiased_inverse(classical.stabilise(x, noise), noise)
    # They differ by the bias of the root, a/4 in RAW units.
    np.testing.assert_allclose(back, x + a / 4, atol=a / 10)


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("a, b", NOISES)
def test_a_flat_frame_gets_at_least_10_db_better(rng, method, a, b):
    noise = params(a, b)
    clean = np.full((48, 64, 4), 0.3, np.float32)
    noisy = capture(rng, clean, noise)
    denoised = method(noisy, noise)
    assert denoised.shape == noisy.shape and denoised.dtype == np.float32
    assert mse(denoised, clean) < 0.1 * mse(noisy, clean)


@pytest.mark.parametrize("method", FILTERS)
def test_the_mean_brightness_is_kept(rng, method):
    noise = params(*NOISES[1])
    clean = np.full((64, 64, 4), 0.1, np.float32)
    denoised = method(capture(rng, clean, noise), noise)
    # The mean of the draw itself is known to 0.3 %; non-local means weighs the
    # tails of a skewed distribution down, which costs it another 1 %.
    np.testing.assert_allclose(denoised.mean(), 0.1, rtol=0.02)


def test_gaussian_leaves_detail_alone_where_noise_is_small(rng):
    """The estimated risk sees that blurring a checkerboard does harm."""
    noise = params(2.1e-5, 4e-8)
    clean = np.indices((32, 48)).sum(axis=0)[..., None] % 2 * 0.5 + 0.2
    clean = np.repeat(clean, 4, axis=-1).astype(np.float32)
    noisy = capture(rng, clean, noise)
    denoised = classical.gaussian(noisy, noise)
    assert mse(denoised, clean) < 1.1 * mse(noisy, clean)


def test_identity_gives_its_input():
    noisy = np.ones((4, 6, 4))
    assert classical.identity(noisy, params(*NOISES[0])) is noisy
