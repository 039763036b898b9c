import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
QUICK = ["--repeats=2", "--num_runs=5", "--min_seconds=0.02"]


def bench(*arguments, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", "android_bench.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
    )


def test_phone(make_bundle, phone, tool, tmp_path):
    output = tmp_path / "out"
    done = bench(
        make_bundle(members=4),
        f"--serial={phone.serial}",
        f"--tool={tool}",
        f"--output={output}",
        "--threads=2",
        *QUICK,
    )
    print(done.stdout)
    print(done.stderr)
    assert done.returncode == 0
