"""Fixtures that every test may ask for."""

import collections
import os
import signal

# Read by TensorFlow when it is first imported.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# A shell's background jobs ignore SIGINT, and what `nohup` starts SIGHUP, and
# so would every command that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng():
    """A generator with a fixed seed; the same numbers in every run."""
    return np.random.default_rng(0)


def pytest_terminal_summary(terminalreporter):
    """Says how many tests were skipped for which reason, in one table."""
    counts, where = collections.Counter(), {}
    for report in terminalreporter.stats.get("skipped", []):
        path, _, reason = report.longrepr
        reason = reason.removeprefix("Skipped: ")
        counts[reason] += 1
        where.setdefault(reason, set()).add(_short(path))
    if not counts:
        return
    terminalreporter.section("skipped, and why")
    for reason, count in counts.most_common():
        files = sorted(where[reason])
        more = f" and {len(files) - 2} more" if len(files) > 2 else ""
        line = f"{count:5}  {reason}  ({', '.join(files[:2])}{more})"
        terminalreporter.write_line(line)


def _short(path: str) -> str:
    return path[path.rfind("tests/") :]
