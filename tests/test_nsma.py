"""Laws of the array's subranges."""

import math

import numpy as np
import pytest

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.errors import InputError


@pytest.mark.parametrize("members", [1, 2, 4, 8])
def test_edges_split_log_a_evenly(members):
    edges = nsma.edges(2e-4, 1.28e-2, members)
    assert len(edges) == members + 1
    assert edges[0] == 2e-4 and edges[-1] == 1.28e-2
    steps = [
        math.log(high / low)
        for low, high in zip(edges, edges[1:], strict=False)
    ]
    assert steps == pytest.approx([math.log(64) / members] * members)


def test_every_gain_is_served_by_exactly_one_member():
    profile = profile_lib.load("imx258")
    edges = nsma.edges(float(profile.a(1)), float(profile.a(64)), 4)
    served = [
        nsma.member_of(float(profile.a(step / 100)), edges)
        for step in range(100, 6401)
    ]
    assert served == sorted(served)  # Each serves one interval,
    assert set(served) == {0, 1, 2, 3}  # and each serves some.
    for a, member in ((edges[0], 0), (edges[1], 1), (edges[4], 3)):
        assert nsma.member_of(a, edges) == member


def test_noise_outside_the_range_goes_to_the_nearest_member():
    edges = nsma.edges(1e-3, 1e-2, 3)
    assert nsma.member_of(1e-6, edges) == 0
    assert nsma.member_of(1.0, edges) == 2


def test_overlap_widens_both_ends_in_log_a():
    low, high = nsma.widen((1e-3, 1e-2), 0.1)
    assert math.log(1e-3 / low) == pytest.approx(0.1 * math.log(10))
    assert math.log(high / 1e-2) == pytest.approx(0.1 * math.log(10))


def test_the_signal_is_that_of_the_frame_without_its_noise():
    rng = np.random.default_rng(0)
    clean = rng.uniform(0.0, 0.02, (400, 400))
    a, b = 3e-3, 2e-5
    noisy = clean + np.sqrt(a * clean + b) * rng.standard_normal(clean.shape)
    found = nsma.signal(noisy.mean(), np.square(noisy).mean(), a, b)
    assert found == pytest.approx(np.sqrt(np.mean(clean**2)), rel=0.02)
    assert np.sqrt(np.mean(noisy**2)) > 1.1 * found  # It matters.
    assert nsma.signal(0.0, 0.0, a, b) == nsma.LEAST_SIGNAL


def test_what_is_darker_by_a_factor_has_the_noise_of_that_gain():
    """`x` with `(a, b)` is `k x` with `(k a, k^2 b)`."""
    assert nsma.at_reference(2e-3, 0.1 / 16, 0.1) == pytest.approx(16 * 2e-3)
    assert nsma.at_reference(2e-3, 0.1, 0.1) == pytest.approx(2e-3)
    assert nsma.at_reference(2e-3, 0.01, 0.0) == 2e-3  # By `a` alone.


@pytest.mark.parametrize("a_min, a_max, n", [(0, 1, 4), (2, 1, 4), (1, 2, 0)])
def test_impossible_arrays_are_refused(a_min, a_max, n):
    with pytest.raises(InputError, match=f"members={n}"):
        nsma.edges(a_min, a_max, n)
