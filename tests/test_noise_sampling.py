"""Laws of the noise that training draws."""

import numpy as np
import pytest

from fanet_tf.calibration import profile
from fanet_tf.raw import sampling


def test_log_a_is_uniform():
    a = sampling.sample_log_uniform_a(np.linspace(0, 1, 5), (1e-4, 1e-2))
    np.testing.assert_allclose(a, np.geomspace(1e-4, 1e-2, 5), rtol=1e-6)


def test_an_impossible_range_is_refused():
    with pytest.raises(ValueError, match="Received: a_range="):
        sampling.sample_log_uniform_a(np.zeros(2), (0.0, 1.0))


def test_b_on_the_line_is_the_profiles():
    law = profile.load("imx258")
    a = np.geomspace(2e-4, 1e-2, 7)
    b = sampling.b_from_line(a, law.line.slope, law.line.intercept)
    np.testing.assert_allclose(b, law.line_b(a), rtol=1e-12)


def test_scatter_multiplies_b_by_its_exponential():
    draws = np.array([-1.0, 0.0, 2.0])
    a = np.full(3, 1e-3)
    line = sampling.b_from_line(a, 2.18, 1.2)
    b = sampling.b_from_line(a, 2.18, 1.2, 0.26, draws)
    np.testing.assert_allclose(b / line, np.exp(0.26 * draws))


def test_b_on_the_gain_law_is_the_profiles():
    law = profile.load("imx258")
    gains = np.array([1.0, 3.0, 64.0])
    a, b = law.noise(gains)
    np.testing.assert_allclose(
        sampling.b_from_gain_law(a, law.a_coefficients, law.b_coefficients), b
    )


def test_a_bad_line_gives_way_to_the_gain_law():
    assert profile.load("imx258").default_b_law() == "gain_law"
