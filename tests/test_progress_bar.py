"""Progress in a log and on a terminal."""

import io
import os
import pty
import subprocess
import sys

from helpers import ROOT

from fanet_tf import progress_bar
from fanet_tf.training.bar import TrainingBar


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_log_gets_a_first_and_a_last_line(capsys):
    with progress_bar.Bar(total=1000) as bar:
        for number in range(1000):
            bar.set_postfix_str(f"frame {number}")
            bar.update()
    text = capsys.readouterr().err
    lines = text.splitlines()
    assert len(lines) == 2, lines
    assert "0/1000" in lines[0] and "1000/1000" in lines[1]
    assert "\r" not in text


def test_a_log_gets_a_line_every_half_minute(capsys, monkeypatch):
    monkeypatch.setattr(progress_bar, "LOG_SECONDS", 0.05)
    with progress_bar.Bar(total=100) as bar:
        start = bar._time()
        for _ in range(100):
            while bar._time() < start + 0.003 * bar.n:
                pass
            bar.update()
        took = bar._time() - start
    count = len(capsys.readouterr().err.splitlines())
    assert 4 <= count <= 3 + took / 0.045


def test_a_terminal_gets_a_bar_that_is_redrawn(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with progress_bar.Bar(total=3, mininterval=0) as bar:
        for _ in range(3):
            bar.update()
    text = stream.getvalue()
    assert text.count("\r") >= 3 and "3/3" in text
    assert text.endswith("\n") and text.count("\n") == 1


def test_a_terminal_without_a_size_gets_a_bar():
    """As in a container, or in `script` without a terminal of its own."""
    ours, theirs = pty.openpty()
    assert os.get_terminal_size(theirs).columns == 0
    code = (
        "from fanet_tf import progress_bar; progress_bar.Bar(total=7).close()"
    )
    command = [sys.executable, "-c", code]
    subprocess.run(command, stderr=theirs, check=True, cwd=ROOT)
    os.close(theirs)
    assert b"0/7" in os.read(ours, 4096)
    os.close(ours)


def test_training_says_member_quality_and_time_for_all(capsys):
    with TrainingBar(1, 4, later=2, total=100, initial=40) as bar:
        bar.update(10)
        bar.trained(loss=85.04, steps_per_second=0.5)
        bar.validated(42.111, 30.5)
    # 50 steps of this member and 100 of each of two, two seconds each.
    last = capsys.readouterr().err.splitlines()[-1]
    assert "member 1 (2 of 4)" in last and "50/100" in last
    assert "loss 85, all in 08:20, 42.11 dB (input 30.50)" in last


def test_a_single_network_is_no_array(capsys):
    with TrainingBar(0, 1, later=0, total=10) as bar:
        bar.trained(loss=1.0, steps_per_second=1.0)
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("member 0:") and "all in" not in last


def test_the_time_left_leaves_out_what_a_first_step_compiled(monkeypatch):
    stream, clock = Terminal(), [0.0]
    monkeypatch.setattr(sys, "stderr", stream)
    with TrainingBar(0, 1, later=0, total=100) as bar:
        bar._time = lambda: clock[0]
        bar.start_t = bar.last_print_t = 0.0
        assert "compiling" in stream.getvalue()
        for seconds in (60.0, 2.0, 2.0, 2.0):
            clock[0] += seconds
            bar.stepped()
        assert bar.n == 4 and "compiling" not in bar.postfix
    # 96 steps of two seconds each.
    assert "4/100 [01:06<03:12" in stream.getvalue()
