"""gain -> a, gain -> b and log a -> log b against laws that are known."""

import dataclasses

import numpy as np
import pytest

from fanet_tf.calibration import censored
from fanet_tf.calibration import estimator
from fanet_tf.calibration import profile
from fanet_tf.calibration import regression
from fanet_tf.calibration import samples
from fanet_tf.calibration import synthetic
from fanet_tf.errors import InputError

GAINS = (1, 2, 4, 8, 16, 32, 64)


def law(gain):
    return 2.1e-4 * gain, 3.5e-7 + 7.9e-8 * gain**2


def exact(gain, a=None, b=None):
    """A measurement without error."""
    true_a, true_b = law(gain)
    a, b = true_a if a is None else a, true_b if b is None else b
    fit = censored.Fit(
        a,
        b,
        (0.99 * a, 1.01 * a),
        (b - 0.01 * abs(b), b + 0.01 * abs(b)),
        np.zeros((2, 2)),
        np.zeros(0),
        np.zeros(0),
        np.zeros(0),
        True,
    )
    return estimator.Measurement(fit, (None,) * 4, (a, b), [], {}, (64.0,) * 4)


def test_exact_measurements_give_the_law_back():
    made = regression.make_profile({g: exact(g) for g in GAINS}, "sensor")
    np.testing.assert_allclose(
        made.a_coefficients, (0.0, 2.1e-4), rtol=1e-6, atol=1e-12
    )
    np.testing.assert_allclose(
        made.b_coefficients, (3.5e-7, 0.0, 7.9e-8), rtol=1e-5, atol=1e-12
    )
    assert made.gain_range == (1.0, 64.0)
    assert made.fit["a_r_squared"] == pytest.approx(1.0)
    # The stand-in's profile was made of the same law.
    shipped = profile.load("imx258").line
    np.testing.assert_allclose(
        dataclasses.astuple(made.line), dataclasses.astuple(shipped), rtol=0.03
    )


def test_a_law_that_wants_to_fall_is_kept_level():
    falling = {1: 5e-6, 2: 4e-6, 4: 3e-6, 64: 3e-4}
    made = regression.make_profile(
        {g: exact(g, b=b) for g, b in falling.items()}, "sensor"
    )
    b = made.b(np.geomspace(1, 64, 300))
    assert np.all(b > 0.0)
    assert np.all(np.diff(b) >= 0.0)


def test_a_negative_b_is_no_law():
    wrong = {g: exact(g, b=-1e-6) for g in GAINS}
    with pytest.raises(InputError, match="`b` must be positive"):
        regression.make_profile(wrong, "sensor")


def test_two_gains_are_too_few():
    with pytest.raises(InputError, match=r"Received: \[1, 64\]"):
        regression.make_profile({g: exact(g) for g in (1, 64)}, "sensor")


@pytest.mark.parametrize(
    "low", [0.0, pytest.param(64.0, marks=pytest.mark.slow)]
)
def test_frames_of_seven_gains_give_the_law_within_two_percent(low):
    measurements, size = {}, 48
    for gain in GAINS:
        a, b = law(gain)
        rng = np.random.default_rng(gain)
        frames = synthetic.frames(
            synthetic.intensities(1.15), a, b, rng, 2, size, low=low
        )
        normal = rng.standard_normal((2, 220, 300, 4))
        dark = np.clip(np.round(64 + 959 * np.sqrt(b) * normal), low, 1023)
        levels = (samples.Levels(64.0, 1023.0, low, 1023.0),) * 4
        scene = estimator.Scene(frames, levels, synthetic.patches(size))
        measurements[gain] = estimator.measure([scene], dark)
    made = regression.make_profile(measurements, "sensor")
    gains = np.geomspace(1, 64, 60)
    true_a, true_b = law(gains)
    np.testing.assert_allclose(made.a(gains), true_a, rtol=0.02)
    np.testing.assert_allclose(made.b(gains), true_b, rtol=0.02)
    assert made.fit["b_r_squared"] > 0.999


def test_the_published_law_is_the_line():
    dnd = profile.load("dnd")
    assert dnd.status == "published"
    a = np.geomspace(1e-4, 0.012, 20)
    np.testing.assert_allclose(
        np.log(dnd.line_b(a)), 2.18 * np.log(a) + 1.20, rtol=1e-12
    )
    # The quadratic that stands in for it where a gain is asked for.
    np.testing.assert_allclose(dnd.b(dnd.gain(a)), dnd.line_b(a), rtol=0.16)
