import json

import pytest
from records import HEADER
from records import job
from records import steady
from records import summarise

from android_bench.errors import BenchError
from android_bench.results import fields
from android_bench.results import page
from android_bench.results import rows as row_maker
from android_bench.results import spreadsheet
from android_bench.results import store as stores
from android_bench.results import text as texts


def test_row_holds_the_median_of_the_medians():
    (row,) = summarise(*steady(10.0, 10.4, 10.1))
    assert row["median_ms"] == 10.1
    assert row["spread"] == pytest.approx(0.4 / 10.1)
    assert row["comparable"]
    # A tile is one megapixel of which 0.64 are useful.
    assert row["ms_per_network_mp"] == pytest.approx(10.1)
    assert row["ms_per_useful_mp"] == pytest.approx(10.1 / 0.64)
    assert row["frame_ms"] == pytest.approx(10.1 * 4 * 6)


def test_spread_beyond_the_limit_is_not_comparable():
    (row,) = summarise(*steady(10.0, 10.6))
    assert not row["comparable"]
    assert row["status"] == "ok"
    assert "spread 5.8 % is not comparable" in row["notes"]


def test_reference_run_that_slows_down_marks_its_rounds():
    jobs = steady(10.0, 10.0, 10.0)
    jobs[3]["latency"]["median_us"] = 5600
    assert row_maker.unsteady_rounds(jobs, 0.05) == {2: pytest.approx(0.12)}
    (row,) = summarise(*jobs)
    assert not row["comparable"]
    assert row["notes"] == ["the reference run slowed by 12.0 %"]


def test_unsteady_rounds_are_left_out_where_enough_remain():
    jobs = steady(10.0, 10.1, 10.0, 10.0, 13.0)
    jobs[5]["latency"]["median_us"] = 6000  # The last reference run.
    (row,) = summarise(*jobs)
    assert row["comparable"]
    assert row["processes"] == 4
    assert row["median_ms"] == 10.0
    assert row["notes"] == [
        "the reference run slowed by 20.0 %; 1 of 5 left out"
    ]


def test_failed_check_fails_the_row_for_all_threads():
    bad = job("output", status="failed", reason="off by 3 steps")
    other = [
        dict(j, threads=1) for j in steady(10.0) if j["kind"] != "reference_run"
    ]
    rows = summarise(bad, *steady(10.0), *other)
    assert [row["threads"] for row in rows] == [1, 4]
    assert {row["status"] for row in rows} == {"failed"}
    assert rows[0]["notes"] == ["output: off by 3 steps"]


def test_check_of_one_thread_count_makes_no_row_of_its_own():
    check = {"error": 0.0, "limit": 1e-5, "unit": "of the range"}
    other = [
        dict(j, threads=2) for j in steady(10.0) if j["kind"] != "reference_run"
    ]
    (row,) = summarise(job("output", check=check), *other)
    assert row["threads"] == 2
    assert row["check"] == check


def test_peak_and_growth_of_memory_are_apart():
    peak = job("memory", memory={"overall_mb": 3.0, "peak_mb": 9.0})
    (row,) = summarise(*steady(1.0), peak)
    assert (row["peak_mb"], row["growth_mb"]) == (9.0, 3.0)
    delta = job("memory", memory={"init_mb": 1.0, "overall_mb": 3.0})
    (row,) = summarise(*steady(1.0), delta)
    assert "peak_mb" not in row and row["growth_mb"] == 3.0


def test_store_is_whole_after_every_job_and_resumes(tmp_path):
    path = tmp_path / "out" / "results.jsonl"
    store = stores.Store(path, HEADER, resume=False)
    store.add(job("latency", 0, 1.0))
    store.add(job("latency", 1, 1.0))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["type"] for line in lines] == ["run", "job", "job"]
    again = stores.Store(path, {**HEADER, "date": "later"}, resume=True)
    assert list(again.jobs) == ["latency.0", "latency.1"]
    assert again.header["date"] == "2026-01-01"
    with pytest.raises(BenchError, match="--resume"):
        stores.Store(path, HEADER, resume=False)


@pytest.mark.parametrize(
    "identity, message",
    [
        ({"bundle": "2"}, r"another bundle, 2 \(was 1\)$"),
        (
            {"flags": {"repeats": 2, "delegates": ["cpu", "gpu"]}},
            r"--repeats=2 \(was 5\); --delegates=cpu,gpu \(was cpu\)$",
        ),
        # A flag that an older version did not keep is no difference.
        ({"flags": {"repeats": 5, "sustain": 60}}, None),
        ({"jobs": ["b"]}, "another list of jobs"),
        ({"jobs": ["b"], "flags": {"seed": 1}}, r"--seed=1 \(was 0\)$"),
    ],
)
def test_resuming_says_what_differs(tmp_path, identity, message):
    path = tmp_path / "results.jsonl"
    flags = {"repeats": 5, "delegates": ["cpu"], "seed": 0}
    before = {"bundle": "1", "flags": flags, "jobs": ["a"]}
    stores.Store(path, {**HEADER, "identity": before}, resume=False).save()
    header = {**HEADER, "identity": {**before, **identity}}
    if message is None:
        stores.Store(path, header, resume=True)
        return
    with pytest.raises(BenchError, match=message):
        stores.Store(path, header, resume=True)


def test_write_that_fails_leaves_the_old_results(tmp_path, monkeypatch):
    path = tmp_path / "results.jsonl"
    store = stores.Store(path, HEADER, resume=False)
    store.save()
    old = path.read_text()

    def broken(source, target):
        raise OSError("disk")

    monkeypatch.setattr("os.replace", broken)
    with pytest.raises(OSError):
        store.add(job("latency", 0, 1.0))
    assert path.read_text() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "{}\n", "x", '{"schema_version": 9}\n'])
def test_file_that_is_no_result_is_refused(tmp_path, text):
    path = tmp_path / "r.jsonl"
    path.write_text(text)
    with pytest.raises(BenchError, match="must be JSON lines of fanet-bench"):
        stores.read(path)
    with pytest.raises(BenchError, match="must be readable"):
        stores.read(tmp_path / "none.jsonl")


def test_texts_hold_every_row():
    jobs = [*steady(10.0, 10.2), job("output", status="failed", reason="<b>")]
    rows = summarise(*jobs)
    assert "m0.float32 cpu t4: output: <b>" in texts.table(HEADER, rows, None)
    assert texts.to_markdown(HEADER, rows, None).count("| failed |") == 1
    line = spreadsheet.to_csv(HEADER, rows).splitlines()[1]
    assert line.startswith("0,float32,cpu,,4,")
    whole = page.render(HEADER, jobs, rows, None)
    assert "output: &lt;b&gt;" in whole and "<b>" not in whole


def test_page_of_failed_rows_only_is_made():
    jobs = [job("latency", status="failed", reason="x")]
    whole = page.render(HEADER, jobs, summarise(*jobs), None)
    assert "No latency was measured" in whole


def test_skin_is_asked_before_the_battery():
    assert fields.hottest_c({"battery_c": 28.0}) == 28.0
    sample = {"battery_c": 28.0, "temperatures_c": {"CPU0": 70}, "skin_c": 35}
    assert fields.hottest_c(sample) == 35
    assert fields.hottest_c({}) is None
