"""PSNR and SSIM: laws, and agreement with scikit-image."""

import math

import numpy as np
import pytest
from skimage import metrics as reference

from fanet_tf.metrics import psnr as psnr_lib
from fanet_tf.metrics import ssim as ssim_lib


def pair(rng, channels=4, deviation=0.05):
    clean = rng.random((24, 40, channels), dtype=np.float32)
    clean = np.cumsum(clean, axis=1) / 40
    noise = deviation * rng.standard_normal(clean.shape, dtype=np.float32)
    return np.clip(clean + noise, 0, 1), clean


def test_psnr_of_an_image_with_itself_is_infinite(rng):
    image, _ = pair(rng)
    assert psnr_lib.psnr(image, image) == math.inf


def test_psnr_of_a_tenth_everywhere_is_20_db():
    zeros = np.zeros((3, 5, 4))
    np.testing.assert_allclose(psnr_lib.psnr(zeros + 0.1, zeros), 20.0)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("deviation", [0.001, 0.05, 0.3])
def test_psnr_agrees_with_scikit_image(rng, channels, deviation):
    image, clean = pair(rng, channels, deviation)
    expected = reference.peak_signal_noise_ratio(
        clean.astype(np.float64), image.astype(np.float64), data_range=1
    )
    np.testing.assert_allclose(psnr_lib.psnr(image, clean), expected, atol=1e-4)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("deviation", [0.001, 0.05, 0.3])
def test_ssim_agrees_with_scikit_image(rng, channels, deviation):
    image, clean = pair(rng, channels, deviation)
    expected = reference.structural_similarity(
        clean,
        image,
        data_range=1,
        gaussian_weights=True,
        use_sample_covariance=False,
        channel_axis=-1,
    )
    np.testing.assert_allclose(ssim_lib.ssim(image, clean), expected, atol=1e-5)


def test_ssim_of_an_image_with_itself_is_one(rng):
    image, _ = pair(rng)
    np.testing.assert_allclose(ssim_lib.ssim(image, image), 1.0)


def test_ssim_is_symmetric(rng):
    image, clean = pair(rng)
    np.testing.assert_allclose(
        ssim_lib.ssim(image, clean), ssim_lib.ssim(clean, image)
    )


@pytest.mark.parametrize("metric", [psnr_lib.psnr, ssim_lib.ssim])
def test_images_of_different_shapes_are_refused(metric):
    with pytest.raises(
        ValueError, match=r"Received: image.shape=\(16, 24, 4\)"
    ):
        metric(np.zeros((16, 24, 4)), np.zeros((24, 16, 4)))


def test_ssim_refuses_an_image_smaller_than_its_window():
    with pytest.raises(ValueError, match="at least 11 x 11"):
        ssim_lib.ssim(np.zeros((10, 24, 4)), np.zeros((10, 24, 4)))
