"""A guess of the noise from one picture, against noise that is known."""

import cv2
import numpy as np
import pytest
import raw_files

from fanet_tf.calibration import profile
from fanet_tf.calibration import single_image
from fanet_tf.data import camera
from fanet_tf.errors import InputError
from fanet_tf.evaluation import classical
from fanet_tf.raw import noise as raw_noise
from fanet_tf.raw import unprocess


def _picture(height=192, width=256):
    """A ramp with a textured band, `[h, w, 4]`."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    ramp = 0.02 + 0.6 * x / width
    texture = 0.1 * np.sin(x * 1.3) * np.sin(y * 1.7) * (y > 0.7 * height)
    plane = np.clip(ramp + texture, 0.0, 1.0)
    return np.stack([0.6 * plane, plane, plane, 0.7 * plane], axis=-1)


def _noisy(clean, a, b, seed=0):
    normal = np.random.default_rng(seed).standard_normal((1, *clean.shape))
    noise = raw_noise.NoiseParams(np.array([a]), np.array([b]))
    return raw_noise.add_noise(clean[None], noise, normal)[0]


@pytest.mark.parametrize("a, b", [(2.1e-4, 4.3e-7), (3.4e-3, 2.1e-5)])
def test_noise_of_a_ramp_is_found_beside_texture(a, b):
    noise, confidence = single_image.estimate(_noisy(_picture(), a, b))
    assert noise.a.shape == noise.b.shape == (1,)
    np.testing.assert_allclose(noise.a, a, rtol=0.05)
    # In the ramp's shadows, where `b` shows.
    shadows = noise.a * 0.02 + noise.b
    np.testing.assert_allclose(shadows, a * 0.02 + b, rtol=0.1)
    assert confidence.verdict == "good"


def test_texture_everywhere_is_not_called_good():
    rng = np.random.default_rng(1)
    grain = np.clip(rng.normal(0.3, 0.1, (128, 160, 4)), 0.01, 0.99)
    smooth = np.repeat(np.repeat(grain[::2, ::2], 2, 0), 2, 1)
    _, confidence = single_image.estimate(
        _noisy((0.5 * grain + 0.5 * smooth), 2e-4, 1e-6)
    )
    assert confidence.verdict != "good"
    assert confidence.a_error > 0.1


def test_a_flat_picture_says_nothing_about_a():
    flat = np.full((128, 160, 4), 0.3)
    noise, confidence = single_image.estimate(_noisy(flat, 3e-4, 1e-6))
    assert confidence.verdict == "poor"
    np.testing.assert_allclose(noise.a * 0.3 + noise.b, 9.1e-5, rtol=0.1)


def test_a_white_frame_is_refused():
    with pytest.raises(InputError, match="Received: 0 in a frame"):
        single_image.estimate(np.ones((64, 80, 4)))


def test_a_mosaic_is_refused():
    with pytest.raises(InputError, match=r"Received: shape=\(64, 80, 1\)"):
        single_image.estimate(np.ones((64, 80, 1)))


def _photographs(count):
    """Clean RAW of photographs, spread over the folder, `[h, w, 4]`."""
    folder = raw_files.shared("photos/cid22_val")
    paths = sorted(folder.glob("*.png"))
    matrix, rgb, red, blue = camera.get("imx258").typical()
    for path in paths[:: max(len(paths) // count, 1)]:
        photo = cv2.imread(str(path))[:512, :512, ::-1] / np.float32(255)
        yield unprocess.unprocess(
            photo[None],
            matrix[None].astype(np.float32),
            *(np.array([gain], np.float32) for gain in (rgb, red, blue)),
        )[0]


def _psnr(clean, image):
    return -10.0 * np.log10(np.mean((np.clip(image, 0.0, 1.0) - clean) ** 2))


def _compare(photos, gains):
    """Returns errors of `a` and losses of PSNR against known noise."""
    law = profile.load("imx258")
    a_errors, losses = [], []
    for seed, clean in enumerate(photos):
        for gain in gains:
            known = law.noise(gain)
            noisy = _noisy(clean, known.a[0], known.b[0], seed)
            guess, _ = single_image.estimate(noisy)
            a_errors.append(abs(guess.a[0] / known.a[0] - 1.0))
            noisy = noisy.astype(np.float32)
            with_guess, with_known = (
                _psnr(clean, classical.non_local_means(noisy, pair))
                for pair in (guess, known)
            )
            losses.append(abs(with_guess - with_known))
    return np.array(a_errors), np.array(losses)


@pytest.mark.parametrize(
    "count, gains",
    [
        (3, (16,)),
        pytest.param(40, (1, 4, 16, 64), marks=pytest.mark.slow),
    ],
)
def test_photographs_tell_their_noise(count, gains, capsys):
    a_errors, losses = _compare(_photographs(count), gains)
    with capsys.disabled():
        print(
            f"\n{len(losses)} photographs and gains: error of a "
            f"{np.median(a_errors):.3f} (median), "
            f"{np.quantile(a_errors, 0.9):.3f} (90 %); PSNR differs by "
            f"{np.median(losses):.3f} dB, {np.quantile(losses, 0.9):.3f} dB"
        )
    assert np.median(a_errors) <= 0.15
    assert np.median(losses) <= 0.2


def test_a_bin_may_hold_fewer_blocks_than_are_wanted():
    """Few counts make bins uneven: all of a small busy one is kept."""
    bins = np.repeat([0, 1], [19, 400])
    keep, busy = single_image._quiet(
        np.linspace(2.0, 3.0, len(bins)), np.ones(len(bins)), bins
    )
    assert busy == 1.0
    assert np.bincount(bins[keep]).tolist() == [19, 40]
