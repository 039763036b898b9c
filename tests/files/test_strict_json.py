"""JSON from outside cannot end the program."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.errors import InputError
from fanet_tf.files import strict_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_what_json_writes_is_read_back(value):
    assert strict_json.loads(json.dumps(value), "x") == value


@pytest.mark.parametrize(
    "text, reason",
    [
        ("[" * 200_000, "at most 64 deep"),
        ("[" * 65 + "]" * 65, "at most 64 deep"),
        ('{"a":' * 70 + "1" + "}" * 70, "at most 64 deep"),
        ("1" + "0" * 400, "integer of 401 digits"),
        ("1" * 5000, "integer of 5000 digits"),
        ("1e999", "too large"),
        ("NaN", "not a number of JSON"),
        ("[-Infinity]", "not a number of JSON"),
        ("{", "must be JSON"),
        ("", "must be JSON"),
        (b'"\xff"', "must be JSON"),
    ],
)
def test_hostile_json_is_refused(text, reason):
    with pytest.raises(InputError, match=f"^x: .*{reason}"):
        strict_json.loads(text, "x")


def test_nesting_up_to_the_limit_is_read():
    depth = strict_json.MAX_DEPTH
    strict_json.loads("[" * depth + "]" * depth, "x")


def test_files_are_read_with_their_kind(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[1]\n\n{"a": 2}\n')
    with pytest.raises(InputError, match="must be JSON"):
        strict_json.read(path)
    path.write_text("[1]")
    assert strict_json.read(path) == [1]
    with pytest.raises(InputError, match="Received: an array"):
        strict_json.read_object(path)


def test_a_large_file_is_refused_unread(tmp_path):
    with open(tmp_path / "a", "wb") as stream:
        stream.truncate(strict_json.MAX_BYTES + 1)
    with pytest.raises(InputError, match="at most"):
        strict_json.read(tmp_path / "a")
