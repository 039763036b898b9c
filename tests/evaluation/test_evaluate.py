"""Evaluation: same noise for all, right means, honest JSON."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures as captures_lib
from fanet_tf.data import evaluation_sets
from fanet_tf.data import scene_kinds
from fanet_tf.evaluation import classical
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import regions
from fanet_tf.metrics import psnr as psnr_lib
from fanet_tf.training import validation

PROFILE = profile_lib.load("imx258")
CAMERA = camera_lib.get("imx258")


@pytest.fixture
def scenes(rng):
    """Two small photographs: blurred noise, 48 x 64 on the sensor."""
    photos = rng.random((2, 48, 64, 3))
    photos = np.cumsum(photos, axis=2) / np.arange(1, 65)[:, None]
    return [
        captures_lib.scene_from_srgb(name, photo, CAMERA)
        for name, photo in zip("ab", photos, strict=True)
    ]


def run(scenes, methods, gains=(1, 16), **kwargs):
    captures = captures_lib.synthetic(scenes, gains, PROFILE)
    return evaluate.evaluate(captures, methods, progress=False, **kwargs)


def test_a_scene_renders_back_to_its_photograph(rng):
    """Unprocessing and the ISP are inverses but for the brightness."""
    photo = np.full((16, 24, 3), 0.4)
    scene = captures_lib.scene_from_srgb("flat", photo, CAMERA)
    assert scene.clean.shape == (8, 12, 4)
    # The ISP does not undo the exposure: 0.8 of the light, as in UPI.
    linear = 0.8 * captures_lib.unprocess.gamma_expansion(
        captures_lib.unprocess.inverse_smoothstep(photo)
    )
    expected = captures_lib.isp.smoothstep(
        captures_lib.isp.gamma_compression(linear)
    )
    np.testing.assert_allclose(
        scene.colour.render(scene.clean), expected, atol=1e-4
    )


def test_the_noise_depends_on_seed_name_and_gain_only(scenes):
    one = captures_lib.draw(scenes[1], 4.0, PROFILE)
    again = list(captures_lib.synthetic(scenes, (1, 4), PROFILE))[3]
    assert (again.name, again.gain) == ("b", 4.0)
    np.testing.assert_array_equal(one.noisy, again.noisy)
    other = captures_lib.draw(scenes[1], 4.0, PROFILE, seed=1)
    assert np.mean(one.noisy != other.noisy) > 0.9


def test_crops_are_the_captures_that_training_validates_on(rng, tmp_path):
    image = np.uint8(255 * rng.random((50, 66, 3)))
    cv2.imwrite(str(tmp_path / "a.png"), image)
    data = evaluation_sets.photos(tmp_path, CAMERA, (4.0,), PROFILE, crop=32)
    config = config_lib.default_config()
    config.validation.source = str(tmp_path)
    config.validation.size = 32
    validated = validation.Validation(config, PROFILE, (1e-3, 2e-3))
    (scene,) = validated.scenes
    expected = captures_lib.draw(scene, 4.0, PROFILE)
    (capture,) = data.captures
    assert capture.clean.shape == (16, 16, 4)
    np.testing.assert_allclose(capture.noisy, expected.noisy, atol=1e-6)


def test_each_kind_of_scenes_is_validated_apart(rng, tmp_path):
    image = np.uint8(255 * rng.random((50, 66, 3)))
    cv2.imwrite(str(tmp_path / "a.png"), image)
    config = config_lib.default_config()
    config.validation.source = str(tmp_path)
    config.validation.size = 32
    config.validation.scenes = ("photographs", "night")
    validated = validation.Validation(config, PROFILE, (1e-3, 2e-3))
    data = evaluation_sets.photos(
        tmp_path,
        CAMERA,
        validated.gains[:1],
        PROFILE,
        crop=32,
        kind=scene_kinds.get("night"),
    )
    (capture,) = data.captures
    expected = psnr_lib.psnr(capture.noisy, capture.clean)
    assert abs(validated.noisy_psnr("night")[capture.gain] - expected) < 1e-3
    assert validated.noisy_psnr()[capture.gain] < expected - 3.0


def test_a_crop_larger_than_the_photograph_is_the_photograph(rng, tmp_path):
    cv2.imwrite(
        str(tmp_path / "a.png"), np.uint8(255 * rng.random((48, 64, 3)))
    )
    whole, crop = (
        next(
            evaluation_sets.photos(
                tmp_path, CAMERA, (4.0,), PROFILE, crop=size
            ).captures
        )
        for size in (None, 288)
    )
    np.testing.assert_array_equal(crop.noisy, whole.noisy)


def test_parts_are_judged_on_their_own_pixels(scenes):
    """A method that errs in the dark alone loses there and nowhere else."""
    dark = {s.name: regions.dark(s.clean) for s in scenes}
    captures = list(captures_lib.synthetic(scenes, (16,), PROFILE))
    clean = iter([c for c in captures])

    def denoise(noisy, noise):
        capture = next(clean)
        error = 0.01 * dark[capture.name][..., None]
        return np.float32(capture.clean + error)

    (score, _) = evaluate.evaluate(
        captures, {"m": denoise}, progress=False
    ).scores
    share = dark["a"].mean()
    assert score.values["raw_psnr_dark"] == pytest.approx(40.0, abs=1e-3)
    assert score.values["raw_psnr"] == pytest.approx(
        40.0 - 10 * np.log10(share), abs=1e-3
    )


def test_all_methods_see_the_same_captures(scenes):
    seen = {"one": [], "two": []}

    def method(name):
        def denoise(noisy, noise):
            seen[name].append(noisy.copy())
            return noisy

        return denoise

    run(scenes, {name: method(name) for name in seen})
    np.testing.assert_array_equal(seen["one"], seen["two"])
    assert len(seen["one"]) == 4


def test_means_are_means_of_the_scores(scenes):
    evaluation = run(scenes, {"identity": classical.identity})
    at_16 = [s.values["raw_psnr"] for s in evaluation.scores if s.gain == 16]
    assert len(at_16) == 2
    np.testing.assert_allclose(
        evaluation.mean("identity", 16)["raw_psnr"], np.mean(at_16)
    )
    assert evaluation.mean("identity")["captures"] == 4
    assert evaluation.gains == [1, 16]


def test_the_input_row_is_the_noise(scenes):
    evaluation = run(scenes, {"identity": classical.identity}, gains=(16,))
    capture = captures_lib.draw(scenes[0], 16, PROFILE)
    assert evaluation.scores[0].values["raw_psnr"] == psnr_lib.psnr(
        capture.noisy, np.clip(capture.clean, 0, 1)
    )


def test_json_holds_every_capture_and_no_infinity(scenes):
    perfect = {scene.name: scene.clean for scene in scenes}
    answers = iter([perfect["a"], perfect["a"], perfect["b"], perfect["b"]])
    evaluation = run(
        scenes,
        {
            "identity": evaluate.Method(classical.identity, "Input"),
            "oracle": lambda noisy, noise: next(answers),
        },
    )
    record = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert len(record["per_image"]) == 8
    assert len(record["per_gain"]) == 4
    assert record["methods"][0]["label"] == "Input"
    assert record["per_image"][1]["raw_psnr"] is None  # Infinite.
    assert record["per_image"][1]["raw_ssim"] == pytest.approx(1.0)
    assert record["means"][0]["rgb_lpips"] is None


def test_lpips_is_asked_for_srgb_pairs(scenes):
    def lpips(image, reference):
        assert image.shape == reference.shape == (48, 64, 3)
        return 0.25

    evaluation = run(scenes, {"i": classical.identity}, lpips=lpips)
    assert evaluation.mean("i")["rgb_lpips"] == 0.25


def test_a_method_that_changes_the_shape_is_refused(scenes):
    with pytest.raises(ValueError, match=r"Received: shape=\(23, 32, 4\)"):
        run(scenes, {"bad": lambda noisy, noise: noisy[1:]})


def test_a_method_that_gives_nan_is_refused(scenes):
    with pytest.raises(ValueError, match="not finite"):
        run(scenes, {"bad": lambda noisy, noise: noisy * np.nan})


@pytest.mark.parametrize("name", ["evaluate", "pairs"])
def test_the_commands_import_no_tensorflow(name):
    code = (
        f"import sys, fanet_tf.cli.{name}\n"
        "bad = {'tensorflow', 'keras', 'jax', 'torch'} & set(sys.modules)\n"
        "sys.exit(str(bad) if bad else 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
