"""Paired differences: exact where nothing differs, honest about chance."""

import numpy as np
import pytest

from fanet_tf.evaluation import paired
from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.evaluation.evaluate import Score


def evaluation(first, second, gain=4.0):
    """One figure of each picture by two methods; rows are captures."""
    scores = [
        Score(f"picture {i}", gain, name, {"psnr": value})
        for name, figures in (("one", first), ("two", second))
        for i, of in enumerate(figures)
        for value in np.atleast_1d(of)
    ]
    return Evaluation(
        {"one": Method(None), "two": Method(None)}, scores, [], {}
    )


def difference(first, second):
    return paired.difference(evaluation(first, second), "one", "two", "psnr")


def test_equal_figures_are_no_difference(rng):
    values = 40 + rng.standard_normal(9)
    row = difference(values, values)
    assert row.difference == 0.0 and row.interval == (0.0, 0.0)
    assert row.verdict == paired.SAME


def test_differences_that_cancel_are_not_the_same():
    row = difference([40.0] * 8, [40.0 + d for d in (1, -1) * 4])
    assert row.difference == 0.0
    assert row.verdict == paired.ALIKE


@pytest.mark.parametrize(
    "amount, verdict", [(0.05, paired.BETTER), (-0.05, paired.WORSE)]
)
def test_a_small_steady_difference_is_found_among_unlike_pictures(
    rng, amount, verdict
):
    """A hundredth of the spread between the pictures."""
    values = 40 + 5 * rng.standard_normal(12)
    other = values + amount + 0.02 * rng.standard_normal(12)
    row = difference(values, other)
    assert row.verdict == verdict
    low, high = row.interval
    assert low < amount < high
    assert row.second - row.first == row.difference


def test_the_interval_holds_0_nearly_as_often_as_it_says(rng):
    """Equal methods are told apart in 6 % of the trials (plain: 12 %)."""
    trials = 200
    told = sum(
        difference([0.0] * 8, rng.standard_normal(8)).verdict != paired.ALIKE
        for _ in range(trials)
    )
    assert 0.02 < told / trials < 0.09


def test_fewer_than_six_pictures_tell_nothing():
    assert difference([1.0] * 5, [2.0] * 5).verdict == paired.ALIKE
    assert difference([1.0] * 6, [2.0] * 6).verdict == paired.BETTER


def test_a_picture_counts_once_however_many_captures_it_has():
    first = [[40.0], [30.0, 30.0, 30.0]]
    second = [[41.0], [30.0, 30.0, 30.0]]
    row = difference(first, second)
    assert (row.pictures, row.first, row.difference) == (2, 35.0, 0.5)


def test_a_perfect_picture_does_not_count():
    row = difference([np.inf, 40.0], [np.inf, 41.0])
    assert row.pictures == 1 and row.difference == 1.0
    assert difference([np.inf], [np.inf]) is None


def test_the_interval_agrees_with_students_for_normal_values(rng):
    from scipy import stats

    values = rng.standard_normal(20)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    width = expected.high - expected.low
    low, high = paired.bootstrap(values)
    np.testing.assert_allclose(low, expected.low, atol=0.1 * width)
    np.testing.assert_allclose(high, expected.high, atol=0.1 * width)
