import csv
import json

import pytest
from records import HEADER
from records import job
from records import steady
from records import summarise

from android_bench.errors import BenchError
from android_bench.results import side_by_side


def write(path, header, *jobs, **changes):
    rows = [{**row, **changes} for row in summarise(*jobs)]
    lines = [
        {**HEADER, **header},
        *({"type": "job", **one} for one in jobs),
        *({"type": "row", **row} for row in rows),
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def two(tmp_path):
    """Two phones: the second is slower, and has measured one more thing."""
    other = [
        {**one, "delegate": "gpu", "id": f"gpu.{one['id']}"}
        for one in steady(4.0, 4.0)
        if one["kind"] == "latency"
    ]
    return [
        write(tmp_path / "one/results.jsonl", {}, *steady(10.0, 10.0)),
        write(
            tmp_path / "two.jsonl",
            {"device": {"model": "Q", "android": "15"}},
            *steady(15.0, 15.0),
            *other,
        ),
    ]


def column(lines, title):
    at = lines[0].index(title)
    return [line[at] for line in lines[1:]]


def test_configurations_of_all_runs_stand_beside_each_other(two):
    # A folder stands for its results.
    runs = side_by_side.read([str(two[0].parent), str(two[1])])
    lines = side_by_side.table(runs)
    assert column(lines, "delegate") == ["cpu", "gpu"]
    # A tile is one megapixel of which 0.64 are useful.
    assert column(lines, "A ms/MP") == ["15.6", "-"]
    assert column(lines, "B ms/MP") == ["23.4", "6.25"]
    assert column(lines, "B/A") == ["1.50", "-"]
    text = side_by_side.as_text(runs)
    assert "A: P; bundle b" in text and "B: Q, Android 15" in text
    assert "Android: none in A, 15 in B" in text


@pytest.mark.parametrize(
    "median, changes, ratio",
    [
        (10.3, {"spread": 0.05}, "1.03 same"),
        (10.3, {"spread": 0.01}, "1.03"),
        (10.3, {"spread": None}, "1.03 same"),
        (15.0, {"comparable": False}, "1.50*"),
        (15.0, {"status": "failed"}, "-"),
    ],
)
def test_ratio_says_whether_it_is_one(tmp_path, median, changes, ratio):
    paths = [
        write(tmp_path / "a.jsonl", {}, *steady(10.0, 10.0), spread=0.0),
        write(tmp_path / "b.jsonl", {}, *steady(median), **changes),
    ]
    runs = side_by_side.read(list(map(str, paths)))
    head, line = side_by_side.table(runs)
    assert dict(zip(head, line, strict=True)).get("B/A", "-") == ratio
    assert ("not comparable" in side_by_side.as_text(runs)) == ("*" in ratio)


def test_table_csv_and_page_are_written_once(two, tmp_path):
    runs = side_by_side.read(list(map(str, two)))
    folder = tmp_path / "out"
    side_by_side.write(folder, runs)
    lines = list(csv.DictReader((folder / "comparison.csv").open()))
    assert [line["run"] for line in lines] == ["A", "B", "B"]
    assert [line["model"] for line in lines] == ["P", "Q", "Q"]
    whole = (folder / "comparison.html").read_text()
    assert "B m0.float32 gpu" in whole and "<svg" in whole
    assert "| cpu |" in (folder / "comparison.md").read_text()
    with pytest.raises(BenchError, match="with comparison.csv"):
        side_by_side.write(folder, runs)


def test_plateaus_stand_side_by_side(tmp_path):
    paths = []
    for name, plateau in (("a", 12.0), ("b", 18.0)):
        slices = [
            {
                "at_s": 60.0 * n,
                "seconds": 60.0,
                "num_runs": 9,
                "mean_us": 1.0,
                "median_us": 1000 * ms,
                "condition": {},
            }
            for n, ms in enumerate((10.0, plateau))
        ]
        timed = (*steady(10.0), job("sustain", sustain=slices))
        paths.append(str(write(tmp_path / f"{name}.jsonl", {}, *timed)))
    runs = side_by_side.read(paths)
    lines = side_by_side.table(runs)
    # 24 tiles cover a frame.
    assert column(lines, "A hot") == ["288"]
    assert column(lines, "B hot") == ["432"]
    assert side_by_side.as_page(runs).count("Sustained, ") == 2


@pytest.mark.parametrize("count", [0, 1])
def test_one_run_is_not_compared(two, count):
    with pytest.raises(BenchError, match=f"two or more.*Received: {count}"):
        side_by_side.read(list(map(str, two[:count])))


def test_a_run_without_rows_is_refused(two, tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(HEADER) + "\n")
    with pytest.raises(BenchError, match="finished runs. Received: .*c.jsonl"):
        side_by_side.read([str(two[0]), str(path)])
