"""Laws of image formation: `fanet_tf/raw`, in numpy and inside tf.data."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf.raw import cfa
from fanet_tf.raw import isp
from fanet_tf.raw import ksigma
from fanet_tf.raw import levels
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw import unprocess
from fanet_tf.raw.noise import NoiseParams

WORLDS = [np, tnp, keras.ops]


def colours(rng, *shape):
    return rng.uniform(0.05, 0.7, shape).astype(np.float32)


@pytest.mark.parametrize("xp", WORLDS)
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_unpack_undoes_pack(rng, pattern, xp):
    mosaic = rng.random((2, 6, 10, 1), dtype=np.float32)
    packed = cfa.pack(mosaic, pattern, xp)
    assert tuple(packed.shape) == (2, 3, 5, 4)
    np.testing.assert_array_equal(cfa.unpack(packed, pattern, xp), mosaic)


def test_pack_takes_planes_in_the_order_r_gr_gb_b():
    packed = cfa.pack(np.arange(16).reshape(1, 4, 4, 1))
    np.testing.assert_array_equal(packed[0, 0, 0], [0, 1, 4, 5])


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_red_is_first_after_to_rggb(pattern):
    labels = np.array([list(pattern[:2]), list(pattern[2:])])
    mosaic = np.tile(labels, (4, 5))[None, ..., None]
    unified = cfa.to_rggb(mosaic, pattern)
    assert unified.shape[1] % 2 == 0 and unified.shape[2] % 2 == 0
    assert "".join(unified[0, :2, :2, 0].ravel()) == "RGGB"


@pytest.mark.parametrize("rows, columns", [(0, 1), (1, 0), (3, 5)])
def test_shift_pattern_is_what_a_crop_shows(rows, columns):
    mosaic = np.tile(np.array([["R", "G"], ["g", "B"]]), (8, 8))
    cropped = mosaic[rows:, columns:][:2, :2]
    shown = "".join(cropped.ravel()).upper()
    assert cfa.shift_pattern("RGGB", rows, columns) == shown


def test_pack_refuses_an_odd_mosaic():
    with pytest.raises(ValueError, match=r"Received: shape=\(1, 5, 4, 1\)"):
        cfa.pack(np.zeros((1, 5, 4, 1)))


def test_an_unknown_pattern_is_refused():
    with pytest.raises(ValueError, match="Received: pattern='RGBG'"):
        cfa.cell("RGBG")


def test_denormalize_undoes_normalize(rng):
    counts = rng.integers(0, 1024, (1, 4, 6, 1)).astype(np.float64)
    black = levels.level_map((64, 65, 66, 67), cfa.cell("GRBG"), 4, 6)
    values = levels.normalize(counts, black, 1023)
    np.testing.assert_allclose(
        levels.denormalize(values, black, 1023), counts, atol=1e-9
    )


def test_level_map_puts_each_level_on_its_plane():
    black = levels.level_map((1, 2, 3, 4), cfa.cell("GBRG"), 4, 6)
    packed = cfa.pack(black, "GBRG")
    np.testing.assert_array_equal(packed[0, 1, 2], [1, 2, 3, 4])


@pytest.mark.parametrize("xp", WORLDS)
@pytest.mark.parametrize("a, b", [(2e-4, 4e-7), (1e-2, 3e-4)])
def test_variance_of_the_noise_is_a_x_plus_b(rng, a, b, xp):
    clean = np.full((1, 256, 256, 4), 0.4, np.float32)
    normal = rng.standard_normal(clean.shape, dtype=np.float32)
    params = NoiseParams(np.float32([a]), np.float32([b]))
    noisy = np.asarray(noise_lib.add_noise(clean, params, normal, xp))
    assert noisy.dtype == np.float32
    # 2^18 samples: the variance's own deviation is 0.3 %.
    np.testing.assert_allclose(noisy.var(), a * 0.4 + b, rtol=0.015)
    np.testing.assert_allclose(noisy.mean(), 0.4, atol=4e-4)


def test_noise_is_clipped_as_the_sensor_clips(rng):
    clean = np.zeros((1, 64, 64, 4), np.float32)
    normal = rng.standard_normal(clean.shape, dtype=np.float32)
    params = NoiseParams(np.float32([0.01]), np.float32([1e-4]))
    noisy = noise_lib.add_noise(clean, params, normal)
    assert noisy.min() == 0.0
    np.testing.assert_allclose((noisy == 0).mean(), 0.5, atol=0.02)


@pytest.mark.parametrize("a, b", [(0.002, 1e-5), (0.02, 1e-3)])
def test_ksigma_variance_equals_its_mean(rng, a, b):
    params = NoiseParams(np.array([a]), np.array([b]))
    clean = np.full((1, 256, 256, 4), 0.5)
    noisy = noise_lib.add_noise(clean, params, rng.standard_normal(clean.shape))
    s = ksigma.ksigma(noisy, *ksigma.scale_offset(params))
    np.testing.assert_allclose(np.var(s), np.mean(s), rtol=0.02)


@pytest.mark.parametrize("x", [0.1, 0.3, 0.8])
@pytest.mark.parametrize("a, b", [(0.0002, 4e-7), (0.005, 4e-5)])
def test_anscombe_gives_unit_variance(rng, x, a, b):
    params = NoiseParams(np.array([a]), np.array([b]))
    clean = np.full((1, 256, 256, 4), x)
    noisy = noise_lib.add_noise(clean, params, rng.standard_normal(clean.shape))
    z = ksigma.anscombe(noisy, *ksigma.scale_offset(params))
    np.testing.assert_allclose(np.var(z), 1.0, rtol=0.05)


# (a, b) of the IMX258's stand-in at gains 1, 4, 16, 64.
GAINS = [(2.1e-4 * g, 3.5e-7 + 7.9e-8 * g * g) for g in (1, 4, 16, 64)]


@pytest.mark.parametrize("a, b", GAINS)
def test_the_signed_transform_is_smooth_at_black(a, b):
    scale, offset = 1 / a, b / a**2
    x = np.sqrt(b) * np.array([-1e-6, 0.0, 1e-6])
    z = ksigma.signed_anscombe(x, scale, offset)
    slopes = np.diff(z) / np.diff(x)
    np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-5)
    np.testing.assert_allclose(
        slopes[0], 1 / np.sqrt(b + 0.375 * a * a), rtol=1e-5
    )
    # At and above black it is the unsigned one; below, a straight line that
    # never ends.
    above = np.linspace(0, 1, 50)
    np.testing.assert_allclose(
        ksigma.signed_anscombe(above, scale, offset),
        ksigma.anscombe(above, scale, offset),
        rtol=1e-12,
    )
    below = ksigma.signed_anscombe(np.linspace(-0.07, 0, 9), scale, offset)
    np.testing.assert_allclose(np.diff(below, 2), 0.0, atol=1e-9)
    assert np.all(np.diff(below) > 0)


@pytest.mark.parametrize("a, b", GAINS)
def test_signed_noise_has_about_unit_variance(rng, a, b):
    normal = rng.standard_normal(400_000)
    for x in (0.0, np.sqrt(b), 4 * np.sqrt(b), 0.05, 0.5, 0.9):
        noisy = x + np.sqrt(a * x + b) * normal
        z = ksigma.signed_anscombe(noisy, 1 / a, b / a**2)
        assert 0.68 < z.var() < 1.1
        bias = z.mean() - ksigma.signed_anscombe(x, 1 / a, b / a**2)
        assert -0.13 < bias < 0.01


def test_the_signed_transform_keeps_what_the_other_throws_away(rng):
    a, b = GAINS[-1]
    noisy = np.sqrt(b) * rng.standard_normal(100_000)
    kept = ksigma.signed_anscombe(noisy, 1 / a, b / a**2)
    lost = ksigma.anscombe(noisy, 1 / a, b / a**2)
    assert len(np.unique(kept)) == len(np.unique(noisy))
    assert np.mean(lost == lost.min()) == pytest.approx(0.09, abs=0.005)


@pytest.mark.parametrize("xp", WORLDS)
def test_transforms_undo_themselves(rng, xp):
    params = NoiseParams(np.float32([0.004, 0.0002]), np.float32([2e-5, 4e-7]))
    scale, offset = ksigma.scale_offset(params, xp)
    x = rng.random((2, 4, 6, 4), dtype=np.float32)
    s = ksigma.ksigma(x, scale, offset)
    z = ksigma.anscombe(x, scale, offset, xp)
    assert str(keras.backend.standardize_dtype(z.dtype)) == "float32"
    for back in (
        ksigma.inverse_ksigma(s, scale, offset),
        ksigma.inverse_anscombe(z, scale, offset),
    ):
        np.testing.assert_allclose(back, x, atol=2e-6)
    x = x - np.float32(0.2)
    z = ksigma.signed_anscombe(x, scale, offset, xp)
    back = ksigma.inverse_signed_anscombe(z, scale, offset, xp)
    assert str(keras.backend.standardize_dtype(back.dtype)) == "float32"
    np.testing.assert_allclose(back, x, atol=2e-6)


@pytest.mark.parametrize("xp", WORLDS)
@pytest.mark.parametrize("a, b", GAINS)
def test_a_step_in_the_signed_transform_is_exact(rng, a, b, xp):
    scale, offset = np.float32(1 / a), np.float32(b / a**2)
    clean = rng.random((64, 64), dtype=np.float32) ** 4
    deviation = np.sqrt(a * clean + b)
    noisy = clean + deviation * rng.standard_normal(clean.shape)
    noisy = noisy.astype(np.float32)  # Below black, too.
    z = ksigma.signed_anscombe(noisy, scale, offset, xp)
    step = ksigma.signed_anscombe(clean, scale, offset, xp) - z
    back = ksigma.moved_signed_anscombe(noisy, 0.5 * z, step, scale, offset, xp)
    assert str(keras.backend.standardize_dtype(back.dtype)) == "float32"
    np.testing.assert_array_less(np.abs(back - clean), 1e-4 * deviation)
    # Its first order is not: what is left is the square of the step.
    first = noisy + z * step / (2 * scale)
    above = noisy >= 0
    left = np.abs(clean - first - np.square(step) / (4 * scale))
    np.testing.assert_array_less(left[above], 1e-3 * deviation[above])


@pytest.mark.parametrize("xp", WORLDS)
def test_tone_and_gamma_undo_themselves(rng, xp):
    srgb = rng.random((1, 4, 6, 3), dtype=np.float32)
    np.testing.assert_allclose(
        isp.smoothstep(unprocess.inverse_smoothstep(srgb, xp)), srgb, atol=2e-6
    )
    linear = unprocess.gamma_expansion(srgb, xp)
    np.testing.assert_allclose(
        isp.gamma_compression(linear, xp), srgb, atol=2e-4
    )


@pytest.fixture
def camera():
    """A colour matrix and white balance like a phone's."""
    xyz_to_cam = [[1.0, -0.4, -0.1], [-0.3, 1.2, 0.1], [-0.05, 0.2, 0.6]]
    forward = isp.cam_from_rgb(xyz_to_cam)[None]
    return forward, np.linalg.inv(forward).astype(np.float32)


def test_cam_from_rgb_keeps_white_white(camera):
    forward, _ = camera
    np.testing.assert_allclose(forward.sum(axis=-1), 1.0, atol=1e-6)


@pytest.mark.parametrize("xp", WORLDS)
def test_isp_undoes_unprocess_on_flat_colour(rng, camera, xp):
    forward, backward = camera
    srgb = np.broadcast_to(colours(rng, 1, 1, 1, 3), (1, 8, 12, 3))
    srgb = srgb * 0.3 + 0.3  # Nothing clips at mid grey.
    red, blue = np.float32([2.0]), np.float32([1.7])
    packed = unprocess.unprocess(
        srgb.astype(np.float32), forward, np.float32([1.0]), red, blue, xp
    )
    rendered = isp.to_srgb(packed, backward, red, blue, xp)
    np.testing.assert_allclose(rendered, srgb, atol=1e-4)


def test_safe_gains_keep_saturated_white(camera):
    white = np.ones((1, 2, 2, 3), np.float32)
    one = np.float32([1.0])
    kept = unprocess.safe_invert_gains(white, one, one * 2.0, one * 1.7)
    np.testing.assert_allclose(kept, white, atol=1e-6)
    grey = unprocess.safe_invert_gains(white * 0.5, one, one * 2, one * 1.7)
    np.testing.assert_allclose(grey[0, 0, 0], [0.25, 0.5, 0.5 / 1.7], rtol=1e-6)


@pytest.mark.parametrize("xp", WORLDS)
def test_cells_to_packed_is_colour_gains_and_mosaic_in_one(rng, camera, xp):
    forward, _ = camera
    linear = colours(rng, 2, 8, 12, 3)
    linear[:, :2] = 1.0  # White, where the gains fade.
    gains = [np.float32(pair) for pair in ((1.2, 0.8), (1.9, 2.1), (1.5, 1.7))]
    forward = np.concatenate([forward, forward])
    rgb = unprocess.apply_ccm(linear, forward)
    stepwise = unprocess.safe_invert_gains(rgb, *gains)
    stepwise = unprocess.mosaic_planes(stepwise.clip(0.0, 1.0))
    at_once = unprocess.linear_to_packed(linear, forward, *gains, xp)
    np.testing.assert_allclose(at_once, stepwise, atol=1e-6)


@pytest.mark.parametrize("xp", WORLDS)
def test_demosaic_is_exact_on_linear_ramps(xp):
    y, x = np.mgrid[0:12, 0:16].astype(np.float32)
    rgb = np.stack([x + 2 * y, 3 * x - y, y], axis=-1)[None]
    mosaicked = unprocess.mosaic_planes(rgb)
    inner = np.s_[:, 2:-2, 2:-2]
    np.testing.assert_allclose(
        np.asarray(isp.demosaic(mosaicked, xp))[inner], rgb[inner], atol=1e-5
    )


def test_image_formation_is_the_same_inside_tf_data(rng, camera):
    forward, _ = camera
    srgb = colours(rng, 2, 8, 12, 3)
    gains = np.float32([1.9, 2.1])
    normal = rng.standard_normal((2, 4, 6, 4), dtype=np.float32)
    params = NoiseParams(np.float32([0.01, 0.002]), np.float32([1e-4, 1e-6]))

    def form(image, xp):
        ccm = np.repeat(forward, 2, axis=0)
        packed = unprocess.unprocess(image, ccm, gains * 0.5, gains, gains, xp)
        noisy = noise_lib.add_noise(packed, params, normal, xp)
        return ksigma.anscombe(noisy, *ksigma.scale_offset(params, xp), xp)

    dataset = tf.data.Dataset.from_tensors(srgb).map(lambda x: form(x, tnp))
    inside = next(iter(dataset))
    assert inside.dtype == tf.float32
    np.testing.assert_allclose(inside, form(srgb, np), atol=2e-4)
