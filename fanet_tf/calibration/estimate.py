"""A measured number and its 95 % interval."""

from typing import NamedTuple


class Estimate(NamedTuple):
    """A measured number.

    Attributes:
        value: of it.
        low: lower end of the 95 % interval.
        high: upper end.
    """

    value: float
    low: float
    high: float

    def map(self, function) -> "Estimate":
        """Returns a rising function of the number and of both ends."""
        return Estimate(*(float(function(number)) for number in self))
