"""Benchmarks that only print: what they print adds up."""

import subprocess
import sys

import numpy as np
import pmrid_weights
import pytest
from helpers import ROOT

from fanet_tf.data import scene_kinds


def printed(script, *flags):
    """Returns the lines that a benchmark prints, as lists of words."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *flags],
        check=True,
        capture_output=True,
        text=True,
    )
    return [line.split() for line in done.stdout.splitlines()]


def test_the_stages_of_a_frame_are_all_of_it():
    lines = printed(
        "denoise_stages.py", "--megapixels=1", "--kinds=npy", "--rounds=1"
    )
    seconds = {" ".join(x[:-2]): float(x[-2]) for x in lines[1:]}
    begin, whole = seconds.pop("first tile"), seconds.pop("all")
    assert 0.0 < seconds["imports"] < begin
    frame = {name: s for name, s in seconds.items() if name != "imports"}
    assert max(frame, key=frame.get) == "inference"
    assert sum(seconds.values()) <= whole
    # Not a stage: Python's own start, flags, the choice of the tile.
    assert sum(seconds.values()) > 0.5 * whole


def test_both_members_of_a_border_are_compared():
    lines = printed("array_borders.py", "--limit=1", "--size=64")
    rows = [x for x in lines if x[0][0].isdigit()]
    assert {(x[0], x[1]) for x in rows} == {
        ("0,", "1"),
        ("1,", "2"),
        ("2,", "3"),
    }
    assert {x[2] for x in rows} == set(scene_kinds.KINDS)
    for row in rows:
        number, gain, below, above, rms = map(float, row[3:8])
        assert number == 1 and 1.0 <= gain <= 64.0
        # Two networks, one picture.
        assert 0.0 < rms < 0.5
        assert abs(below - above) < 1.5


def test_a_reference_is_judged_by_what_each_member_reaches():
    lines = printed(
        "array_members.py",
        *("--limit=1", "--size=64", "--references=1e-9,0.1"),
    )
    members = [x for x in lines if x and x[1] in scene_kinds.KINDS]
    # PSNR falls as the noise grows, whatever the member.
    assert len(members) == 7 * len(scene_kinds.KINDS)
    for one, other in zip(members[:6], members[1:7], strict=True):
        for column in (5, 7, 9, 11):
            assert float(one[column]) > float(other[column])
    # A reference of nothing: the first member serves all, and loses at night.
    gained = {x[1]: float(x[3]) for x in lines if x and x[1] in ("1e-9", "0.1")}
    assert gained["1e-9"] < 0.0 < gained["0.1"]


@pytest.mark.parametrize(
    ("made", "expected"),
    # Nothing to lose at a tile's edge; and more than a quarter of it shows.
    [(pmrid_weights.zeros, "8,"), (pmrid_weights.random, "32,")],
)
def test_a_peer_needs_the_halo_that_its_weights_reach(made, expected, tmp_path):
    np.savez(tmp_path / "pmrid.npz", **made())
    lines = printed(
        "peer_halo.py",
        f"--pmrid={tmp_path / 'pmrid.npz'}",
        *("--gains=16", "--limit=1", "--tile=128"),
    )
    (needed,) = [x[3] for x in lines if x[:3] == ["PMRID,", "all", "gains:"]]
    assert needed == expected


def test_a_useful_megapixel_costs_what_is_thrown_away_too():
    lines = printed(
        "latency.py",
        *("--variants=plain", "--reference=fan_half", "--recipes=float32"),
        *("--halo=plain=16", "--halo=fan_half=0"),
        *("--threads=1", "--tile=64", "--rounds=3"),
    )
    rows = {x[0]: x[1:] for x in lines if len(x) == 6 and x[-1] == "True"}
    per_mp, useful, ratio, useful_ratio = map(float, rows["plain"][:4])
    # A halo of 16 leaves a quarter of a tile of 64.
    assert useful == pytest.approx(4 * per_mp, rel=0.01)
    assert useful_ratio == pytest.approx(4 * ratio, rel=0.01)
    assert rows["fan_half"][0] == rows["fan_half"][1]
    assert rows["fan_half"][2:4] == ["1.000", "1.000"]
