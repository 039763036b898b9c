"""Runs that are extended and corrected in their own folder."""

import json
import shutil

import keras
import numpy as np
import pytest
from children import KILLED
from children import check_same
from children import run
from children import tiny_config
from children import train_until

from fanet_tf.errors import InputError
from fanet_tf.training import callbacks
from fanet_tf.training import changes
from fanet_tf.training import checkpoint
from fanet_tf.training import run_folder
from fanet_tf.training import train

STEPS, MORE = 6, 12


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    train.train(tiny_config(STEPS), workdir)
    return workdir


@pytest.fixture(scope="module")
def extended(finished, tmp_path_factory):
    """The run of `finished`, raised to `MORE` steps without a stop."""
    workdir = tmp_path_factory.mktemp("runs") / "extended"
    shutil.copytree(finished, workdir)
    train.train(tiny_config(MORE), workdir)
    return workdir


def records(workdir):
    path = run_folder.member_folder(workdir, 0) / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def files(workdir):
    """Returns the bytes of all that a user would miss."""
    return {
        path: path.read_bytes()
        for path in workdir.rglob("*")
        if path.is_file()
        and "tensorboard" not in path.parts
        and not path.name.startswith(".")
    }


def test_an_extended_run_says_so(finished, extended):
    change = {"step": STEPS, "changed": {"train.steps": [STEPS, MORE]}}
    before, after = records(finished), records(extended)
    # The past stays as it was, then comes the change, then what followed.
    assert after[: len(before) + 1] == [*before, change]
    assert after[-1]["step"] == MORE
    assert run_folder.read_config(extended).train.steps == MORE
    folder = run_folder.member_folder(extended, 0)
    member = json.loads((folder / "member.json").read_text())
    assert member["steps"] == MORE and member["changed"] == [change]
    page = (extended / "training.html").read_text()
    assert f"After step {STEPS}: train.steps {STEPS} → {MORE}." in page


def test_an_extended_run_that_is_killed_ends_bit_identical(
    finished, extended, tmp_path
):
    workdir = tmp_path / "run"
    shutil.copytree(finished, workdir)
    # In the middle of the second checkpoint behind the extension.
    assert run(train_until, workdir, MORE, ("write", 2, 0.5)) == KILLED
    old = keras.models.load_model(workdir / "member_0/member.keras")
    assert old.count_params()  # The old member serves until the new one is.
    assert run(train_until, workdir, MORE) == 0
    check_same(workdir, extended)


def test_the_rate_is_that_of_the_length_in_force(
    finished, tmp_path, monkeypatch
):
    rates = {}
    on_step = callbacks.Log.on_step

    def seen(self, logs):
        rates[self.step] = float(self.model.optimizer.learning_rate)
        on_step(self, logs)

    monkeypatch.setattr(callbacks.Log, "on_step", seen)
    workdir = tmp_path / "run"
    shutil.copytree(finished, workdir)
    config = tiny_config(MORE)
    train.train(config, workdir)
    peak = config.train.learning_rate
    assert set(rates) == {8, 10, 12}
    for step, rate in rates.items():
        expected = peak * 0.5 * (1.0 + np.cos(np.pi * step / MORE))
        assert rate == pytest.approx(expected, rel=1e-5, abs=1e-10)


def test_fewer_steps_end_a_run_with_what_it_has(tmp_path):
    workdir = tmp_path / "run"
    assert run(train_until, workdir, MORE, ("term", 5, 0.0)) == 0
    folder = run_folder.member_folder(workdir, 0)
    step, state = checkpoint.latest(folder / "checkpoints")
    with pytest.raises(InputError, match=rf"at least {step}, .* Received: 2"):
        train.train(tiny_config(2), workdir)
    assert train.train(tiny_config(step), workdir)
    member = keras.models.load_model(folder / "member.keras", compile=False)
    for weight in member.get_weights():
        assert any(np.array_equal(weight, array) for array in state)
    assert checkpoint.latest(folder / "checkpoints")[0] == step


def test_what_changes_the_past_is_refused_with_the_way_out(finished):
    before = files(finished)
    config = tiny_config(MORE)
    config.train.learning_rate = 2e-3
    config.seed = 1
    with pytest.raises(InputError) as refusal:
        train.train(config, finished)
    for part in (
        "seed: 0 there, 1 now; train.learning_rate: 0.001 there, 0.002 now",
        f"--config.train.init_from={finished}",
    ):
        assert part in str(refusal.value)
    # Other weights cannot start another network.
    config.model.mid_blocks = 2
    with pytest.raises(InputError, match="model.mid_blocks") as refusal:
        train.train(config, finished)
    assert "init_from" not in str(refusal.value)
    assert files(finished) == before


def test_a_correction_that_is_refused_leaves_the_run_as_it_was(finished):
    before = files(finished)
    config = tiny_config(MORE)
    config.validation.source = "nowhere"
    with pytest.raises(InputError, match="nowhere"):
        train.train(config, finished)
    assert files(finished) == before


def test_a_finished_member_without_checkpoints_is_not_trained_anew(
    finished, tmp_path
):
    workdir = tmp_path / "run"
    shutil.copytree(finished, workdir)
    shutil.rmtree(workdir / "member_0/checkpoints")
    before = files(workdir)
    with pytest.raises(InputError, match="must have a checkpoint .*init_from"):
        train.train(tiny_config(MORE), workdir)
    assert files(workdir) == before


def test_validation_may_change_and_fields_without_a_trace_say_nothing(
    finished, tmp_path
):
    workdir = tmp_path / "run"
    shutil.copytree(finished, workdir)
    config = tiny_config(STEPS)
    config.train.keep_checkpoints = 5
    config.train.checkpoint_every = 1
    assert train.train(config, workdir)
    assert records(workdir) == records(finished)
    config.validation.gains = (4.0, 64.0)
    assert train.train(config, workdir)
    (change,) = changes.recorded(workdir / "member_0")
    assert change["changed"] == {"validation.gains": [[16.0], [4.0, 64.0]]}


def test_a_run_without_a_step_can_be_corrected_in_every_field(tmp_path):
    workdir = tmp_path / "run"
    assert run(train_until, workdir, STEPS, ("step", 1, 0.0)) == KILLED
    assert not list(workdir.glob("member_0/checkpoints/*.ckpt"))
    (workdir / "notes.txt").write_text("mine")
    config = tiny_config(STEPS)
    config.train.learning_rate = 2e-3
    assert run_folder.claim(config, workdir).new
    assert run_folder.read_config(workdir).train.learning_rate == 2e-3
    assert (workdir / "notes.txt").read_text() == "mine"
    # Not where somebody's file lies in a member's folder.
    (workdir / "member_0").mkdir()
    (workdir / "member_0/mine").write_text("")
    config.train.learning_rate = 3e-3
    with pytest.raises(InputError, match="must keep what its steps"):
        run_folder.claim(config, workdir)


def test_a_phase_that_ends_where_a_run_is_stopped_leaves_no_trace(
    tmp_path, monkeypatch
):
    """Keras ends `fit` with the averages in the place of the weights."""

    def config():
        phased = tiny_config(6)
        phased.train.patch_schedule = ((0.5, 16, 4),)
        return phased

    train.train(config(), tmp_path / "reference")
    on_step = callbacks.Checkpoints.on_step

    def stopping(self, logs):
        if self.step == 3:
            self._sigterm.received = True
        on_step(self, logs)

    with monkeypatch.context() as patched:
        patched.setattr(callbacks.Checkpoints, "on_step", stopping)
        assert not train.train(config(), tmp_path / "run")
    assert train.train(config(), tmp_path / "run")
    check_same(tmp_path / "run", tmp_path / "reference")
