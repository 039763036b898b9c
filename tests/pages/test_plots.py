"""Plots of a page: axes that are right, names that can be read."""

import html.parser
import re
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.pages import axes
from fanet_tf.pages import heat_map
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables
from fanet_tf.pages.plots import Series

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 9))
positive = st.floats(1e-9, 1e9)


class Texts(html.parser.HTMLParser):
    """What is written where: `(text, x, y, anchor)` of every SVG text."""

    def __init__(self, page):
        super().__init__()
        self.found, self._place, self._hidden = [], None, False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "text":
            place = float(attrs["x"]), float(attrs["y"])
            self._place = *place, attrs.get("text-anchor", "start")
        self._hidden = tag == "title"

    def handle_endtag(self, tag):
        self._hidden = self._hidden and tag != "title"
        if tag == "text":
            self._place = None

    def handle_data(self, data):
        if self._place and not self._hidden:
            self.found.append((data, *self._place))


@given(low=numbers, high=numbers)
def test_ticks_are_few_rising_and_cover_the_range(low, high):
    low, high = sorted((low, high))
    found = axes.ticks(low, high)
    assert found == sorted(set(found)) and 2 <= len(found) <= 9
    slack = 1e-6 * max(abs(low), abs(high))
    assert found[0] <= low + slack and found[-1] >= high - slack


@given(low=positive, high=positive)
def test_logarithmic_ticks_cover_the_range(low, high):
    low, high = sorted((low, high))
    found = axes.log_ticks(low, high)
    assert found == sorted(set(found)) and 2 <= len(found) <= 11
    assert found[0] <= 1.001 * low and found[-1] >= 0.999 * high


@given(st.lists(positive, min_size=2, max_size=30, unique=True))
def test_texts_of_a_logarithmic_axis_do_not_touch(values):
    values = sorted(values)
    axis = axes.axis(
        "x", values[0], values[-1], (50, 550), log=True, given=values
    )
    placed = axis.apart()
    for (at, text), (after, other) in zip(placed, placed[1:], strict=False):
        assert after - at >= 7 * (len(text) + len(other)) / 2


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (2_500_000.0, "2,500,000"),
        (2e-5, "2·10⁻⁵"),
        (1e-7, "10⁻⁷"),
    ],
)
def test_numbers_read_as_a_person_writes_them(value, text):
    assert axes.number(value) == text


def test_one_value_has_an_axis_on_both_sides():
    for unit in ("", "dB"):
        page = plots.curves(
            [Series("one", "s0", [(3, 36.0265)])], "x", "y", unit
        )
        ticks = [t for t, x, *_ in Texts(page).found if x < plots.LEFT]
        assert len(ticks) > 2  # The label of the axis is one.


def test_names_do_not_touch_and_long_ones_are_cut():
    same = [Series("x" * 40, f"s{i}", [(1.0, 5.0)]) for i in range(3)]
    level = plots.level("y" * 40, "s3", 5.0)
    page = plots.scatter(same, "GMACs/MP", "dB", "dB", [level])
    names = [t for t in Texts(page).found if t[0].endswith("\u2026")]
    assert len(names) == 4 and all(len(name[0]) <= 24 for name in names)
    heights = sorted(y for text, _, y, _ in names if text[0] == "x")
    assert all(b - a >= 16 for a, b in zip(heights, heights[1:], strict=False))
    assert all(x + 8 * 24 <= plots.WIDTH + 1 for _, x, _, _ in names)
    # The tool tip has the whole name.
    assert "<title>" + "x" * 40 + "</title>" in page


def test_points_lie_where_the_axes_say():
    """On log-log axes a power law is a straight line."""
    points = [(10.0**i, 3e-7 * 10.0 ** (2 * i)) for i in range(5)]
    page = plots.plot(
        [Series("law", "s0", points)], "a", "b", log_x=True, log_y=True
    )
    dots = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', page)
    places = [(float(x), float(y)) for x, y in dots]
    slopes = [
        (b[1] - a[1]) / (b[0] - a[0])
        for a, b in zip(places, places[1:], strict=False)
    ]
    assert slopes == pytest.approx([slopes[0]] * 4, rel=0.01)
    assert slopes[0] < 0  # Up is less in SVG.


def test_intervals_and_bands_are_in_sight():
    series = Series(
        "m", "s0", [(1, 5.0), (2, 6.0)], intervals=[(0, 9), (5, 7)],
        band=[(-3, 5), (6, 20)],
    )  # fmt: skip
    page = plots.plot([series], "x", "y")
    ys = [float(y) for y in re.findall(r'y[12]="([\d.]+)"', page)]
    corners = re.search(r'class="band" points="([^"]*)"', page)[1].split()
    ys += [float(corner.split(",")[1]) for corner in corners]
    assert len(corners) == 4
    assert min(ys) >= plots.TOP and max(ys) <= plots.HEIGHT - plots.BOTTOM


def test_what_has_no_logarithm_stays_at_the_edge():
    points = [(1.0, 1e-6), (2.0, -1e-6), (4.0, 1e-5)]
    page = plots.plot([Series("b", "s0", points)], "x", "b", log_y=True)
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', page)]
    assert max(heights) == heights[1] == plots.HEIGHT - plots.BOTTOM


def test_a_bar_is_as_long_as_its_value():
    page = plots.bars(
        [
            plots.Bar("one", "s0", 10.0, (8.0, 15.0)),
            plots.Bar("<two>", "s1", 20.0),
        ],
        "time",
        "ms",
    )
    lengths = [float(w) for w in re.findall(r'width="([\d.]+)"', page)]
    assert lengths[1] == pytest.approx(2 * lengths[0], abs=0.2)
    low, high = map(
        float, re.search(r'whisker" x1="(\S+)".*?x2="(\S+)"', page).groups()
    )
    assert (high - low) / lengths[0] == pytest.approx(0.7, abs=0.01)
    assert "<two>" not in page and "20 ms" in page


def test_a_page_is_one_file_in_both_colour_schemes():
    body = plots.lines([Series("m", "s0", [(1, 2.0), (64, 3.0)])], "g", "d", "")
    body += tables.table(["<a>", "b"], [[tables.Cell("<c>", "best"), "d"]])
    page = shell.page("A & B", body)
    assert "<title>A &amp; B</title>" in page and "&lt;c&gt;" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"https?://|url\(|@import|src=|href=", page)


def test_a_heat_map_has_a_cell_and_a_tip_for_each_number():
    picture = heat_map.heat_map(
        [[0.1, -0.2, 0.0], [0.4, 0.05, -0.3]],
        ["-1", "", "1"],
        ["a", "b"],
        "across, down",
        0.2,
        lambda i, j: f"row {i} column {j} <",
    )
    root = ElementTree.fromstring(picture)
    cells = [e for e in root.iter() if e.tag.endswith("rect")]
    shown = [(c.get("class"), float(c.get("fill-opacity"))) for c in cells]
    assert shown == [
        ("s0", 0.5),
        ("s6", 1.0),
        ("s0", 0.0),
        ("s0", 1.0),
        ("s0", 0.25),
        ("s6", 1.0),
    ]
    assert cells[5][0].text == "row 1 column 2 <"
    texts = [e.text for e in root.iter() if e.tag.endswith("text")]
    assert texts == ["a", "b", "-1", "1", "across, down"]
