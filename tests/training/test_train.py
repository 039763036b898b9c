"""Laws of a training run."""

import json
import runpy

import keras
import numpy as np
import pytest
from helpers import ROOT
from runs import small_config
from runs import write_run

from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import images
from fanet_tf.errors import InputError
from fanet_tf.files import claims
from fanet_tf.metrics.psnr import psnr
from fanet_tf.raw import ksigma
from fanet_tf.training import callbacks
from fanet_tf.training import checkpoint
from fanet_tf.training import member_phase
from fanet_tf.training import members
from fanet_tf.training import plan as plan_lib
from fanet_tf.training import run_folder
from fanet_tf.training import train
from fanet_tf.training.feed import schedule
from fanet_tf.training.feed import synthesis


def weights_of(workdir, index=0):
    path = run_folder.member_folder(workdir, index) / "member.keras"
    return keras.models.load_model(path, compile=False).get_weights()


def same(one, other):
    return all((a == b).all() for a, b in zip(one, other, strict=True))


def test_a_run_leaves_what_it_says(finished):
    config = run_folder.read_config(finished)
    assert config.to_dict() == json.loads(small_config().to_json())
    folder = run_folder.member_folder(finished, 0)
    record = json.loads((folder / "member.json").read_text())
    assert record["steps"] == 8 and set(record["psnr"]) == {"4", "32"}
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines]
    assert steps == [2, 4, 4, 6, 8, 8]  # Losses, and PSNR at 4 and 8.
    assert list(folder.glob("tensorboard/events*"))


def test_the_averaged_weights_are_saved(finished):
    saved = weights_of(finished)
    folder = run_folder.member_folder(finished, 0) / "checkpoints"
    _, state = checkpoint.latest(folder)
    raw, optimizer = state[: len(saved)], state[len(saved) :]
    assert not same(saved, raw)
    for weight in saved:
        assert any(np.array_equal(weight, array) for array in optimizer)


def test_a_config_that_does_not_fit_the_run_is_refused(finished):
    config = small_config()
    config.train.learning_rate = 2e-3
    with pytest.raises(InputError, match=r"learning_rate: 0.001 there, 0.002"):
        train.train(config, finished)


def test_an_array_starts_from_a_finished_run(finished, tmp_path, monkeypatch):
    batches, seeds = train.pipeline.batches, []

    def seen(data, phase, bank, profile, a_range, seed, *rest, **more):
        seeds.append(seed)
        return batches(data, phase, bank, profile, a_range, seed, *rest, **more)

    monkeypatch.setattr(train.pipeline, "batches", seen)
    config = small_config()
    config.nsma.members = 2
    config.train.steps = 1
    config.train.learning_rate = 0.0  # The weights stay those they start from.
    config.train.init_from = str(finished)
    train.train(config, tmp_path / "array")
    assert len(set(seeds)) == 2  # Each member sees batches of its own.
    for index in range(2):
        assert same(weights_of(tmp_path / "array", index), weights_of(finished))
    first, second = (
        json.loads((tmp_path / f"array/member_{i}/member.json").read_text())
        for i in range(2)
    )
    assert first["a_range"][1] == second["a_range"][0]
    assert set(first["psnr"]) == {"4"} and set(second["psnr"]) == {"32"}


def test_a_member_starts_alike_whatever_was_trained_before():
    config = small_config()
    (phase,) = schedule.phases(config.train, config.data)

    def start(index):
        return member_phase.build_trainer(
            config, phase, index
        ).member.get_weights()

    first, second = start(0), start(1)
    assert same(start(1), second) and same(start(0), first)
    assert not same(first, second)
    config.seed = 1
    assert not same(start(0), first)


def test_a_first_start_that_was_refused_leaves_the_folder_free(tmp_path):
    config = small_config()
    config.data.weights = (1.0, 1.0)
    with pytest.raises(InputError, match="a weight for each source"):
        train.train(config, tmp_path / "run")
    config.data.weights = (1.0,)
    config.validation.source = "nowhere"
    with pytest.raises(InputError, match="nowhere"):
        train.train(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_gains_that_no_member_is_validated_at_are_said(caplog):
    config = small_config()
    config.validation.gains = (0.5, 4.0, 100.0)
    plan_lib.of(config)
    assert "at gain 0.5, 100: the profile Sony IMX258" in caplog.text


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
    folder = run_folder.member_folder(tmp_path / "run", 0)
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
        ("nsma", "reference_signal", 1.5, "Received: 1.5"),
        ("validation", "source", "nowhere", "photographs of at least 64"),
    ],
)
def test_an_impossible_config_is_refused(
    tmp_path, section, field, value, message
):
    config = small_config()
    config[section][field] = value
    with pytest.raises(InputError, match=message):
        train.train(config, tmp_path / "run")


@pytest.mark.parametrize(
    "field, value",
    [
        ("train.precision", "bfloat16"),
        ("data.realism", "fone"),
        ("data.blur_share", 1.5),
    ],
)
def test_a_wrong_word_is_refused_before_images_are_loaded(
    field, value, tmp_path, monkeypatch
):
    monkeypatch.delattr(train.pipeline, "build_bank")
    config = small_config()
    config.update_from_flattened_dict({field: value})
    with pytest.raises(InputError, match=field):
        train.train(config, tmp_path / "run")


def test_training_lowers_the_loss(tmp_path):
    """A network that learns: the last loss is well below the first."""
    config = small_config()
    config.train.steps = 120
    config.train.learning_rate = 1e-2
    config.train.log_every = 20
    config.train.checkpoint_every = 120
    config.validation.every = 1000
    train.train(config, tmp_path / "run")
    lines = (tmp_path / "run/member_0/metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["loss"] for line in lines if "loss" in line]
    assert losses[-1] < 0.9 * losses[0]


def test_a_student_learns_from_its_teacher_in_phases(tmp_path):
    """Two patch sizes, three losses, bfloat16; then the teacher changes."""
    teacher = tmp_path / "teacher"
    write_run(teacher, members=1)
    config = small_config()
    config.loss.distillation = 1.0
    config.loss.teacher_flips = 8
    config.loss.feature = 78.7
    config.loss.teacher = str(teacher)
    config.train.patch_schedule = ((0.5, 16, 4),)
    config.train.precision = "mixed_bfloat16"
    config.validation.limit = 1
    train.train(config, tmp_path / "run")

    folder = run_folder.member_folder(tmp_path / "run", 0)
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line) for line in lines if '"loss"' in line]
    assert [record["step"] for record in losses] == [2, 4, 6, 8]
    for record in losses:
        assert set(record["losses"]) == {
            "charbonnier",
            "distillation",
            "feature",
        }
        total = sum(record["losses"].values())
        assert record["loss"] == pytest.approx(total, rel=1e-5)
    # What is saved computes in float32.
    member = keras.models.load_model(folder / "member.keras", compile=False)
    core = member.get_layer("core")
    assert {layer.compute_dtype for layer in core.layers} == {"float32"}

    page = (tmp_path / "run/training.html").read_text()
    assert page.count("<svg") == 2 and "gain 32" in page and "feature" in page

    (run_folder.member_folder(tmp_path / "run", 0) / "member.json").unlink()
    file = run_folder.member_folder(teacher, 0) / "member.keras"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(InputError, match="the teacher that .* started with"):
        train.train(config, tmp_path / "run")


def test_a_field_younger_than_the_run_has_its_default(finished, tmp_path):
    path = finished / "config.json"
    text = path.read_text()
    record = json.loads(text)
    del record["train"]["precision"], record["data"]["service"]
    # And one that had another name.
    record["data"]["b_law"] = record["data"].pop("read_noise_law")
    path.write_text(json.dumps(record))
    train.train(small_config(), finished)  # Is finished: nothing to do.
    config = small_config()
    config.train.precision = "mixed_bfloat16"
    with pytest.raises(InputError, match="precision: 'float32' there"):
        train.train(config, finished)
    path.write_text(text)


def test_impossible_phases_are_refused():
    config = small_config()
    config.train.patch_schedule = ((0.5, 16, 4), (0.25, 24, 2))
    with pytest.raises(InputError, match=r"Received: \(0.25, 24, 2\)"):
        schedule.phases(config.train, config.data)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.py")))
def test_a_config_begins_with_its_command(path):
    module = runpy.run_path(str(path))
    assert f"--config=configs/{path.name}" in module["__doc__"]
    config = module["get_config"]()
    assert (
        schedule.phases(config.train, config.data)[-1].last
        == config.train.steps
    )
    # What gated blocks multiply can run away in one step.
    assert (config.train.clip_norm > 0) == (config.model.name == "gated")
    with pytest.raises(AttributeError):
        config.train.stepz = 1  # Locked: a typo is refused.


@pytest.mark.slow
def test_a_trained_teacher_leaves_a_clean_frame_almost_alone(tmp_path):
    config = config_lib.default_config("teacher")
    config.model.base_width = 8
    config.data.batch_size = 4
    config.data.patch_size = 64
    config.train.steps = 400
    config.train.learning_rate = 2e-3
    config.train.warmup_steps = 50
    config.train.ema = 0.99
    config.validation.gains = (4.0,)
    config.validation.limit = 1
    config.validation.size = 96
    train.train(config, tmp_path)
    teacher = members.build(config.model, 96, 96)
    teacher.set_weights(weights_of(tmp_path))
    photograph = images.held_back()["astronaut"][100:292, 100:292]
    camera = camera_lib.get(config.data.camera)
    scene = captures.scene_from_srgb("astronaut", photograph, camera)
    for gain in (1.0, 4.0, 16.0, 64.0):
        capture = captures.draw(scene, gain, profile_lib.load("imx258"))
        scale, offset = ksigma.scale_offset(capture.noise)

        def run(frame, scale=scale, offset=offset):
            inputs = {
                "noisy": frame[None],
                "scale": np.float32(scale),
                "offset": np.float32(offset),
            }
            return np.clip(teacher.predict_on_batch(inputs)[0], 0.0, 1.0)

        noise = psnr(capture.noisy, capture.clean)
        assert psnr(run(capture.noisy), capture.clean) > noise
        # Of a clean frame it changes a fifth of the noise's power at most.
        assert psnr(run(capture.clean), capture.clean) > noise + 7.0


def test_two_trainings_in_one_folder_are_refused(tmp_path):
    with claims.claim(tmp_path):
        with pytest.raises(InputError, match="in use by process"):
            train.train(small_config(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["teacher.json", "training.html", "member_0/x"]
)
def test_a_folder_of_others_is_not_trained_in(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match="must be a new folder"):
        train.train(small_config(), tmp_path)
    assert (tmp_path / name).read_text() == "mine"
    assert not (tmp_path / "config.json").exists()


def test_a_member_that_is_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    workdir = tmp_path / "run"
    workdir.mkdir()
    run_folder.claim(small_config(), workdir)
    (workdir / "member_0").symlink_to("../elsewhere")
    with pytest.raises(InputError, match="Received: a link"):
        train.train(small_config(), workdir, bank=[])
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_config_with_nan_is_refused(tmp_path, value):
    config = small_config()
    config.train.learning_rate = value
    with pytest.raises(InputError, match="train.learning_rate must be a fin"):
        train.train(config, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_hostile_config_of_a_run_is_refused(tmp_path):
    (tmp_path / "config.json").write_text("[" * 200_000)
    with pytest.raises(InputError, match="at most 64 deep"):
        run_folder.read_config(tmp_path)
