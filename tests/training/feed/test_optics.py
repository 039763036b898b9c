"""Lens and exposure of each crop."""

import cv2
import numpy as np
import pytest
import tensorflow as tf

from fanet_tf import config as config_lib
from fanet_tf.errors import InputError
from fanet_tf.training.feed import optics

SIZE = 64


def cells(image):
    """Cuts `[B, h, w, 3]` into cells, as `bank.crops` gives them."""
    batch, height, width, _ = image.shape
    split = image.reshape(batch, height // 2, 2, width // 2, 2, 3)
    return split.transpose(0, 1, 3, 2, 4, 5).reshape(
        batch, height // 2, width // 2, 12
    )


@pytest.fixture
def image():
    return np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)


def test_the_default_changes_nothing(image):
    given = cells(image)
    lens = optics.of(config_lib.default_config().data)
    assert lens.blur_cells(given, np.zeros(4, np.float32)) is given
    assert np.all(lens.exposure(np.zeros((2, 4), np.float32)) == 1.0)


def test_blur_is_a_gaussian_before_the_cfa(image):
    lens = optics.Optics(blur_share=0.5, blur=(0.5, 2.0))
    uniform = np.array([0.0, 1.0, 0.5, 0.5], np.float32)
    blurred = lens.blur_cells(tf.constant(cells(image)), uniform).numpy()
    for index, deviation in enumerate((0.5, 2.0)):
        expected = cv2.GaussianBlur(
            image[index], (11, 11), deviation, borderType=cv2.BORDER_REFLECT_101
        )
        np.testing.assert_allclose(
            blurred[index], cells(expected[None])[0], atol=1e-5
        )
    # The rest of the batch is as sharp as it was.
    np.testing.assert_array_equal(blurred[2:], cells(image)[2:])


def test_both_ways_blur_alike(image):
    """A bank's crops with TensorFlow, a stream's with NumPy."""
    lens = optics.Optics(blur_share=1.0, blur=(1.3, 1.3))
    blurred = lens.blur_cells(tf.constant(cells(image)), np.zeros(4, "f4"))
    drawn, factor = lens.draw(image, np.random.default_rng(0))
    np.testing.assert_allclose(cells(drawn), blurred.numpy(), atol=1e-5)
    np.testing.assert_array_equal(factor, 1.0)


def test_blurred_frames_are_smooth_as_sensors_are(image):
    def ratio(frame):
        plane = frame[..., 0]
        lags = [
            np.mean(np.square(plane[:, k:] - plane[:, :-k])) for k in (1, 8)
        ]
        return lags[0] / lags[1]

    lens = optics.Optics(blur_share=1.0, blur=(1.0, 2.0))
    soft = lens.blur_cells(tf.constant(cells(image)), np.full(4, 0.5, "f4"))
    assert ratio(soft.numpy()) < 0.4 < ratio(cells(image))


def test_exposures_are_as_many_and_as_low_as_asked_for():
    lens = optics.Optics(dark_share=0.6, dark_stops=(1.0, 4.0))
    uniform = np.random.default_rng(0).random((2, 20_000), np.float32)
    factor = lens.exposure(uniform).numpy()
    dark = factor < 1.0
    assert dark.mean() == pytest.approx(0.6, abs=0.02)
    stops = -np.log2(factor[dark])
    assert stops.min() >= 1.0 and stops.max() <= 4.0
    assert stops.mean() == pytest.approx(2.5, abs=0.05)


@pytest.mark.parametrize(
    "field, value",
    [
        ("blur_share", -0.1),
        ("dark_share", 1.1),
        ("blur", (2.0, 1.0)),
        ("blur", (0.0, 1.0)),
        ("dark_stops", (0.0, float("nan"))),
    ],
)
def test_what_no_lens_does_is_refused(field, value):
    data = config_lib.default_config().data
    data[field] = value
    with pytest.raises(InputError, match=f"`data.{field}` must"):
        optics.of(data)
