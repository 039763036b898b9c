"""What a camera engineer finds in a row, in the CSV and on the page."""

import csv
import io

import pytest
from records import LATENCY
from records import RUN
from records import job
from records import jobs_of_a_phone
from records import summarise

from android_bench.results import page
from android_bench.results import spreadsheet
from android_bench.results import text as texts


def test_a_row_says_all_that_was_asked_of_it():
    (row,) = summarise(*jobs_of_a_phone())
    # Median of two processes.
    assert row["p95_ms"] == 13
    assert (row["first_ms"], row["init_ms"]) == (26, 80)
    assert (row["cores"], row["governor"]) == ("4-7", "walt")
    assert row["battery_percent"] == [84, 87]
    assert (row["peak_mb"], row["growth_mb"]) == (91.5, 12.25)
    assert (row["nodes"], row["delegated"]) == (1, [31, 33])


def test_a_sustained_run_ends_on_a_plateau():
    (row,) = summarise(*jobs_of_a_phone())
    found = row["sustain"]
    # 4 x 6 tiles cover the frame; the last quarter are two processes.
    assert found["first_ms"] == pytest.approx(10 * 24)
    assert found["plateau_ms"] == pytest.approx(15 * 24)
    assert found["slowdown"] == pytest.approx(0.5)
    assert found["hottest_c"] == 37
    assert found["seconds"] == 16
    assert found["busy"] == pytest.approx(0.9)


def test_the_spreadsheet_has_it_on_every_line():
    (line,) = csv.DictReader(
        io.StringIO(spreadsheet.to_csv(RUN, summarise(*jobs_of_a_phone())))
    )
    expected = {
        "p95_ms": "13.0",
        "first_ms": "26.0",
        "init_ms": "80.0",
        "cores": "4-7",
        "governor": "walt",
        "battery_percent_least": "84",
        "peak_mb": "91.5",
        "growth_mb": "12.25",
        "nodes": "1",
        "delegated_operators": "31",
        "operators": "33",
        "android": "14",
        "model": "P",
        "performance_mode": "on",
        "sustain_hottest_c": "37.0",
    }
    assert {name: line[name] for name in expected} == expected


def test_the_page_has_a_column_for_each_and_the_terminal_fewer():
    rows = summarise(*jobs_of_a_phone())
    whole = page.render(RUN, jobs_of_a_phone(), rows, None)
    for words in (
        ">p95<",
        ">first<",
        ">init<",
        ">peak MB<",
        ">growth MB<",
        "31 of 33",
        "360 (+50 %)",
        "governor walt; battery 84 to 87 %; fixed-performance mode on",
        "Android 14",
        "31 inside a delegate",
        "240 ms a frame at first, 360 in the last quarter of 16 s",
    ):
        assert words in whole
    table = texts.table(RUN, rows, None)
    assert "360 (+50 %)" in table and "battery 84 to 87 %" in table
    assert "p95" not in table


def test_opengl_is_named_beside_its_delegate():
    timed = job("latency", 0, latency=LATENCY, gpu_api="OpenGL", delegate="gpu")
    table = texts.table(RUN, summarise(timed), None)
    assert "gpu (OpenGL)" in table


def test_columns_that_say_nothing_are_left_out():
    rows = summarise(job("latency", 0, latency=LATENCY))
    table = texts.table(RUN, rows, None)
    for title in ("of matmul", "hot", "MB", "cores"):
        assert title not in table
