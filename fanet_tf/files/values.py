"""Numbers from flags and files, checked once.

NaN passes every comparison that is written as a refusal (`x < 0`), so each of
these says what must hold.
"""

import math

from fanet_tf.errors import InputError

_MAX_INTEGER = (1 << 31) - 1


def number(
    name: str,
    value,
    low: float = -math.inf,
    high: float = math.inf,
    above: float = -math.inf,
) -> float:
    """Returns a finite float.

    Args:
        name: of the field or flag, for the message.
        value: a number; text and truth values are refused.
        low: the least that it may be.
        high: the greatest that it may be.
        above: it must be greater than this.

    Raises:
        InputError: the value is something else.
    """
    try:
        checked = _float(value)
    except (TypeError, ValueError, OverflowError):
        checked = math.nan
    if not (
        math.isfinite(checked) and low <= checked <= high and checked > above
    ):
        raise InputError(
            f"`{name}` must be {_range('a finite number', low, high, above)}. "
            f"Received: {value!r:.80}"
        )
    return checked


def integer(
    name: str, value, low: int = -_MAX_INTEGER, high: int = _MAX_INTEGER
) -> int:
    """Returns an integer of a range; of 32 bits, unless another is given.

    Raises:
        InputError: the value is not an `int`, or lies outside.
    """
    if type(value) is not int or not low <= value <= high:
        raise InputError(
            f"`{name}` must be an integer from {low} to {high}. "
            f"Received: {value!r:.80}"
        )
    return value


def numbers(name: str, values, count: int, **limits) -> tuple[float, ...]:
    """Returns `count` finite floats; `limits` as of `number`.

    Raises:
        InputError: another count, or one of them is refused.
    """
    if not isinstance(values, list | tuple) or len(values) != count:
        raise InputError(
            f"`{name}` must be {count} numbers. Received: {values!r:.80}"
        )
    return tuple(number(name, value, **limits) for value in values)


def check_flag(name: str, value) -> None:
    """Refuses a flag's number that is not finite, or an absurd integer.

    Args:
        name: of the flag, with its dashes.
        value: of any type; only `float` and `int` are looked at.
    """
    if type(value) is float and not math.isfinite(value):
        raise InputError(f"{name} must be a finite number. Received: {value}")
    if type(value) is int and abs(value) > _MAX_INTEGER:
        raise InputError(
            f"{name} must be an integer of at most {_MAX_INTEGER}. "
            f"Received: {value}"
        )


def _float(value) -> float:
    if isinstance(value, str | bytes | bool):
        raise TypeError
    return float(value)


def _range(noun, low, high, above) -> str:
    parts = []
    if above > -math.inf:
        parts.append(f"above {above:g}")
    if low > -math.inf:
        parts.append(f"at least {low:g}")
    if high < math.inf:
        parts.append(f"at most {high:g}")
    return f"{noun} {' and '.join(parts)}".strip()
