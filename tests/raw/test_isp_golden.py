"""The minimal ISP: stored values, inverses, and an independent demosaicing."""

import colour_demosaicing
import numpy as np
import pytest

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.raw import cfa
from fanet_tf.raw import isp
from fanet_tf.raw import unprocess

CAMERAS = ("imx258", "dnd")


def ramp():
    """A fixed 8 x 12 mosaic, packed: `[4, 6, 4]`."""
    y, x = np.mgrid[:8, :12]
    mosaic = (0.02 + 0.035 * y + 0.025 * x + 0.01 * (x * y % 5)) / 1.2
    return cfa.pack(mosaic[None, :, :, None].astype(np.float32))[0]


# sRGB at rows 0, 3, 7 and columns 0, 5, 11, made by this ISP and checked by
# hand at one pixel (see below); they hold it still.
GOLDEN = {
    "imx258": [
        [
            (0.072601, 0.056904, 0.442607),
            (0.600963, 0.171973, 0.680922),
            (0.838317, 0.341061, 0.921129),
        ],
        [
            (0.542337, 0.120371, 0.688008),
            (0.864458, 0.340972, 0.797320),
            (0.953246, 0.451548, 0.980151),
        ],
        [
            (0.767122, 0.317796, 0.890278),
            (0.961994, 0.443762, 0.956071),
            (0.997719, 0.527827, 1.000000),
        ],
    ],
    "dnd": [
        [
            (0.097069, 0.068963, 0.405768),
            (0.664573, 0.180179, 0.631889),
            (0.899883, 0.353150, 0.877759),
        ],
        [
            (0.603846, 0.131606, 0.639587),
            (0.919875, 0.344093, 0.745538),
            (0.988635, 0.462342, 0.950125),
        ],
        [
            (0.834858, 0.330475, 0.843690),
            (0.992758, 0.451103, 0.918161),
            (1.000000, 0.540725, 0.998371),
        ],
    ],
}


@pytest.mark.parametrize("name", CAMERAS)
def test_the_isp_gives_its_stored_values(name):
    colour = captures.typical_colour(camera_lib.get(name))
    srgb = colour.render(ramp())[np.ix_([0, 3, 7], [0, 5, 11])]
    np.testing.assert_allclose(srgb, GOLDEN[name], atol=1e-5)


@pytest.mark.parametrize("name", CAMERAS)
def test_one_pixel_of_the_isp_by_hand(name):
    """A flat frame: gains, matrix, gamma and tone, written out."""
    colour = captures.typical_colour(camera_lib.get(name))
    packed = np.broadcast_to(np.float32([0.1, 0.2, 0.2, 0.12]), (3, 5, 4))
    balanced = np.array([0.1 * colour.red_gain, 0.2, 0.12 * colour.blue_gain])
    linear = np.clip(colour.rgb_from_cam @ balanced, 0, 1)
    expected = linear ** (1 / 2.2)
    expected = 3 * expected**2 - 2 * expected**3
    np.testing.assert_allclose(
        colour.render(packed),
        np.broadcast_to(expected, (6, 10, 3)),
        atol=1e-5,
    )


@pytest.mark.parametrize("name", CAMERAS)
def test_each_step_undoes_its_inverse(rng, name):
    camera = camera_lib.get(name)
    rgb = rng.uniform(0.05, 0.4, (2, 6, 8, 3))
    matrix, rgb_gain, red, blue = camera.typical()
    there = unprocess.apply_ccm(rgb, np.stack([matrix] * 2))
    back = unprocess.apply_ccm(there, np.stack([np.linalg.inv(matrix)] * 2))
    np.testing.assert_allclose(back, rgb, atol=1e-6)
    gains = [np.full(2, g) for g in (rgb_gain, red, blue)]
    dimmed = unprocess.safe_invert_gains(rgb, *gains)
    packed = np.stack([dimmed[..., c] for c in (0, 1, 1, 2)], axis=-1)
    balanced = rgb_gain * isp.apply_gains(packed, gains[1], gains[2])
    np.testing.assert_allclose(balanced[..., [0, 1, 3]], rgb, atol=1e-6)
    tone = unprocess.inverse_smoothstep(isp.smoothstep(rgb))
    np.testing.assert_allclose(tone, rgb, atol=1e-6)
    gamma = isp.gamma_compression(unprocess.gamma_expansion(rgb))
    np.testing.assert_allclose(gamma, rgb, atol=1e-6)


def test_a_flat_frame_demosaics_flat():
    packed = np.broadcast_to(np.float32([0.1, 0.5, 0.5, 0.9]), (1, 4, 6, 4))
    np.testing.assert_allclose(
        isp.demosaic(packed), np.broadcast_to([0.1, 0.5, 0.9], (1, 8, 12, 3))
    )


def test_demosaic_agrees_with_colour_demosaicing(rng):
    """Inside the frame; its edge is each one's own."""
    packed = rng.random((1, 8, 11, 4), dtype=np.float32)
    mosaic = cfa.unpack(packed)[0, ..., 0]
    expected = colour_demosaicing.demosaicing_CFA_Bayer_bilinear(
        mosaic, pattern="RGGB"
    )
    np.testing.assert_allclose(
        isp.demosaic(packed)[0, 2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-6
    )
