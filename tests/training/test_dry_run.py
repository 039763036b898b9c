"""A dry run says what a run leaves, and leaves nothing but its picture."""

import re

import cv2
import keras
import numpy as np
import pytest
from runs import small_config

from fanet_tf.errors import InputError
from fanet_tf.training import dry_run
from fanet_tf.training import run_folder


def snapshot(folder):
    return {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in folder.rglob("*")
    }


def test_a_dry_run_agrees_with_the_run_and_leaves_it_alone(
    finished, tmp_path, monkeypatch
):
    seen, measure = [], dry_run.estimate_lib.measure

    def measured(*arguments):
        seen.append(measure(*arguments, steps=8))
        return seen[-1]

    monkeypatch.setattr(dry_run.estimate_lib, "measure", measured)
    monkeypatch.setattr(dry_run.inventory, "_CROPS", 8)
    config = small_config()
    config.train.steps = 16  # Eight more than it has done.
    before = snapshot(finished)
    picture = tmp_path / "dry_run.png"
    text = "\n".join(dry_run.lines(config, finished, picture))
    assert snapshot(finished) == before
    assert list(tmp_path.iterdir()) == [picture]

    folder = run_folder.member_folder(finished, 0)
    member = keras.models.load_model(folder / "member.keras", compile=False)
    count = sum(np.size(w) for w in member.trainable_weights)
    assert f": {count:,} parameters" in text
    assert "1 of 1: 0 (gains 1 to 64, 8 steps done)" in text
    assert "16 on 2 crops of 32 x 32 pixels" in text
    assert "dead_leaves:1: 1 image, 100% of crops, sharpness" in text

    (estimate,) = seen
    saved = list((folder / "checkpoints").iterdir())
    assert estimate.checkpoints == len(saved)
    # The digits of the step and of the times inside differ.
    for path in saved:
        assert abs(estimate.checkpoint_bytes - path.stat().st_size) < 64
    size = (folder / "member.keras").stat().st_size
    assert abs(estimate.member_bytes - size) < 64
    assert estimate.validations() == 4 and estimate.validations(8) == 2
    assert estimate.seconds(8) == pytest.approx(estimate.seconds() / 2)

    rows = cv2.imread(str(picture)).astype(float)
    assert rows.shape == (2 * 32 + 8, 72 + 4 * (8 + 32), 3)
    low, high = rows[:32], rows[40:]
    clean, noisy = slice(80, 112), slice(120, 152)
    assert np.array_equal(low[:, clean], high[:, clean])
    noise = [np.std(row[:, noisy] - row[:, clean]) for row in (low, high)]
    assert 0 < 1.5 * noise[0] < noise[1]  # Gains 4 and 32.


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("train.learning_rate", 2e-3, "learning_rate: 0.001 there, 0.002"),
        ("train.precision", "bfloat16", "precision"),
        ("nsma.only", 3, "Received: 3"),
        ("train.init_from", "nowhere", "init_from: '' there"),
    ],
)
def test_a_dry_run_refuses_what_the_run_refuses(
    finished, tmp_path, field, value, message
):
    config = small_config()
    config.update_from_flattened_dict({field: value})
    with pytest.raises(InputError, match=re.escape(message)):
        list(dry_run.lines(config, finished, tmp_path / "dry_run.png"))
    assert not list(tmp_path.iterdir())


def test_nothing_of_others_is_replaced_or_trained_in(tmp_path):
    picture = tmp_path / "dry_run.png"
    picture.write_text("mine")
    with pytest.raises(InputError, match="a file of another origin"):
        list(dry_run.lines(small_config(), None, picture))
    assert picture.read_text() == "mine"
    (tmp_path / "training.html").write_text("mine")
    with pytest.raises(InputError, match="must be a new folder"):
        list(dry_run.lines(small_config(), tmp_path, tmp_path / "new.png"))
    with pytest.raises(InputError, match="must be a .png file"):
        list(dry_run.lines(small_config(), None, tmp_path / "new.jpg"))


def test_a_finished_run_has_nothing_left(finished, tmp_path):
    lines = dry_run.lines(small_config(), finished, tmp_path / "dry_run.png")
    assert list(lines) == [f"{finished} is finished."]
    assert not list(tmp_path.iterdir())
