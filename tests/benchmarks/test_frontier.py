"""The page of `benchmarks/frontier.py`."""

import pytest

import frontier_page
from fanet_tf.files import strict_json
from fanet_tf.models import cost_table


def network(name, psnr, cost):
    return frontier_page.Network(name, 1, {1.0: psnr}, {"traffic": cost})


def test_the_frontier_is_what_none_beats():
    found = [
        network("best", 41.0, 900.0),
        network("dear", 40.9, 950.0),
        network("cheap", 40.0, 500.0),
        network("poor", 39.9, 500.0),
        frontier_page.Network("uncounted", 1, {1.0: 45.0}, {}),
    ]
    assert frontier_page.on_frontier(found, "traffic") == {"best", "cheap"}


@pytest.fixture(scope="module")
def table():
    return strict_json.read_object(frontier_page.TABLE)


def test_the_figures_are_those_of_the_results(table):
    found = {n.name: n for n in frontier_page.networks(table)}
    one = found["fan_half"]
    assert one.seeds == 3
    rows = [seed[0] for seed in table["rows"]["fan_half"]["psnr"]]
    assert one.psnr[1.0] == pytest.approx(sum(rows) / 3)
    model = frontier_page.variants.get("fan_half").model
    report = cost_table.report("fan_half", model, with_radius=False)
    assert one.takes["traffic"] == report.cost.traffic_mb_per_mp
    page = frontier_page.page(table)
    assert page.count("<title>fan_half: ") == 3  # A dot in each plot.


def test_the_page_of_the_docs_is_that_of_the_results(table):
    drawn = (frontier_page.ROOT / "docs/frontier.html").read_text(
        encoding="utf-8"
    )
    assert drawn == frontier_page.page(table)
