"""Laws of judging two outputs in deviations of the noise."""

import math

import numpy as np
import pytest

from fanet_tf.denoising import agreement
from fanet_tf.denoising.agreement import Difference
from fanet_tf.denoising.agreement import Limits

A, B = 2e-3, 3e-6
SCALE, OFFSET = 1 / A, B / A**2


def picture(rng):
    return rng.random((16, 24, 4))


def test_an_error_of_one_deviation_counts_one(rng):
    clean = picture(rng)
    deviation = np.sqrt(A * clean + B)
    found = agreement.difference(clean + deviation, clean, SCALE, OFFSET)
    assert found.rms == pytest.approx(1)
    assert found.largest == pytest.approx(1)
    assert found.bias == pytest.approx(1)


def test_below_black_the_noise_is_that_of_black():
    below = np.full((4, 4, 4), -0.01)
    found = agreement.difference(below + math.sqrt(B), below, SCALE, OFFSET)
    assert found.rms == pytest.approx(1)


def test_a_bias_is_that_of_the_worst_plane(rng):
    clean = picture(rng)
    deviation = np.sqrt(A * clean + B)
    noise = rng.standard_normal(clean.shape)
    noise -= noise.mean(axis=(0, 1))
    noise[..., 2] += 0.1
    found = agreement.difference(
        clean + noise * deviation, clean, SCALE, OFFSET
    )
    assert found.bias == pytest.approx(0.1)
    assert found.rms == pytest.approx(1, abs=0.1)


def test_decibels_are_those_of_errors_that_add():
    left, rms = agreement.LEFT, 0.1
    with_it = math.hypot(left, rms)
    expected = 20 * math.log10(with_it / left)
    assert Difference(rms, 1, 0).db == pytest.approx(expected)
    assert Difference(0, 0, 0).db == 0


@pytest.mark.parametrize("field", ["rms", "largest", "bias"])
def test_each_figure_has_a_limit(field):
    figures = {"rms": 0.1, "largest": 0.1, "bias": 0.1}
    limits = Limits(**figures)
    assert Difference(**figures).within(limits)
    assert not Difference(**{**figures, field: 0.11}).within(limits)
    assert not Difference(**{**figures, field: math.nan}).within(limits)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_is_never_right(rng, value):
    clean = picture(rng)
    broken = clean.copy()
    broken[3, 5, 1] = value
    broken[4, 5, 1] = -value
    found = agreement.difference(broken, clean, SCALE, OFFSET)
    assert not found.within(agreement.limits("static_wi8_ai8"))


def test_coarser_formats_have_wider_limits():
    order = [
        agreement.limits("float32"),
        agreement.limits("float16", half=True),
        agreement.limits("static_wi8_ai8"),
    ]
    assert [x.rms for x in order] == sorted({x.rms for x in order})
    assert agreement.limits("float16") == agreement.limits("core_float32")
    assert agreement.limits("core_static_wi8_ai8") == order[-1]
    assert agreement.limits("static_wi8_ai8", half=True) == order[-1]
    for recipe in ("dynamic_wi8_afp32", "static_wi8_ai16"):
        assert agreement.limits(recipe) == order[1]
