"""How every command starts and fails."""

import subprocess

import pytest
from helpers import ROOT

COMMANDS = (
    "fanet_tf.cli.calibrate",
    "fanet_tf.cli.denoise",
    "fanet_tf.cli.evaluate",
    "fanet_tf.cli.pairs",
    "export.quickstart.cli",
    "fanet_tf.cli.train",
    "export.card.cli",
    "export.cli",
)
TRAIN = "fanet_tf.cli.train"
EXPORT = "export.cli"


def run(module, *arguments):
    import sys

    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def assert_one_line(result, *words):
    assert result.returncode == 2, result.stderr
    lines = [x for x in result.stderr.splitlines() if x.strip()]
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize("module", COMMANDS)
def test_help_lists_the_flags(module):
    result = run(module, "--help")
    assert result.returncode == 0
    assert "Example:" in result.stdout and "  --" in result.stdout
    lines = result.stdout.splitlines()
    assert len(lines) <= 50 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("module", COMMANDS)
def test_an_unknown_flag_is_one_line(module):
    assert_one_line(run(module, "--nosuchflag=1"), "nosuchflag")


def test_a_training_needs_a_folder_unless_it_is_dry():
    assert_one_line(
        run(TRAIN), "--dry_run; --config must be given", "--workdir=DIR must"
    )


def test_every_typo_of_a_config_is_named_with_its_neighbour(tmp_path):
    result = run(
        TRAIN,
        "--config=configs/minutes.py",
        f"--workdir={tmp_path}/run",
        "--config.train.stepz=3",
        "--config.data.batchsize=3",
    )
    assert_one_line(result, "config.train.steps", "config.data.batch_size")


def test_a_missing_config_is_one_line(tmp_path):
    result = run(
        TRAIN, "--config=configs/minuets.py", f"--workdir={tmp_path}/run"
    )
    assert_one_line(result, "'configs/minuets.py' (near it: configs/minutes.py")
    assert not (tmp_path / "run").exists()


def test_a_misspelt_config_field_is_one_line(tmp_path):
    result = run(
        TRAIN,
        "--config=configs/fan.py",
        "--config.train.stpes=1",
        f"--workdir={tmp_path}/run",
    )
    assert_one_line(result, "stpes")
    assert not (tmp_path / "run").exists()


def test_what_a_config_file_refuses_is_one_line_without_its_way(tmp_path):
    result = run(
        TRAIN, "--config=configs/imx258.py:sharde", f"--workdir={tmp_path}/run"
    )
    assert_one_line(result, "shared, array", "Received: 'sharde'")
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "run").exists()


def test_a_value_of_the_wrong_type_is_one_line(tmp_path):
    result = run(
        TRAIN,
        "--config=configs/fan.py",
        "--config.train.steps=many",
        f"--workdir={tmp_path}/run",
    )
    assert_one_line(
        result,
        "--config.train.steps must be a whole number. Received: 'many'",
    )


def test_a_required_flag_is_asked_for():
    assert_one_line(run(EXPORT, "--output=x"), "workdir")


def test_a_folder_that_is_no_run_is_one_line(tmp_path):
    result = run(EXPORT, f"--workdir={tmp_path}", f"--output={tmp_path}/b")
    assert_one_line(result, "config.json")
    assert not (tmp_path / "b").exists()


def test_a_reader_that_leaves_early_is_no_traceback():
    """As in `fanet-export --help | head`."""
    import os
    import sys

    reader, writer = os.pipe()
    os.close(reader)
    result = subprocess.run(
        [sys.executable, "-m", EXPORT, "--help"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    os.close(writer)
    assert (result.returncode, result.stderr) == (141, "")
