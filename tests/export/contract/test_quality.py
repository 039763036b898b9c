"""Laws of the quality gate, on photographs of a few pixels."""

import math

import numpy as np
import pytest

from export.contract import quality
from export.member import recipes
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera
from fanet_tf.data import captures

GAIN = 16.0
SIDE = 32  # Of a tile of four photographs, packed pixels.
PROFILE = profile_lib.load("imx258")
A_RANGE = (float(PROFILE.a(8)), float(PROFILE.a(32)))


def photograph():
    """A grey ramp; one row is bright and has no red at all."""
    clean = np.tile(np.linspace(0.05, 0.9, 16)[None, :, None], (16, 1, 4))
    clean[8] = 0.9
    clean[8, :, 0] = 0.0
    colour = captures.typical_colour(camera.get("imx258"))
    return captures.Scene("ramp", clean.astype(np.float32), colour)


@pytest.fixture(scope="module")
def reference():
    """A photograph as measured by a member that removes half of the noise."""
    gate = quality.Gate([photograph()], PROFILE, (1.0, GAIN, 64.0))
    return gate.reference(member, A_RANGE, SIDE, SIDE)


def clean_of(inputs):
    half = SIDE // 2
    return np.tile(photograph().clean, (1, 2, 2, 1))[:, : 2 * half, : 2 * half]


def member(inputs):
    return (inputs["noisy"] + clean_of(inputs)) / 2


def with_error(error, where):
    """Returns a recipe that is off by `error` on some of the clean pixels."""

    def run(inputs):
        clean = clean_of(inputs)
        return member(inputs) + error * where(clean)

    return run


def dark(clean):
    """The two darkest columns of the ramp."""
    return (clean.mean(axis=-1, keepdims=True) < 0.12) & (clean > 0)


def missing_red(clean):
    """Values of 0 in pixels that are bright."""
    return clean == 0


def test_the_same_computation_loses_nothing(reference):
    (loss,) = reference.losses(member)
    assert (loss.gain, loss.all_db, loss.dark_db) == (GAIN, 0.0, 0.0)
    assert quality.record([loss], 0.0)["passed"]


def test_an_error_in_the_dark_counts_by_itself(reference):
    (loss,) = reference.losses(with_error(0.02, dark))
    assert loss.dark_db > 2 * loss.all_db > 0
    between = (loss.dark_db + loss.all_db) / 2
    assert not quality.record([loss], between)["passed"]
    assert quality.record([loss], loss.dark_db)["passed"]


def test_a_dark_value_in_a_bright_pixel_is_not_dark(reference):
    """A pixel is as bright as the mean of its four planes."""
    (loss,) = reference.losses(with_error(0.02, missing_red))
    assert loss.all_db > 0 and loss.dark_db == 0


@pytest.mark.parametrize("place", ["all_db", "dark_db"])
def test_one_gain_over_the_limit_fails(place):
    def losses(value):
        over = {"all_db": 0.0, "dark_db": 0.0, place: value}
        return [quality.Loss(1.0, 40.0, 0.0, 0.0), quality.Loss(2, 40, **over)]

    assert quality.record(losses(0.15), 0.15)["passed"]
    assert not quality.record(losses(0.1501), 0.15)["passed"]
    assert not quality.record(losses(math.nan), 0.15)["passed"]


def test_a_member_is_measured_at_the_gains_of_its_subrange():
    gate = quality.Gate([], PROFILE, (4.0, 8.0, 16.0, 32.0, 64.0))
    assert gate.gains(A_RANGE) == [8.0, 16.0, 32.0]
    narrow = (float(PROFILE.a(9)), float(PROFILE.a(16) * 0.99))
    assert gate.gains(narrow) == [pytest.approx(math.sqrt(9 * 15.84))]


def test_the_limits_are_those_that_the_docs_promise():
    limits = {name: recipes.get(name).quality_limit for name in recipes.names()}
    assert limits == {
        "float32": None,
        "float16": 0.01,
        "dynamic_wi8_afp32": 0.1,
        "static_wi8_ai8": 0.15,
        "static_wi8_ai16": 0.1,
        "core_float32": None,
        "core_static_wi8_ai8": 0.3,
        "core_static_wi8_ai8_ai16": 0.3,
    }
