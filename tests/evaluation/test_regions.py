"""Dark and flat parts of a frame."""

import numpy as np
import pytest

from fanet_tf.evaluation import regions


def frame(rng):
    """Left half flat, right half busy; rows get brighter downwards."""
    clean = np.ones((32, 48, 4)) * np.linspace(0.1, 0.2, 32)[:, None, None]
    clean[:, 24:] += 0.1 * rng.random((32, 24, 4))
    return clean


def test_dark_is_the_darkest_quarter(rng):
    clean = frame(rng)
    dark = regions.dark(clean)
    assert dark.mean() == pytest.approx(0.25, abs=0.02)  # Ties.
    grey = clean.mean(axis=-1)
    assert grey[dark].max() <= grey[~dark].min()


def test_flat_is_the_half_without_texture(rng):
    flat = regions.flat(frame(rng))
    assert flat.mean() == pytest.approx(0.5, abs=0.01)  # Ties.
    assert flat[:, :20].mean() > 0.95 and flat[:, 28:].mean() < 0.15


def test_flatness_does_not_ask_how_bright_shot_noise_is(rng):
    """Four times the light and twice the noise is as flat in the root."""
    clean = np.full((64, 96, 4), 0.1) + 0.003 * rng.normal(size=(64, 96, 4))
    clean[:, 48:] += 0.3 + 0.003 * rng.normal(size=(64, 48, 4))
    clean[:, 48:] += 0.003 * 2**0.5 * rng.normal(size=(64, 48, 4))
    flat = regions.flat(clean)
    assert abs(flat[:, :48].mean() - flat[:, 48:].mean()) < 0.15


def test_pixels_that_do_not_count_are_in_no_part(rng):
    clean = frame(rng)
    valid = np.zeros(clean.shape[:2], bool)
    valid[:16] = True
    for part in (regions.dark, regions.flat):
        mask = part(clean, valid)
        assert mask.any() and not mask[~valid].any()
    assert regions.dark(clean, valid).sum() == 0.25 * valid.sum()
