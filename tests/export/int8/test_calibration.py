"""Calibration crops of images in memory, and of images streamed from files."""

import cv2
import numpy as np
import pytest
from runs import small_config

from export.int8.calibration import Data
from export.int8.calibration import Settings

A_RANGE = (1e-3, 4e-3)
SETTINGS = Settings(tiles=4, steps=2)


@pytest.fixture(params=["in memory", "streamed"])
def data(request, tmp_path):
    config = small_config()
    if request.param == "streamed":
        rng = np.random.default_rng(0)
        for name in "ab":
            image = rng.integers(0, 256, (80, 90, 3), np.uint8)
            cv2.imwrite(str(tmp_path / f"{name}.png"), image)
        config.data.sources = (f"photos:{tmp_path}",)
    return Data(config, SETTINGS)


def test_the_noise_of_the_crops_spreads_over_the_subrange(data):
    pairs = data.of_member(0, A_RANGE).pairs()
    slopes = sorted(1 / inputs["scale"].item() for inputs, _ in pairs)
    steps = np.diff(np.log([A_RANGE[0], *slopes, A_RANGE[1]]))
    np.testing.assert_allclose(steps[1:-1], 2 * steps[0], rtol=1e-5)
    np.testing.assert_allclose(steps[-1], steps[0], rtol=1e-5)
    for inputs, clean in pairs:
        assert clean.shape == inputs["noisy"].shape
        assert clean.shape == (1, data.tile, data.tile, 4)
        assert np.std(inputs["noisy"] - clean) > 0


def test_crops_are_of_the_seed_and_the_member(data):
    first, again, other = (
        data.of_member(index, A_RANGE).pairs()[0][1] for index in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_fine_tuning_draws_as_many_batches_as_steps(data):
    batches = list(data.of_member(0, A_RANGE).batches())
    assert len(batches) == SETTINGS.steps
    side = data.config.data.patch_size // 2
    for inputs, clean in batches:
        assert set(inputs) == {"noisy", "scale", "offset"}
        assert clean.shape == (data.config.data.batch_size, side, side, 4)


def test_crops_have_no_defective_pixels():
    """Which would make the integers of all others coarser."""
    config = small_config()
    config.data.realism = "phone"
    crops = Data(config, Settings(tiles=12)).of_member(0, A_RANGE).pairs()
    for inputs, clean in crops:
        deviation = np.sqrt(clean / inputs["scale"] + 0.01**2)
        assert np.max(np.abs(inputs["noisy"] - clean) / deviation) < 8


def test_crops_are_as_sharp_and_bright_as_the_photographs():
    """Softer and darker ones would leave the ranges of edges too narrow."""
    sharp, soft = small_config(), small_config()
    for share in ("smooth_share", "blur_share", "dark_share"):
        sharp.data[share] = 0.0
        soft.data[share] = 1.0
    drawn, again = (
        Data(config, SETTINGS).of_member(0, A_RANGE).pairs()
        for config in (sharp, soft)
    )
    for (inputs, clean), (others, other) in zip(drawn, again, strict=True):
        np.testing.assert_array_equal(clean, other)
        np.testing.assert_array_equal(inputs["noisy"], others["noisy"])


def test_a_run_may_be_older_than_the_terms_of_a_sensor():
    config = small_config().unlock()
    del config.data.realism_without
    assert Data(config.lock(), SETTINGS).of_member(0, A_RANGE).pairs()
