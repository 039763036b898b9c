"""Benchmarks that only print: what they print adds up."""

import subprocess
import sys

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
    kinds = len(scene_kinds.KINDS)
    assert [x[0] for x in rows] == sorted(
        ["2.83", "8.00", "22.63"] * kinds, key=float
    )
    for row in rows:
        below, above, rms = map(float, row[2:5])
        # Two networks, one picture.
        assert 0.0 < rms < 0.5
        assert abs(below - above) < 1.5
