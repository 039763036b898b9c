"""Names from outside neither climb nor steer."""

import csv
import io
import os
import pathlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.errors import InputError
from fanet_tf.files import names


@pytest.mark.parametrize(
    "name", ["IMG_1", "01 noisy-α", os.fsdecode(b"\xff"), "a..b", "x" * 200]
)
def test_plain_names_are_taken(name):
    assert names.plain(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        ".hidden",
        "a/b",
        "a\\b",
        "a\0",
        "a\n",
        "\x1b[2J",
        "x" * 201,
    ]
    + [None, 3, b"x", "\u202egnp.exe"],
)
def test_names_that_are_no_plain_component_are_refused(name):
    with pytest.raises(InputError, match="The pair must be"):
        names.plain(name, "The pair")


@given(st.text())
def test_a_plain_name_stays_in_its_folder(name):
    try:
        names.plain(name)
    except InputError as error:
        assert "\n" not in str(error) and "\x1b" not in str(error)
    else:
        path = pathlib.PurePath("/out", name)
        assert path.parent == pathlib.PurePath("/out")


@given(st.text())
def test_printable_text_is_one_line_without_controls(text):
    shown = names.printable(text)
    shown.encode()
    assert all(ord(c) >= 32 and not 127 <= ord(c) < 160 for c in shown)
    assert names.printable(shown) == shown


def test_escape_codes_do_not_reach_the_terminal():
    assert names.printable("a\x1b]0;title\x07\nb\u202ec") == "a]0;title bc"
    assert names.printable("Größe 3 µm") == "Größe 3 µm"
    assert names.printable(os.fsdecode(b"\xff.png")) == "\\xff.png"


@given(st.text())
def test_a_cell_is_never_a_formula(text):
    cell = names.csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@"))
    stream = io.StringIO()
    csv.writer(stream).writerow([cell])
    assert list(csv.reader(io.StringIO(stream.getvalue()))) == [[cell]]


@pytest.mark.parametrize("value", [-1, -0.5, True, None])
def test_numbers_stay_numbers(value):
    assert names.csv_cell(value) is value


def test_markup_comes_out_as_text():
    shown = names.markdown("<script>|[x](y)\n*b* `c` C:\\d")
    assert shown == r"\<script\>\|\[x\](y) \*b\* \`c\` C:\\d"
