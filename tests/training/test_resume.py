"""Runs that are killed, and go on as if they had not been."""

import json

import numpy as np
import pytest
from children import KILLED
from children import check_same
from children import command
from children import run
from children import tiny_config
from children import train_on_two_devices
from children import train_until

from fanet_tf.training import checkpoint
from fanet_tf.training import run_folder
from fanet_tf.training import train

STEPS = 14


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("runs") / "uninterrupted"
    train.train(tiny_config(STEPS), workdir)
    return workdir


def test_a_killed_run_ends_bit_identical(uninterrupted, tmp_path):
    workdir = tmp_path / "run"
    # In the middle of the second checkpoint: goes on from the first, step 3.
    assert run(train_until, workdir, STEPS, ("write", 2, 0.6)) == KILLED
    # Between a log, at step 4, and the next.
    assert run(train_until, workdir, STEPS, ("step", 4, 0.005)) == KILLED
    # SIGTERM at step 8 saves there.
    assert run(train_until, workdir, STEPS, ("term", 2, 0.0)) == 0
    folder = run_folder.member_folder(workdir, 0) / "checkpoints"
    assert checkpoint.latest(folder)[0] == 8
    assert run(train_until, workdir, STEPS) == 0
    assert not list(workdir.rglob("*.part"))
    check_same(workdir, uninterrupted)


@pytest.mark.slow
def test_twenty_kills_leave_no_trace(tmp_path):
    steps, rng = 90, np.random.default_rng(0)
    assert run(train_until, tmp_path / "reference", steps) == 0
    workdir = tmp_path / "run"
    for _ in range(20):
        nth = int(rng.integers(1, 9))
        kill = [
            ("step", nth, float(rng.uniform(0.0, 0.05))),
            ("step", nth, 0.0),
            ("write", 1 + nth // 4, float(rng.uniform(0.0, 1.0))),
            ("rename", 1 + nth // 4, 0.0),
        ][rng.integers(4)]
        assert run(train_until, workdir, steps, kill) == KILLED
    assert run(train_until, workdir, steps) == 0
    check_same(workdir, tmp_path / "reference")


def test_two_devices_of_a_machine_train_as_one(uninterrupted, tmp_path):
    assert run(train_on_two_devices, tmp_path / "run", 2) == 0
    mine, theirs = (
        json.loads(
            (run_folder.member_folder(w, 0) / "metrics.jsonl")
            .read_text()
            .splitlines()[0]
        )
        for w in (tmp_path / "run", uninterrupted)
    )
    # Other rounding, and the rate has decayed further after one of two steps.
    assert mine["step"] == theirs["step"] == 2
    assert mine["loss"] == pytest.approx(theirs["loss"], rel=1e-3)


def test_a_loss_that_is_not_a_number_is_exit_code_3(tmp_path):
    config = tmp_path / "config.py"
    config.write_text(
        "from children import tiny_config\n"
        "def get_config():\n"
        "    return tiny_config(8)\n"
    )
    arguments = [
        f"--config={config}",
        f"--workdir={tmp_path / 'run'}",
        "--config.train.learning_rate=1e30",
    ]
    stderr = tmp_path / "stderr"
    assert run(command, arguments, stderr) == 3
    *bars, last = stderr.read_text().splitlines()
    assert all(line.startswith("member 0: ") for line in bars), bars
    assert last.startswith("fanet-train: The loss must be finite. Received: ")
    assert "step 2 of member 0" in last
    folder = run_folder.member_folder(tmp_path / "run", 0)
    assert not list(folder.glob("checkpoints/*"))
