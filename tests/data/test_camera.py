"""Cameras: colours that belong together, and one that must not change."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import imx258_colour
from fanet_tf.raw import isp
from fanet_tf.raw import unprocess

TUNED = camera_lib.get("imx258_tuned")


def draws(camera, count=2000, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((camera.num_draws, count), dtype=np.float32)


def at(place, side=0.0):
    """Draws of the mean module at a place of the curve, 0 to 5."""
    return np.float32([[place / 5.0], [side], [0.5], [0.5], [0.5]])


@pytest.mark.parametrize("name", camera_lib.CAMERAS)
def test_colours_keep_grey_and_are_positive(name):
    matrix, red, blue = camera_lib.get(name).colours(
        draws(camera_lib.get(name))
    )
    assert matrix.shape == (2000, 3, 3) and red.shape == blue.shape == (2000,)
    assert matrix.dtype == red.dtype == blue.dtype == np.float32
    np.testing.assert_allclose(matrix.sum(axis=-1), 1.0, atol=1e-5)
    assert min(red.min(), blue.min()) > 0.9


@pytest.mark.parametrize("name", camera_lib.CAMERAS)
def test_tensorflow_draws_the_same_colours(name):
    camera = camera_lib.get(name)
    uniform = draws(camera, 16)
    expected = camera.colours(uniform)
    got = camera.colours(tf.constant(uniform), tnp)
    for ours, theirs in zip(expected, got, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-5)


@pytest.mark.parametrize(
    "place, side, light",
    [
        (0, 0.3, "Horizon"),
        (1, 0.7, "A"),
        (2, 0.0, "TL84"),
        (2, 1.0, "CWF"),
        (3, 0.5, "D50"),
        (4, 0.5, "D65"),
        (5, 0.5, "D75"),
    ],
)
def test_the_curve_goes_through_its_illuminants(place, side, light):
    matrix, red, blue = TUNED.colours(at(place, side))
    modules = [module[light] for module in imx258_colour.MODULES.values()]
    assert red[0] == pytest.approx(np.mean([m.red for m in modules]), rel=1e-5)
    assert blue[0] == pytest.approx(
        np.mean([m.blue for m in modules]), rel=1e-5
    )
    expected = np.mean([np.linalg.inv(m.rgb_from_cam) for m in modules], axis=0)
    np.testing.assert_allclose(matrix[0], expected, atol=2e-4)


def test_gains_lie_on_a_curve_and_not_in_a_box():
    """Warm light has little red gain and much blue gain, cold the reverse."""
    _, red, blue = TUNED.colours(draws(TUNED))
    assert np.corrcoef(red, blue)[0, 1] < -0.75
    assert not np.any((red > 1.9) & (blue > 1.9))
    assert not np.any((red < 1.4) & (blue < 1.7))
    assert red.min() < 1.0 and red.max() > 1.9
    assert blue.min() < 1.35 and blue.max() > 2.4
    # A box is half full of what no light gives.
    box = camera_lib.get("imx258")
    _, red, blue = box.colours(draws(box))
    assert np.mean((red > 1.9) & (blue > 1.9)) > 0.2


@pytest.mark.parametrize("place", range(6))
def test_grey_has_no_cast_under_any_light(place):
    matrix, red, blue = TUNED.colours(at(place))
    for level in (0.02, 0.2, 0.5, 0.8):
        grey = np.full((1, 8, 6, 3), level, np.float32)
        gains = (np.float32([1.25]), red, blue)
        packed = unprocess.unprocess(grey, matrix, *gains)
        back = isp.to_srgb(packed, np.linalg.inv(matrix), red, blue)
        np.testing.assert_allclose(np.ptp(back, axis=-1), 0.0, atol=1e-4)


def test_colours_come_back_as_they_were():
    """Flat colours through unprocessing and the ISP of the same camera."""
    colour = captures.typical_colour(TUNED)
    for srgb in ((0.6, 0.3, 0.2), (0.2, 0.5, 0.3), (0.2, 0.3, 0.6)):
        flat = np.broadcast_to(np.float32(srgb), (8, 8, 3))
        scene = captures.scene_from_srgb("flat", flat, TUNED)
        # Brightness taken back: linear, so before the tone curve.
        back = scene.colour.render(1.25 * scene.clean)
        np.testing.assert_allclose(back, flat, atol=2e-3)
    assert colour.red_gain == pytest.approx(1.7234, abs=1e-4)
    assert colour.blue_gain == pytest.approx(1.5685, abs=1e-4)


def test_the_camera_of_published_figures_stays():
    """The shipped array's figures are measured with its middle."""
    matrix, rgb, red, blue = camera_lib.get("imx258").typical()
    assert (rgb, red, blue) == (1.25, pytest.approx(1.9), pytest.approx(1.9))
    np.testing.assert_allclose(
        matrix,
        [
            [0.642467, 0.272084, 0.085449],
            [0.082850, 0.756697, 0.160452],
            [0.014365, 0.224281, 0.761354],
        ],
        atol=1e-6,
    )


def test_the_tuning_is_what_the_files_say():
    for lights in imx258_colour.MODULES.values():
        for light in lights.values():
            np.testing.assert_allclose(
                np.sum(light.rgb_from_cam, axis=1), 1.0, atol=2e-4
            )
        # From red to blue light.
        assert lights["A"].red < lights["D50"].red < lights["D65"].red
        assert lights["A"].blue > lights["D50"].blue > lights["D65"].blue
