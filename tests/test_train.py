"""Laws of a training run."""

import json

import keras
import numpy as np
import pytest
from runs import small_config

from fanet_tf import callbacks
from fanet_tf import checkpoint
from fanet_tf import train
from fanet_tf.data import synthesis
from fanet_tf.errors import InputError


def weights_of(workdir, index=0):
    path = train.member_folder(workdir, index) / "member.keras"
    return keras.models.load_model(path, compile=False).get_weights()


def same(one, other):
    return all((a == b).all() for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a run that was never stopped."""
    workdir = tmp_path_factory.mktemp("runs") / "finished"
    train.train(small_config(), workdir)
    return workdir


def test_a_run_leaves_what_it_says(finished):
    config = train.read_config(finished)
    assert config.to_dict() == json.loads(small_config().to_json())
    folder = train.member_folder(finished, 0)
    record = json.loads((folder / "member.json").read_text())
    assert record["steps"] == 8 and set(record["psnr"]) == {"4", "32"}
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == [2, 4, 4, 6, 8, 8]  # Losses, and PSNR at 4 and 8.
    assert list(folder.glob("tensorboard/events*"))


def test_a_resumed_run_is_bit_identical(finished, tmp_path, monkeypatch):
    """Killed after a checkpoint and half of the way to the next one."""

    class Killed(BaseException):
        pass

    on_batch_end = callbacks.Run.on_train_batch_end

    def kill(self, batch, logs=None):
        on_batch_end(self, batch, logs)
        if self.step == 6:
            raise Killed

    monkeypatch.setattr(callbacks.Run, "on_train_batch_end", kill)
    with pytest.raises(Killed):
        train.train(small_config(), tmp_path / "run")
    monkeypatch.undo()
    assert not train.is_finished(tmp_path / "run", 0)
    train.train(small_config(), tmp_path / "run")

    assert same(weights_of(tmp_path / "run"), weights_of(finished))
    for name in ("metrics.jsonl", "member.json"):
        mine, theirs = (
            (train.member_folder(w, 0) / name).read_text()
            for w in (tmp_path / "run", finished)
        )
        assert mine == theirs
    states = [
        checkpoint.latest(train.member_folder(w, 0) / "checkpoints")[1]
        for w in (tmp_path / "run", finished)
    ]
    assert same(*states)


def test_sigterm_saves_and_ends_cleanly(finished, tmp_path, monkeypatch):
    import os
    import signal

    on_batch_end = callbacks.Run.on_train_batch_end

    def terminate(self, batch, logs=None):
        if self.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        on_batch_end(self, batch, logs)

    monkeypatch.setattr(callbacks.Run, "on_train_batch_end", terminate)
    train.train(small_config(), tmp_path / "run")
    monkeypatch.undo()
    folder = train.member_folder(tmp_path / "run", 0)
    assert checkpoint.latest(folder / "checkpoints")[0] == 3
    train.train(small_config(), tmp_path / "run")
    assert same(weights_of(tmp_path / "run"), weights_of(finished))


def test_a_config_that_does_not_fit_the_run_is_refused(finished):
    config = small_config()
    config.train.learning_rate = 2e-3
    with pytest.raises(InputError, match=r"learning_rate: 0.001 there, 0.002"):
        train.train(config, finished)


def test_an_array_starts_from_a_finished_run(finished, tmp_path):
    config = small_config()
    config.nsma.members = 2
    config.train.steps = 1
    config.train.learning_rate = 0.0  # The weights stay those they start from.
    config.train.init_from = str(finished)
    train.train(config, tmp_path / "array")
    for index in range(2):
        assert same(weights_of(tmp_path / "array", index), weights_of(finished))
    first, second = (
        json.loads((tmp_path / f"array/member_{i}/member.json").read_text())
        for i in range(2)
    )
    assert first["a_range"][1] == second["a_range"][0]
    assert set(first["psnr"]) == {"4"} and set(second["psnr"]) == {"32"}


def test_a_batch_that_is_not_a_number_stops_before_saving(
    tmp_path, monkeypatch
):
    batch = synthesis.Synthesis.batch

    def broken(self, step):
        import tensorflow as tf

        inputs, clean = batch(self, step)
        return inputs, tf.where(step == 5, np.nan, clean)

    monkeypatch.setattr(synthesis.Synthesis, "batch", broken)
    with pytest.raises(callbacks.NonFiniteError, match="batch of step 6 of"):
        train.train(small_config(), tmp_path / "run")
    folder = train.member_folder(tmp_path / "run", 0)
    step, state = checkpoint.latest(folder / "checkpoints")
    assert step == 4 and all(np.isfinite(array).all() for array in state)


@pytest.mark.parametrize(
    "section, field, value, message",
    [
        ("model", "group_width", 3, "cannot be built"),
        ("model", "name", "resnet", "resnet"),
        ("loss", "domain", "rgb", "Received: 'rgb'"),
        ("data", "camera", "nikon", "Received: 'nikon'"),
        ("data", "profile", "imx999", "Received: 'imx999'"),
        ("train", "init_from", "nowhere", "Received: 'nowhere'"),
        ("nsma", "only", 3, "Received: 3"),
        ("validation", "source", "nowhere", "to validate on"),
    ],
)
def test_an_impossible_config_is_refused(
    tmp_path, section, field, value, message
):
    config = small_config()
    config[section][field] = value
    with pytest.raises(InputError, match=message):
        train.train(config, tmp_path / "run")


def test_training_lowers_the_loss(tmp_path):
    """A network that learns: the last loss is well below the first."""
    config = small_config()
    config.train.steps = 120
    config.train.learning_rate = 1e-2
    config.train.log_every = 20
    config.validation.every = 1000
    train.train(config, tmp_path / "run")
    lines = (tmp_path / "run/member_0/metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.9 * losses[0]
