"""Runs the command as a user does, and looks at what it left behind."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
# The installed script.
COMMAND = """
import sys
sys.argv[0] = "fanet-bench"
from android_bench.cli.bench import cli
cli()
"""


def start(*arguments, cwd=ROOT):
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def bench(*arguments, cwd=ROOT):
    process = start(*arguments, cwd=cwd)
    try:
        stdout, stderr = process.communicate(timeout=240)
    finally:
        process.kill()
    return subprocess.CompletedProcess(
        arguments, process.returncode, stdout, stderr
    )


def interrupt_after(process, ready, number=signal.SIGINT):
    """Sends a signal once `ready()` holds; returns when the process ended."""
    while process.poll() is None and not ready():
        time.sleep(0.02)
    process.send_signal(number)
    return process.communicate(timeout=60)


def lines_of(output):
    text = (output / "results.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def rows_of(output):
    return [line for line in lines_of(output) if line["type"] == "row"]


def jobs_of(output):
    return [line for line in lines_of(output) if line["type"] == "job"]


def nothing_runs(phone):
    """Waits for the shells that have just answered."""
    deadline = time.monotonic() + 10
    while phone.leftovers() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert phone.leftovers() == []


def left_clean(phone, output):
    """No half of a file, no process, no folder, and the mode as it was."""
    if output.exists():
        assert not list(output.rglob("*.part"))
        if (output / "results.jsonl").exists():
            lines_of(output)
    nothing_runs(phone)
    assert not (phone.root / "data/local/tmp/fanet-bench").exists()
    log = phone.root / "cmd.log"
    if log.exists():
        assert log.read_text().splitlines()[-1].endswith("enabled false")


def edit_manifest(folder, change):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
