import copy

import pytest
from records import HEADER
from records import steady
from records import summarise

from android_bench.errors import BenchError
from android_bench.results import baseline as baselines
from android_bench.results import text as texts


def old(median_ms, spread=0.01, model="P"):
    (row,) = summarise(*steady(10.0))
    row.update(median_ms=median_ms, spread=spread)
    return [{**HEADER, "device": {"model": model}}, {"type": "row", **row}]


@pytest.mark.parametrize(
    "before, spread, verdict",
    [
        (10.0, 0.01, "same"),
        (9.95, 0.01, "same"),
        (9.8, 0.01, "slower"),
        (9.8, 0.03, "same"),
        (10.3, 0.01, "faster"),
        (9.7, None, "same"),
        (9.3, None, "slower"),
    ],
)
def test_regression_is_what_moved_beyond_the_spread(before, spread, verdict):
    (row,) = summarise(*steady(10.0))
    row["spread"] = 0.005
    compared = baselines.compare([row], HEADER, old(before, spread))
    (change,) = compared.changes
    assert change["verdict"] == verdict


@pytest.mark.parametrize("flaw", [{"comparable": False}, {"status": "failed"}])
def test_a_flawed_row_of_the_baseline_gives_no_verdict(flaw):
    (row,) = summarise(*steady(10.0))
    lines = old(5.0)
    lines[1].update(flaw)
    (change,) = baselines.compare([row], HEADER, lines).changes
    assert change["verdict"].startswith("no verdict")


def test_baseline_of_another_phone_is_refused():
    with pytest.raises(BenchError, match="Received: 'Q'"):
        baselines.compare([], HEADER, old(1.0, model="Q"))
    with pytest.raises(BenchError, match="no rows"):
        baselines.compare([], HEADER, [HEADER])


FULL = {
    **HEADER,
    "device": {"model": "P", "fingerprint": "p/14", "android": "14"},
    "tool": {"kind": "classic", "sha256": "a" * 64},
    "bundle": {"name": "b", "sha256": "c" * 64},
    "identity": {"affinity": "f0", "tool_flags": []},
    "environment": {"performance_mode": "on"},
}


@pytest.mark.parametrize(
    "part, name, value, line",
    [
        ("device", "android", "15", "Android: 14, now 15"),
        ("device", "fingerprint", "p/15", "device: p/14, now p/15"),
        ("tool", "kind", "litert", "tool: classic, now litert"),
        ("tool", "sha256", "b" * 64, "aaaaaaaaaaaa, now bbbbbbbbbbbb"),
        ("identity", "affinity", "all", "cores: f0, now all"),
        ("identity", "tool_flags", ["--x=1"], "flags: none, now --x=1"),
        (
            "environment",
            "performance_mode",
            "unavailable",
            "on, now unavailable",
        ),
        (
            "bundle",
            "sha256",
            "d" * 64,
            "cccccccccccc, now dddddddddddd",
        ),
    ],
)
def test_what_was_not_alike_is_listed(part, name, value, line):
    now = copy.deepcopy(FULL)
    now[part][name] = value
    (row,) = summarise(*steady(10.0))
    before = [FULL, {"type": "row", **row}]
    compared = baselines.compare([row], now, before)
    (found,) = compared.differences
    difference = f"{found.name}: {found.old}, now {found.new}"
    assert difference.endswith(line)
    assert difference in texts.to_markdown(now, [row], compared)
    assert difference in texts.table(now, [row], compared)


def test_runs_made_alike_differ_in_nothing():
    assert baselines.differences(FULL, copy.deepcopy(FULL)) == []
