"""Captured pairs: alignment, matching, refusals, the set on disk."""

import csv
import io
import json

import numpy as np
import pytest
import textures

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import evaluation_sets
from fanet_tf.data import paired
from fanet_tf.errors import InputError
from fanet_tf.pairs import align
from fanet_tf.pairs import build
from fanet_tf.pairs import match
from fanet_tf.pairs import plan
from fanet_tf.raw import cfa

PROFILE = profile_lib.load("imx258")
SHIFTS = [(0.3, -0.7), (3.4, 5.25), (-8.6, 12.1), (1.0, 1.0), (0.0, 0.0)]


@pytest.fixture(scope="module", params=[0, 1])
def transforms(request):
    return textures.spectra(request.param)


@pytest.fixture(scope="module")
def scene():
    return textures.spectra(0)


@pytest.fixture(scope="module")
def soft_scene():
    """Without aliasing in the planes."""
    return textures.spectra(0, cutoff=0.2)


def noisy_pair(transforms, gain, rows, columns, brightness=1.0):
    noise = PROFILE.noise(gain)
    clean = textures.frame(transforms)
    moved = brightness * textures.frame(transforms, rows, columns)
    return textures.add_noise(moved, noise), clean, noise


@pytest.mark.parametrize("rows, columns", SHIFTS)
@pytest.mark.parametrize("gain", [1, 8, 64])
def test_a_known_shift_is_recovered(transforms, gain, rows, columns):
    noisy, clean, _ = noisy_pair(transforms, gain, rows, columns)
    shift = align.estimate(noisy, clean)
    assert abs(shift.rows - rows) < 0.05  # As docs/pairs.md says.
    assert abs(shift.columns - columns) < 0.05


@pytest.mark.parametrize("gain", [1, 64])
def test_a_shift_is_recovered_in_other_light(scene, gain):
    """The promise of the exposure times is 15 % off."""
    noisy, clean, noise = noisy_pair(scene, gain, 3.4, -1.3, brightness=0.85)
    pair = build.make_pair(noisy, clean, noise, promised=1.0)
    assert abs(pair.shift.rows - 3.4) < 0.05
    assert abs(pair.shift.columns + 1.3) < 0.05
    np.testing.assert_allclose(pair.brightness.measured, 0.85, rtol=0.005)


def test_alignment_brings_the_pair_to_its_noise(soft_scene):
    noisy, clean, noise = noisy_pair(soft_scene, 8, 2.6, -4.2)
    pair = build.make_pair(noisy, clean, noise, promised=1.0)
    expected = -10 * np.log10(noise.a[0] * clean.mean() + noise.b[0])
    assert pair.psnr > pair.psnr_before + 3
    assert abs(pair.psnr - expected) < 0.5
    assert pair.valid.mean() > 0.93
    np.testing.assert_array_equal(pair.noisy, noisy)  # Never resampled.


def test_an_even_shift_copies_samples_and_keeps_the_phase(rng):
    packed = rng.random((16, 24, 4), dtype=np.float32)
    moved, inside = align.apply(packed, 4.0, -6.03)
    np.testing.assert_array_equal(moved[2:, :-3], packed[:-2, 3:])
    assert inside[2:, :-3].all() and not inside[:2].any()
    mosaic, shifted = (cfa.unpack(x[None])[0, ..., 0] for x in (packed, moved))
    np.testing.assert_array_equal(shifted[4:, :-6], mosaic[:-4, 6:])


def test_a_fractional_shift_is_that_of_the_scene(soft_scene):
    moved, inside = align.apply(textures.frame(soft_scene), 1.3, -0.8)
    expected = textures.frame(soft_scene, 1.3, -0.8)
    error = (moved - expected)[inside]
    # The scene's own deviation is 0.13.
    assert np.sqrt(np.mean(error**2)) < 0.005


def test_a_pair_without_features_is_refused(rng):
    noise = PROFILE.noise(4)
    clean = np.full((200, 256, 4), 0.3, np.float32)
    noisy = textures.add_noise(clean, noise)
    with pytest.raises(align.RefusedError, match="features are too few"):
        align.estimate(noisy, clean)


def test_two_different_scenes_are_refused(scene):
    other = textures.frame(textures.spectra(7))
    with pytest.raises(align.RefusedError, match="few|disagree"):
        align.estimate(other, textures.frame(scene))


def test_two_halves_that_move_apart_are_refused(scene):
    clean = textures.frame(scene)
    noisy = clean.copy()
    noisy[:, 160:] = textures.frame(scene, 6.0, 0.0)[:, 160:]
    with pytest.raises(align.RefusedError, match="flows disagree"):
        align.estimate(noisy, clean)


def test_a_turned_camera_is_refused(scene):
    import cv2

    clean = textures.frame(scene)
    height, width = clean.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), 0.5, 1.0)
    turned = cv2.warpAffine(
        clean, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101
    )
    with pytest.raises(align.RefusedError, match="turned or zoomed"):
        align.estimate(turned, clean)


@pytest.mark.parametrize("gain", [1, 16])
def test_a_large_moving_object_is_refused(scene, gain):
    clean = textures.frame(scene)
    moved = clean.copy()
    moved[60:200, 60:280] = textures.frame(textures.spectra(9))[60:200, 60:280]
    noise = PROFILE.noise(gain)
    noisy = textures.add_noise(moved, noise)
    with pytest.raises(align.RefusedError, match="disagree|moved|few"):
        build.make_pair(noisy, clean, noise, 1.0)


@pytest.mark.parametrize("gain", [1, 16])
def test_a_small_moving_object_is_masked(scene, gain):
    clean = textures.frame(scene)
    moved = clean.copy()
    moved[100:140, 100:150] = 0.3
    noise = PROFILE.noise(gain)
    noisy = textures.add_noise(moved, noise)
    pair = build.make_pair(noisy, clean, noise, 1.0)
    assert pair.valid[105:135, 105:145].mean() < 0.25
    assert pair.valid[10:90, 10:-10].mean() > 0.97


def test_saturated_pixels_are_masked_in_all_planes(scene):
    noisy, clean, noise = noisy_pair(scene, 2, 0, 0)
    noisy[50, 60, 3] = 1.0
    assert match.saturated(noisy, clean)[49:52, 59:62].all()


def test_brightness_that_breaks_its_promise_is_refused(scene):
    noisy, clean, noise = noisy_pair(scene, 2, 0, 0, brightness=0.5)
    with pytest.raises(align.RefusedError, match="brightness cannot be"):
        build.make_pair(noisy, clean, noise, 1.0)


def test_light_of_another_colour_is_refused(scene):
    noisy, clean, noise = noisy_pair(scene, 2, 0, 0)
    noisy[..., 0] *= 0.85
    with pytest.raises(align.RefusedError, match="light changed"):
        build.make_pair(noisy, clean, noise, 1.0)


def test_a_plan_promises_equal_brightness_and_reads_back(tmp_path):
    shots = plan.make(3, 4, seed=5)
    assert shots == plan.make(3, 4, seed=5)
    assert all(1 <= s.gain <= 64 for s in shots)
    path = tmp_path / "captures.csv"
    path.write_text(plan.to_csv(shots))
    scenes = plan.by_scene(plan.read(path))
    assert list(scenes) == ["01", "02", "03"]
    for clean, noisy in scenes.values():
        assert clean.gain == 1 and len(noisy) == 4
        for shot in noisy:
            np.testing.assert_allclose(shot.exposure, clean.exposure, rtol=1e-3)


@pytest.mark.parametrize(
    "text, words",
    [
        ("scene,role\n1,noisy\n", "must have lines, and the columns"),
        ("", "must have lines"),
        ("1,noisy,x,5,f.dng", "line 2: `gain` must be a positive number"),
        ("1,noisy,-2,5,f.dng", "Received: '-2'"),
        ("1,dark,1,5,f.dng", "Received: 'dark'"),
    ],
)
def test_a_faulty_list_is_refused(tmp_path, text, words):
    path = tmp_path / "captures.csv"
    header = ",".join(plan.COLUMNS) + "\n"
    path.write_text(text if "\n" in text or not text else header + text)
    with pytest.raises(InputError, match=words):
        plan.read(path)


def test_a_scene_without_its_clean_frame_is_refused():
    shot = plan.Shot("1", "noisy", 2.0, 3.0, "a.dng")
    with pytest.raises(InputError, match="0 clean, 1 noisy"):
        plan.by_scene([shot])


@pytest.fixture
def captures(tmp_path, scene):
    """Three captures as `.npy` mosaics, GRBG; the last is of another place."""
    frames = {
        "clean.npy": textures.frame(scene),
        "a.npy": noisy_pair(scene, 4, 2.5, -3.0)[0],
        "b.npy": noisy_pair(textures.spectra(8), 16, 0, 0)[0],
    }
    for name, packed in frames.items():
        mosaic = cfa.unpack(packed[None])[0, :, :, 0]
        # A column before the first makes it GRBG.
        np.save(tmp_path / name, np.pad(mosaic, ((0, 0), (1, 1)), "reflect"))
    rows = [
        ("1", "clean", "1", "100", "clean.npy"),
        ("1", "noisy", "4", "25", "a.npy"),
        ("1", "noisy", "16", "6.25", "b.npy"),
    ]
    text = io.StringIO()
    csv.writer(text).writerows([plan.COLUMNS, *rows])
    (tmp_path / "captures.csv").write_text(text.getvalue())
    return tmp_path


def test_a_set_is_built_read_and_evaluated(captures, tmp_path):
    shots = plan.read(captures / "captures.csv")
    output = tmp_path / "set"
    index = build.build(
        shots,
        captures,
        PROFILE,
        output,
        raw_format=lambda path: build.reader.NpyFormat("GRBG"),
        progress=False,
    )
    assert [pair["name"] for pair in index["pairs"]] == ["a"]
    assert [r["name"] for r in index["refused"]] == ["b"]
    written = json.loads((output / "index.json").read_text())
    assert written == json.loads(json.dumps(index))
    page = (output / "index.html").read_text()
    assert "rows" in page and "Refused" in page and "http" not in page
    assert {p.name for p in output.iterdir()} == {
        "a",
        "index.html",
        "index.json",
    }
    np.testing.assert_allclose(index["pairs"][0]["a"], PROFILE.noise(4).a[0])
    data = evaluation_sets.pairs(output)
    (capture,) = data.captures
    assert capture.gain == 4 and capture.noisy.dtype == np.float32
    assert capture.valid.shape == capture.noisy.shape[:2]
    error = (capture.noisy - capture.clean)[capture.valid]
    np.testing.assert_allclose(
        -10 * np.log10(np.mean(error.astype(np.float64) ** 2)),
        index["pairs"][0]["psnr"],
        atol=1e-3,
    )


def test_a_set_of_refused_pairs_is_an_error_and_leaves_no_index(captures):
    shots = [s for s in plan.read(captures / "captures.csv") if s.gain != 4]
    with pytest.raises(InputError, match="1 refused, the first b"):
        build.build(
            shots,
            captures,
            PROFILE,
            captures / "set",
            raw_format=lambda path: build.reader.NpyFormat("GRBG"),
            progress=False,
        )
    assert not (captures / "set").exists()


def test_a_missing_capture_is_named(captures):
    (captures / "a.npy").unlink()
    shots = plan.read(captures / "captures.csv")
    with pytest.raises(InputError, match="Missing: 1, the first a.npy"):
        build.build(shots, captures, PROFILE, captures / "set")


def make_list(folder, *files):
    lines = ["scene,role,gain,exposure_ms,file", "01,clean,1,1280,clean.npy"]
    lines += [f"01,noisy,4,320,{file}" for file in files]
    path = folder / "list.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    "file",
    ["...npy", "..npy", "../a.npy", "a/../../b.npy", "/etc/a.npy", ".npy"]
    + ["a\x1b[2J.npy", "x/.hidden.npy", "a/", f"{'x' * 201}.npy"],
)
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path, file):
    with pytest.raises(InputError, match="`file` of line 3 of"):
        plan.read(make_list(tmp_path, file))


@pytest.mark.parametrize("second", ["b/IMG_1.npy", "IMG_1.dng", "img_1.npy"])
def test_two_captures_of_one_name_are_refused(tmp_path, second):
    with pytest.raises(InputError, match="names of their own"):
        plan.read(make_list(tmp_path, "a/IMG_1.npy", second))


@pytest.mark.parametrize("number", ["nan", "inf", "1e300", "-1", "0"])
def test_numbers_of_a_list_are_sensible(tmp_path, number):
    path = make_list(tmp_path, "a.npy")
    path.write_text(path.read_text().replace(",4,320,", f",{number},320,"))
    with pytest.raises(InputError, match="line 3: `gain` must be a positive"):
        plan.read(path)


def build_set(captures, output):
    return build.build(
        plan.read(captures / "captures.csv"),
        captures,
        PROFILE,
        output,
        raw_format=lambda path: build.reader.NpyFormat("GRBG"),
        progress=False,
    )


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_set_is_replaced_and_nothing_else(captures, tmp_path):
    for _ in range(2):
        build_set(captures, tmp_path / "set")
    paired.read_index(tmp_path / "set")
    (tmp_path / "set/a/notes.txt").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(InputError, match="a folder with a/notes.txt"):
        build_set(captures, tmp_path / "set")
    assert tree(tmp_path) == before


def test_a_user_s_own_pairs_are_not_replaced(captures, tmp_path):
    """They look like ours, but no index names them."""
    build_set(captures, tmp_path / "set")
    (tmp_path / "set/mine").mkdir()
    np.save(tmp_path / "set/mine/clean.npy", np.zeros(3))
    with pytest.raises(InputError, match="none of its pairs"):
        build_set(captures, tmp_path / "set")
    assert (tmp_path / "set/mine/clean.npy").exists()


def test_a_folder_of_photographs_is_no_output(captures):
    before = tree(captures)
    with pytest.raises(InputError, match="must be a new folder"):
        build_set(captures, captures)
    assert tree(captures) == before


@pytest.mark.parametrize("name", ["..", "../secret", "", ".", "a/b", None, 3])
def test_a_set_from_elsewhere_reads_nothing_outside(captures, tmp_path, name):
    build_set(captures, tmp_path / "set")
    index = paired.read_index(tmp_path / "set")
    record = {**index["pairs"][0], "name": name}
    with pytest.raises(InputError, match="a pair's name must be"):
        paired.read_capture(tmp_path / "set", record)


@pytest.mark.parametrize(
    "field, value",
    [("a", float("nan")), ("a", 0), ("b", -1), ("gain", "4"), ("a", 10**400)],
)
def test_noise_of_a_set_is_finite(captures, tmp_path, field, value):
    build_set(captures, tmp_path / "set")
    index = paired.read_index(tmp_path / "set")
    record = {**index["pairs"][0], field: value}
    with pytest.raises(InputError, match=f"`{field}` must be a finite"):
        paired.read_capture(tmp_path / "set", record)


def test_copies_of_one_frame_are_no_pair(scene):
    clean = textures.frame(scene)
    with pytest.raises(align.RefusedError, match="copies of one"):
        build.make_pair(clean, clean, PROFILE.noise(4.0), promised=1.0)
