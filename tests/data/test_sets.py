"""Readers of published sets, on small files of the real format."""

import numpy as np
import published_sets
import pytest
import raw_files
import scipy.io

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import damage as damage_lib
from fanet_tf.data import evaluation_sets
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import matfile
from fanet_tf.data import paired
from fanet_tf.data import sid
from fanet_tf.data import sidd
from fanet_tf.errors import InputError
from fanet_tf.evaluation import evaluate
from fanet_tf.raw import cfa

PROFILE = profile_lib.load("imx258")
CAMERA = camera_lib.get("imx258")


@pytest.mark.parametrize("in_sub_ifd", [False, True])
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_sidd_is_read_with_the_pattern_of_its_metadata(
    tmp_path, pattern, in_sub_ifd
):
    noisy, clean = published_sets.make_sidd(tmp_path, pattern, in_sub_ifd)[
        "010"
    ]
    (pair,) = sidd.find(tmp_path)
    assert pair.iso == 800
    capture = sidd.read_capture(pair)
    row, column = cfa.rggb_origin(pattern)
    # The first red pixel of the mosaic is the first of the red plane.
    assert capture.noisy[0, 0, 0] == noisy[row, column]
    assert capture.clean[2, 3, 0] == clean[row + 4, column + 6]
    assert capture.clean[0, 0, 3] == clean[row + 1, column + 1]
    np.testing.assert_allclose(capture.noise.a, [2.5e-3])
    np.testing.assert_allclose(capture.noise.b, [1.5e-5])
    assert capture.colour.red_gain == 2.0
    np.testing.assert_allclose(capture.colour.blue_gain, 1.6)


@pytest.mark.parametrize("pattern", ["RGGB", "GBRG"])
@pytest.mark.parametrize("y, x", [(4, 6), (3, 5)])
def test_a_window_of_sidd_is_that_of_the_whole(tmp_path, pattern, y, x):
    published_sets.make_sidd(tmp_path, pattern)
    (pair,) = sidd.find(tmp_path)
    part = sidd.read_clean(pair, (y, x, 12, 16)).clean
    mosaic = matfile.read_array(pair.clean, "x")[y : y + 12, x : x + 16]
    shifted = cfa.shift_pattern(pattern, y, x)
    expected = cfa.pack(cfa.to_rggb(mosaic[None, ..., None], shifted))[0]
    np.testing.assert_array_equal(part, expected)


def test_sidd_without_its_files_says_what_and_where(tmp_path):
    with pytest.raises(InputError, match="_GT_RAW_.*abdokamel"):
        sidd.find(tmp_path)
    published_sets.make_sidd(tmp_path)
    next(tmp_path.rglob("*METADATA*")).unlink()
    with pytest.raises(InputError, match="Missing: .*METADATA_RAW_010"):
        sidd.find(tmp_path)


def test_a_damaged_sidd_file_is_skipped_by_name(tmp_path, monkeypatch):
    published_sets.make_sidd(tmp_path, frames=("010", "011", "012"))
    next(tmp_path.rglob("*NOISY_RAW_011*")).write_bytes(b"MATLAB" * 100)
    data = evaluation_sets.smartphone(tmp_path)
    with pytest.raises(InputError, match="1 of 3: .*NOISY_RAW_011"):
        list(data.captures)
    data = evaluation_sets.smartphone(tmp_path)
    data.damage.limit = 0.5
    assert len(list(data.captures)) == 2
    assert len(data.damage.skipped) == 1


def test_sidd_is_evaluated_with_its_own_noise(tmp_path):
    published_sets.make_sidd(tmp_path)
    data = evaluation_sets.smartphone(tmp_path)
    seen = []

    def method(noisy, noise):
        seen.append(noise)
        return noisy

    result = evaluate.evaluate(data.captures, {"m": method}, progress=False)
    np.testing.assert_allclose(seen[0].a, [2.5e-3])
    assert result.gains == [] and result.scores[0].gain is None


def test_mat_files_of_both_versions_read_alike(tmp_path, rng):
    array = rng.random((6, 10))
    published_sets.write_mat73(tmp_path / "new.mat", x=array)
    scipy.io.savemat(tmp_path / "old.mat", {"x": array})
    for name in ("new.mat", "old.mat"):
        path = tmp_path / name
        np.testing.assert_array_equal(matfile.read_array(path, "x"), array)
        part = matfile.read_array(path, "x", slice(1, 4), slice(2, 9))
        np.testing.assert_array_equal(part, array[1:4, 2:9])
        assert matfile.shape(path, "x") == (6, 10)
        with pytest.raises(InputError, match="variable 'y'"):
            matfile.read_array(path, "y")


def test_long_exposures_are_read_once_each_as_clean(tmp_path):
    published_sets.make_sid(tmp_path)
    files = sid.long_exposures(tmp_path)
    assert [f.name for f in files] == ["00001_00_10s.ARW", "00002_00_10s.ARW"]
    assert sid.long_exposures(tmp_path, "all") == files
    scene = folder_lib.read_raw_scene(files[0])
    mosaic = raw_files.scene(60, 84)
    assert scene.clean.shape == (30, 42, 4)
    np.testing.assert_allclose(
        scene.clean[..., 0],
        np.clip((mosaic[::2, ::2] - 256.0) / (4000 - 256), 0, 1),
        atol=1e-6,
    )
    assert scene.colour.red_gain > 1


def test_see_in_the_dark_without_its_list_says_what_and_where(tmp_path):
    with pytest.raises(InputError, match="Sony_train_list.txt.*cchen156"):
        sid.long_exposures(tmp_path)


def test_see_in_the_dark_names_a_missing_file(tmp_path):
    (tmp_path / "Sony_test_list.txt").write_text(
        "./Sony/short/1.ARW ./Sony/long/2.ARW ISO100 F8\n"
    )
    with pytest.raises(InputError, match="Missing: 1, the first .*2.ARW"):
        sid.long_exposures(tmp_path, "test")


@pytest.mark.parametrize("line", ["one_field", "a.ARW ../../b.ARW ISO1"])
def test_see_in_the_dark_refuses_a_faulty_list(tmp_path, line):
    (tmp_path / "Sony_train_list.txt").write_text(line)
    with pytest.raises(InputError, match="must"):
        sid.long_exposures(tmp_path)


def test_photographs_are_found_named_and_unprocessed(tmp_path, rng):
    import cv2

    for name in ("images/0/0.jpg", "images/1/10000.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), rng.integers(0, 255, (31, 44, 3), np.uint8))
    assert len(folder_lib.mirflickr(tmp_path)) == 2
    data = evaluation_sets.photos(tmp_path, CAMERA, (1, 64), PROFILE)
    captures = list(data.captures)
    assert data.total == 4 == len(captures)
    assert captures[0].name == "images/0/0" and captures[2].name != "images/0/0"
    assert captures[0].clean.shape == (15, 22, 4)


def test_a_missing_folder_says_what_and_where(tmp_path):
    with pytest.raises(InputError, match="im1.jpg.*liacs.*Received"):
        folder_lib.mirflickr(tmp_path / "nope")
    with pytest.raises(InputError, match="Received: none"):
        folder_lib.photos(tmp_path)


def test_damage_beyond_its_limit_ends_the_run():
    damage = damage_lib.Damage(total=200, limit=0.01)
    for name in "ab":
        with damage.reading(name):
            raise InputError("broken")
    assert damage.skipped == ["a", "b"]
    with pytest.raises(
        InputError, match="1.0%.*3 of 200: a: broken.*; c: broken"
    ):
        with damage.reading("c"):
            raise OSError("broken")


def test_damage_hides_no_bug_of_ours():
    with pytest.raises(ZeroDivisionError):
        with damage_lib.Damage(10).reading("a"):
            raise ZeroDivisionError


@pytest.mark.parametrize(
    "text, words",
    [
        (None, "fanet-pairs.*Missing"),
        ("{", "must be JSON"),
        ('{"schema_version": 9, "pairs": []}', "schema version 1"),
        ('{"schema_version": 1, "pairs": []}', "at least one pair"),
    ],
)
def test_a_faulty_index_is_refused(tmp_path, text, words):
    if text is not None:
        (tmp_path / "index.json").write_text(text)
    with pytest.raises(InputError, match=words):
        paired.read_index(tmp_path)


def test_a_pair_may_not_lie_outside_its_set(tmp_path):
    with pytest.raises(InputError, match="one plain name"):
        paired.read_capture(tmp_path, {"name": "../x"})
