"""Laws of the training batches."""

import dataclasses
import json

import cv2
import ml_collections
import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.terms import GainTerms
from fanet_tf.calibration.terms import Terms
from fanet_tf.data import camera
from fanet_tf.errors import InputError
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw import sensor_presets
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import optics
from fanet_tf.training.feed import synthesis


@pytest.fixture(scope="module")
def bank():
    return bank_lib.build(("dead_leaves:2",), (1.0,), 0.5, seed=0, smallest=64)


def make(bank, **changes):
    profile = profile_lib.load("imx258")
    arguments = {
        "bank": bank,
        "camera": camera.get("imx258"),
        "profile": profile,
        "a_range": (float(profile.a(1)), float(profile.a(64))),
        "read_noise_law": "auto",
        "batch_size": 4,
        "patch_size": 48,
        "seed": 0,
        **changes,
    }
    return synthesis.Synthesis(**arguments)


def test_a_batch_is_a_function_of_seed_and_step(bank):
    steps = synthesis.batches(make(bank), 3, 6)
    for step, (inputs, clean) in zip(range(3, 6), steps, strict=True):
        # Made again alone, eagerly.
        again, clean_again = make(bank).batch(tf.constant(step, tf.int64))
        np.testing.assert_allclose(clean, clean_again, atol=1e-6)
        for name, value in inputs.items():
            np.testing.assert_allclose(value, again[name], rtol=1e-5)


def test_another_step_or_seed_is_another_batch(bank):
    first = make(bank).batch(0)[1]
    for other in (make(bank).batch(1)[1], make(bank, seed=1).batch(0)[1]):
        assert np.abs(first - other).max() > 0.01


def test_batches_have_the_members_inputs(bank):
    inputs, clean = make(bank).batch(0)
    assert clean.shape == (4, 24, 24, 4)
    assert inputs["noisy"].shape == (4, 24, 24, 4)
    assert inputs["scale"].shape == inputs["offset"].shape == (4, 1, 1, 1)
    for array in (*inputs.values(), clean):
        assert array.dtype == tf.float32
        assert np.isfinite(array).all()
    assert 0.0 <= clean.numpy().min() and clean.numpy().max() <= 1.0


def test_the_noise_of_a_batch_is_that_of_its_scale_and_offset(bank):
    sample = make(bank, batch_size=64, patch_size=64)
    inputs, clean = sample.batch(0)
    a = 1.0 / inputs["scale"]
    b = inputs["offset"] * a * a
    deviations = ((inputs["noisy"] - clean) / np.sqrt(a * clean + b)).numpy()
    # Where neither black nor white clips.
    margin = 4 * np.sqrt(a * clean + b)
    inside = ((clean > margin) & (clean < 1 - margin)).numpy()
    assert inside.sum() > 10_000
    assert deviations[inside].std() == pytest.approx(1.0, abs=0.02)
    assert deviations[inside].mean() == pytest.approx(0.0, abs=0.02)


def test_without_a_sensor_model_the_noise_is_the_papers_bit_for_bit(bank):
    sample = make(bank)
    inputs, clean = sample.batch(tf.constant(5, tf.int64))
    seeds = tf.random.split(tf.constant([0, 5], tf.int64), 4, alg="philox")
    params = sample.noise(seeds[2])
    normal = tf.random.stateless_normal(clean.shape, seeds[3], alg="philox")
    noisy = noise_lib.add_noise(clean, params, normal, tnp)
    np.testing.assert_array_equal(inputs["noisy"], noisy)
    data = config_lib.default_config().data
    assert synthesis.sensor_of(data) is None
    assert synthesis.below_black(data) == "clipped"
    # Older runs do not have the field.
    assert synthesis.sensor_of(ml_collections.ConfigDict()) is None


def test_a_phones_batches_are_functions_of_seed_and_step(bank):
    sample = make(bank, sensor=sensor_presets.PHONE, batch_size=16)
    for step, (inputs, clean) in enumerate(synthesis.batches(sample, 0, 2)):
        again, clean_again = sample.batch(tf.constant(step, tf.int64))
        np.testing.assert_allclose(clean, clean_again, atol=1e-6)
        for name, value in inputs.items():
            assert value.dtype == tf.float32
            np.testing.assert_allclose(value, again[name], rtol=1e-4, atol=2e-3)
    assert inputs["noisy"].numpy().min() < 0.0
    assert inputs["noisy"].numpy().max() <= 1.0
    assert 0.0 <= clean.numpy().min() and clean.numpy().max() <= 1.0


def test_a_config_names_its_sensor_model_and_leaves_terms_out():
    data = config_lib.default_config().data
    data.realism = "phone"
    assert synthesis.sensor_of(data) == sensor_presets.PHONE
    assert synthesis.below_black(data) == "signed"
    data.realism_without = ("defects", "signed")
    assert synthesis.sensor_of(data).defect_rate == (0.0, 0.0)
    assert synthesis.below_black(data) == "clipped"
    for field, value in (("realism", "eye"), ("realism_without", ("dust",))):
        data = config_lib.default_config().data
        data.realism = "phone"
        data[field] = value
        with pytest.raises(InputError, match="`data.realism`.*Received"):
            synthesis.sensor_of(data)


def measured(tmp_path):
    """A profile file with terms, of two gains; clipped at 64 of 1023."""
    interval = {"row": 0.1, "column": 0.0, "kurtosis": 0.0}
    interval |= {"correlation_down": 0.0, "correlation_across": 0.3}
    gains = tuple(
        GainTerms(
            gain=gain,
            num_frames=8,
            black_level=(64.0,) * 4,
            black_level_interval=((63.9, 64.1),) * 4,
            black_error=(gain / 1e4,) * 4,
            black_drift=0.0,
            read=1e-3,
            **interval,
            **{f"{name}_interval": (-1, 1) for name in interval},
        )
        for gain in (1.0, 64.0)
    )
    profile = dataclasses.replace(
        profile_lib.load("imx258"),
        terms=Terms(gains=gains, pedestal=64 / 959, bits=10),
    )
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(profile.to_json()))
    return str(path)


def test_a_run_takes_the_terms_of_its_own_profile(bank, tmp_path):
    data = config_lib.default_config().data
    data.realism, data.profile = "profile", measured(tmp_path)
    data.realism_without = ("told",)
    sensor = synthesis.sensor_of(data)
    assert synthesis.below_black(data) == "signed"
    assert sensor.models[0].told_deviation == (0.0, 0.0)
    sample = make(bank, sensor=sensor, batch_size=8, patch_size=64)
    ((inputs, clean),) = synthesis.batches(sample, 0, 1)
    again, _ = sample.batch(tf.constant(0, tf.int64))
    np.testing.assert_allclose(inputs["noisy"], again["noisy"], atol=2e-3)
    noise = (inputs["noisy"] - clean).numpy()
    a = 1.0 / inputs["scale"].numpy().ravel()
    gain = profile_lib.load("imx258").gain(a)
    # The black level's error of each crop follows its gain, in log a.
    error = 1e-4 + (64e-4 - 1e-4) * np.log(gain) / np.log(64)
    assert noise.mean() == pytest.approx(error.mean(), rel=0.15)
    # 10-bit counts above that error, down to the pedestal.
    counts = (inputs["noisy"].numpy() - error[:, None, None, None]) * 959.0
    inside = inputs["noisy"].numpy() < 0.99
    off = np.abs(counts - np.round(counts))[inside]
    assert off.max() < 0.01
    assert counts.min() >= -64.01


def test_a_profile_without_terms_is_refused_as_realism():
    data = config_lib.default_config().data
    data.realism = "profile"
    with pytest.raises(InputError, match="`data.realism`.*--dark"):
        synthesis.sensor_of(data)


def test_a_stays_in_its_subrange_and_b_follows_the_gain_law(bank):
    profile = profile_lib.load("imx258")
    sample = make(bank, a_range=(1e-3, 2e-3), batch_size=256)
    a, b = (np.asarray(p) for p in sample.noise(tf.constant([0, 1])))
    assert a.min() >= 1e-3 * 0.999 and a.max() <= 2e-3 * 1.001
    np.testing.assert_allclose(b, profile.b(profile.gain(a)), rtol=1e-4)
    assert np.median(np.log(a)) == pytest.approx(np.log(2e-6) / 2, abs=0.08)


def test_the_papers_line_is_sampled_when_asked(bank):
    profile = profile_lib.load("imx258")
    a, b = make(bank, read_noise_law="line").noise(tf.constant([0, 1]))
    np.testing.assert_allclose(b, profile.line_b(np.asarray(a)), rtol=1e-4)
    sample = make(bank, read_noise_law="line_scatter", batch_size=512)
    a, b = sample.noise(tf.constant([0, 1]))
    scatter = np.log(np.asarray(b) / profile.line_b(np.asarray(a))).std()
    assert scatter == pytest.approx(profile.line.scatter, rel=0.1)


@pytest.mark.parametrize(
    "changes",
    [{"read_noise_law": "cubic"}, {"patch_size": 33}, {"patch_size": 0}],
)
def test_impossible_batches_are_refused(bank, changes):
    with pytest.raises(InputError, match=f"{next(iter(changes.values()))}"):
        make(bank, **changes)


def test_crops_are_flipped_and_transposed_pieces_of_the_images():
    # A coordinate image: each pixel holds its row and column.
    row, column = np.mgrid[0:40, 0:56].astype(np.uint16)
    image = np.stack([row, column, np.zeros_like(row)], axis=-1)
    bank = bank_lib.Bank(
        tf.constant(image.reshape(-1, 3)),
        tf.constant([0]),
        tf.constant([40]),
        tf.constant([56]),
        tf.constant([1.0]),
    )
    seen = set()
    cells = bank_lib.crops(bank, [1, 2], 64, 16).numpy().astype(int)
    crops = cells.reshape(64, 8, 8, 2, 2, 3).swapaxes(2, 3)
    for crop in crops.reshape(64, 16, 16, 3):
        rows = np.diff(crop[..., 0], axis=0), np.diff(crop[..., 0], axis=1)
        columns = np.diff(crop[..., 1], axis=0), np.diff(crop[..., 1], axis=1)
        moves = tuple(set(d.ravel()) for d in (*rows, *columns))
        assert all(len(move) == 1 for move in moves)  # No pixel is skipped.
        seen.add(tuple(move.pop() for move in moves))
    assert len(seen) == 8  # Two flips times one transposition.


def test_images_smaller_than_a_patch_are_refused_by_name(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 90, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "b.png"), np.zeros((99, 90, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((90, 63, 3), np.uint8))
    message = "at least 64 pixels .*a.png of 90 x 20; .*c.png of 63 x 90$"
    with pytest.raises(InputError, match=message):
        bank_lib.build((str(tmp_path),), (1.0,), 0.0, seed=0, smallest=64)


def test_optics_change_the_crops_and_not_the_draws(bank):
    plain = make(bank).batch(0)
    dark = make(bank, optics=optics.Optics(dark_share=1.0)).batch(0)
    # The same crop, cameras and noise strengths, fewer photons.
    factor = (dark[1] / plain[1]).numpy()
    spread = np.ptp(factor.reshape(len(factor), -1), axis=1)
    assert np.nanmax(spread) < 1e-4 and np.nanmax(factor) <= 0.5
    np.testing.assert_array_equal(dark[0]["scale"], plain[0]["scale"])
    soft = make(bank, optics=optics.Optics(blur_share=1.0)).batch(0)
    assert soft[1].numpy().std() < plain[1].numpy().std()
