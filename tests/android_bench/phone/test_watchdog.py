"""The line that runs a command on the device, in this machine's shells."""

import os
import pathlib
import subprocess
import time

import pytest

from android_bench.phone import watchdog

NONCE = "0123456789abcdef"


@pytest.fixture(params=["this machine", "toybox"])
def shell(request):
    """Runs a command under the watchdog, in one of two userlands."""
    path = os.environ["PATH"]
    if request.param == "toybox":
        path = str(request.getfixturevalue("toybox"))

    def run(command, limit_s=30):
        line = watchdog.limited(command, limit_s, NONCE)
        done = subprocess.run(
            ["sh", "-c", line],
            env={"PATH": path},
            capture_output=True,
            text=True,
            timeout=20,
        )
        return watchdog.split(done.stdout, NONCE)

    return run


def running(word):
    """Command lines of processes that hold a word."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if word in line:
            found.append(line)
    return found


@pytest.mark.parametrize(
    "command, answer",
    [
        ("true", ("", 0)),
        ("echo out; exit 7", ("out\n", 7)),
        ("printf abc", ("abc", 0)),
        ("printf '{w} $w %d'  5", ("{w} $w 5", 0)),
        ("kill -6 $$", ("", 134)),
        ("no-such-command", ("", 127)),
    ],
)
def test_output_and_code_are_those_of_the_command(shell, command, answer):
    assert shell(command) == answer


def test_no_code_in_fifty_is_wrong(shell):
    # toybox's own `timeout` is wrong in most of them.
    assert {shell("true") for _ in range(50)} == {("", 0)}


def test_a_command_ends_at_its_limit_with_its_children(shell):
    start = time.monotonic()
    assert shell("sleep 77.125 & sleep 77.125", 1) == ("", 137)
    assert time.monotonic() - start < 5
    assert running("77.125") == []


def test_the_watchdog_ends_with_its_command(shell):
    for _ in range(10):
        shell("true", 7713)
    deadline = time.monotonic() + 5
    while running("7713") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running("7713") == []


def test_an_answer_without_the_sentinel_is_none():
    assert watchdog.split("half an ans", NONCE) is None
    assert watchdog.split("\n__RC_fedc=0\n", NONCE) is None
