"""A tree of DND's format goes in, a submission of its kit's form comes out."""

import numpy as np
import published_sets
import pytest
import scipy.io

from fanet_tf.data import dnd
from fanet_tf.errors import InputError
from fanet_tf.evaluation import classical
from fanet_tf.raw import cfa

PATTERNS = published_sets.DND_PATTERNS


@pytest.fixture
def tree(tmp_path):
    folder = tmp_path / "data"
    return folder, published_sets.make_dnd(folder)


def test_info_is_read(tree):
    folder, _ = tree
    frames = dnd.find(folder)
    assert [frame.pattern for frame in frames] == list(PATTERNS)
    np.testing.assert_allclose(frames[1].noise.a, [2e-3])
    np.testing.assert_array_equal(frames[0].boxes[1], [4, 8, 16, 24])


def test_the_submission_is_that_of_the_kit(tree, tmp_path):
    folder, frames = tree
    output = tmp_path / "submission"
    assert dnd.submit(folder, classical.identity, output, progress=False) == 3
    names = {p.relative_to(output).as_posix() for p in output.rglob("*.mat")}
    assert names == {
        *(f"{i:04d}_{k:02d}.mat" for i in (1, 2, 3) for k in (1, 2, 3)),
        *(f"bundled/{i:04d}.mat" for i in (1, 2, 3)),
    }
    crop = scipy.io.loadmat(output / "0002_03.mat")["Idenoised_crop"]
    assert crop.dtype == np.float32
    # Boxes count from 1 and include both ends.
    np.testing.assert_array_equal(crop, frames[1][2:14, 6:22])
    bundle = scipy.io.loadmat(output / "bundled" / "0002.mat")
    assert bundle["Idenoised"].shape == (1, 3)
    assert bundle["Idenoised"].dtype == object
    np.testing.assert_array_equal(bundle["Idenoised"][0, 2], crop)
    assert bundle["israw"].item() == 1
    assert bundle["eval_version"].item() == "1.0"


def test_the_method_sees_rggb_and_the_frames_noise(tree, tmp_path):
    """Red is doubled; nothing but red pixels may change."""
    folder, frames = tree
    seen = []

    def method(noisy, noise):
        seen.append(float(noise.a[0]))
        return noisy * [0.5, 1.0, 1.0, 1.0]

    dnd.submit(folder, method, tmp_path, progress=False)
    assert seen == [1e-3] * 3 + [2e-3] * 3 + [3e-3] * 3
    for i, pattern in enumerate(PATTERNS):
        crop = scipy.io.loadmat(tmp_path / f"{i + 1:04d}_01.mat")
        noisy = frames[i][:12, :16]
        changed = crop["Idenoised_crop"] != noisy
        row, column = cfa.rggb_origin(pattern)
        red = np.zeros_like(changed)
        red[row::2, column::2] = True
        np.testing.assert_array_equal(changed, red)


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
@pytest.mark.parametrize("shape", [(12, 16), (11, 15)])
def test_denoise_crop_gives_back_place_and_size(rng, pattern, shape):
    mosaic = rng.random(shape, dtype=np.float32)
    same = dnd.denoise_crop(mosaic, pattern, None, classical.identity)
    np.testing.assert_array_equal(same, mosaic)


def test_the_srgb_track_goes_through_the_given_isp(tree, tmp_path):
    folder, frames = tree

    def render(mosaic, frame):
        return np.stack([mosaic] * 3, axis=-1) + 0.1 * frame.number

    dnd.submit(
        folder, classical.identity, tmp_path, render=render, progress=False
    )
    crop = scipy.io.loadmat(tmp_path / "0001_01.mat")["Idenoised_crop"]
    assert crop.shape == (12, 16, 3) and crop.dtype == np.float32
    assert crop.max() <= 1.0
    np.testing.assert_allclose(
        crop[..., 0], np.clip(frames[0][:12, :16] + 0.1, 0, 1), atol=1e-6
    )
    bundle = scipy.io.loadmat(tmp_path / "bundled" / "0001.mat")
    assert bundle["israw"].item() == 0


def test_a_missing_benchmark_says_what_and_where(tmp_path, tree):
    with pytest.raises(InputError, match="info.mat.*visinf.*Missing"):
        dnd.find(tmp_path / "nope")
    folder, _ = tree
    (folder / "images_raw" / "0003.mat").unlink()
    with pytest.raises(InputError, match="Missing: .*0003.mat"):
        dnd.submit(folder, classical.identity, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_damaged_info_is_refused(tree):
    folder, _ = tree
    (folder / "info.mat").write_bytes(b"x" * 1000)
    with pytest.raises(InputError, match="must be the info.mat of DND"):
        dnd.find(folder)
