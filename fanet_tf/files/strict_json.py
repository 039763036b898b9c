"""JSON from outside, within limits.

Python's reader accepts more than JSON has (NaN, Infinity, integers of any
length) and gives up on deep nesting with an error that is no `ValueError`.
"""

import json
import math

from fanet_tf.errors import InputError
from fanet_tf.files import inputs

MAX_BYTES = 64 << 20
MAX_DEPTH = 64
# 64-bit integers have 19 digits, and a sign.
_MAX_DIGITS = 20


def loads(text: str | bytes, source) -> object:
    """Parses JSON.

    Args:
        text: the JSON; bytes are UTF-8.
        source: what it is, for the message; a path, mostly.

    Raises:
        InputError: it is not JSON, is nested more than 64 deep or holds a
            number that a float64 or a 64-bit integer cannot.
    """
    if len(text) > MAX_BYTES:
        raise InputError(
            f"{source}: JSON must have at most {MAX_BYTES:,} bytes. "
            f"Received: {len(text):,}"
        )
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except RecursionError:
        raise _too_deep(source) from None
    except ValueError as error:  # Also of the decoding from UTF-8.
        raise InputError(f"{source}: must be JSON: {error}") from None
    _check_depth(value, source)
    return value


def read(path) -> object:
    """Reads a JSON file; see `loads`."""
    return loads(inputs.read_bytes(path, MAX_BYTES), path)


def read_object(path) -> dict:
    """Reads a JSON file that must hold an object; see `loads`."""
    value = read(path)
    if not isinstance(value, dict):
        raise InputError(
            f"{path}: must be a JSON object. Received: {_kind(value)}"
        )
    return value


def _kind(value) -> str:
    if value is None:
        return "null"
    kinds = {list: "an array", str: "text", bool: "a truth value"}
    return kinds.get(type(value), "a number")


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"the number {text[:24]} is too large")
    return value


def _constant(text: str):
    raise ValueError(f"{text} is not a number of JSON")


def _too_deep(source) -> InputError:
    return InputError(
        f"{source}: JSON must be nested at most {MAX_DEPTH} deep."
    )


def _check_depth(value, source) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (
                parent.values() if isinstance(parent, dict) else parent
            )
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _too_deep(source)
