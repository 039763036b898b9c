"""The part of the noise that is left, for the output's NoiseProfile."""

import numpy as np
import pytest

from fanet_tf.denoising import remaining

A, B = 2e-3, 1e-5


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.25, 1.0])
def test_the_fraction_of_the_variance_is_found(rng, fraction):
    clean = np.linspace(0.1, 0.6, 256)[None, :, None] * np.ones((256, 1, 4))
    noise = np.sqrt(A * clean + B) * rng.normal(size=clean.shape)
    seen = remaining.Remaining(A, B)
    seen.update(clean + noise, clean + np.sqrt(fraction) * noise)
    assert seen.fraction() == pytest.approx(fraction, rel=0.1, abs=4e-3)


def test_texture_is_left_out(rng):
    seen = remaining.Remaining(A, B)
    texture = rng.uniform(0, 1, (64, 64, 4))
    seen.update(texture, texture)
    assert seen.fraction() is None


def test_a_tile_smaller_than_a_block_says_nothing():
    seen = remaining.Remaining(A, B)
    seen.update(np.zeros((3, 40, 4)), np.zeros((3, 40, 4)))
    assert seen.fraction() is None
