"""What lens and light make of photographs before they are judged."""

import numpy as np
import pytest

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import scene_kinds
from fanet_tf.errors import InputError

CAMERA = camera_lib.get("imx258")


@pytest.fixture
def srgb(rng):
    return rng.random((64, 96, 3)).astype(np.float32)


def scene(srgb, kind):
    return captures.scene_from_srgb("s", srgb, CAMERA, scene_kinds.get(kind))


def differences(packed, lag):
    return np.mean(np.square(packed[lag:] - packed[:-lag]))


def test_photographs_stay_as_they_are(srgb):
    plain = captures.scene_from_srgb("s", srgb, CAMERA)
    np.testing.assert_array_equal(scene(srgb, "photographs").clean, plain.clean)


def test_dark_scenes_are_two_stops_under(srgb):
    dark = scene(srgb, "dark").clean
    plain = scene(srgb, "photographs").clean
    np.testing.assert_allclose(dark, plain / 4, rtol=1e-6)


def test_native_scenes_are_softer_and_as_bright(srgb):
    """White noise behind a Gaussian of 1 pixel: a tenth of its variance."""
    grey = np.float32(0.3 + 0.1 * srgb)
    native, plain = (
        scene(grey, kind).clean for kind in ("native", "photographs")
    )
    np.testing.assert_allclose(native.mean(), plain.mean(), rtol=2e-3)
    # 1 / (4 pi sigma^2) of what is not correlated.
    ratio = native.var(axis=(0, 1)) / plain.var(axis=(0, 1))
    assert np.all((0.05 < ratio) & (ratio < 0.12))
    assert differences(native, 1) < 0.12 * differences(plain, 1)
    night = scene(grey, "night").clean
    np.testing.assert_allclose(night, native / 16, rtol=1e-6)


def test_a_kind_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="night. Received: 'noon'"):
        scene_kinds.get("noon")
