"""Numbers are finite and of a sensible size."""

import numpy as np
import pytest

from fanet_tf.errors import InputError
from fanet_tf.files import values


@pytest.mark.parametrize("value", [0, 1.5, np.float32(2)])
def test_numbers_of_the_range_come_back(value):
    found = values.number("x", value, low=0, high=2)
    assert found == value and type(found) is float


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -1, 3, "1", None, True, [1], 10**400, 1j],
)
def test_other_numbers_are_refused(value):
    with pytest.raises(InputError, match="`x` must be a finite number at"):
        values.number("x", value, low=0, high=2)


def test_a_limit_can_be_open():
    assert values.number("x", 1e-9, above=0) == 1e-9
    with pytest.raises(InputError, match="above 0"):
        values.number("x", 0, above=0)


@pytest.mark.parametrize("value", [0, 1 << 31, 1.0, "1", True, None])
def test_integers_are_integers(value):
    with pytest.raises(InputError, match="`x` must be an integer from 1"):
        values.integer("x", value, low=1)


def test_an_integer_comes_back():
    assert values.integer("x", 5, 1, 5) == 5


@pytest.mark.parametrize("value", [[1, 2], "12a", None, [1, 2, np.nan], 123])
def test_lists_have_their_length(value):
    with pytest.raises(InputError, match="`x"):
        values.numbers("x", value, 3)


def test_a_list_comes_back_as_floats():
    assert values.numbers("x", [1, 2.5], 2, above=0) == (1.0, 2.5)
