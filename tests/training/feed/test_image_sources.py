"""Images to train on: photographs, radiance maps, procedural ones."""

import cv2
import numpy as np
import pytest

from fanet_tf.data import dead_leaves
from fanet_tf.data import images as images_lib
from fanet_tf.errors import InputError
from fanet_tf.raw import isp
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import image_sources


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_leaf_cut_to_a_few_pixels_is_finite(size):
    rngs = map(np.random.default_rng, range(60))
    assert all(np.isfinite(dead_leaves._fill(rng, size)).all() for rng in rngs)


def test_dead_leaves_repeat_and_fill_the_range():
    image = dead_leaves.dead_leaves(3, size=160)
    again = dead_leaves.dead_leaves(3, size=160)
    np.testing.assert_array_equal(image, again)
    assert image.dtype == np.float32 and image.shape == (160, 160, 3)
    assert 0 <= image.min() < 0.05 and 0.3 < image.max() <= 1


def test_the_decode_table_undoes_the_camera_pipeline():
    linear = np.linspace(0.0005, 1.0, 101)
    coded = image_sources.encode_linear(np.repeat(linear[None, :, None], 3, 2))
    np.testing.assert_allclose(
        bank_lib.decode_table()[coded[0, :, 0]], linear, rtol=5e-3
    )
    half = isp.smoothstep(isp.gamma_compression(np.float32(0.25)))
    assert bank_lib.decode_table()[round(65535 * float(half))] == (
        pytest.approx(0.25, rel=1e-3)
    )


def test_held_back_photographs_are_in_no_source():
    kept = images_lib.held_back()
    assert set(kept) == {"astronaut", "chelsea", "coffee"}
    for image in image_sources.load("bundled", seed=0):
        assert all(image.shape != other.shape for other in kept.values()) or (
            not any(
                image.shape == other.shape and (image == other).all()
                for other in kept.values()
            )
        )


def test_a_folder_gives_photographs_and_radiance_maps(tmp_path, rng):
    srgb = rng.integers(0, 256, (40, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), srgb)
    (tmp_path / "deeper").mkdir()
    radiance = rng.random((32, 48, 3), dtype=np.float32)
    cv2.imwrite(str(tmp_path / "deeper" / "b.hdr"), radiance)
    (tmp_path / "notes.txt").write_text("not a picture")
    images = image_sources.load(str(tmp_path), seed=0)
    assert [i.shape for i in images] == [(40, 60, 3)] + 4 * [(32, 48, 3)]
    np.testing.assert_array_equal(images[0], srgb[..., ::-1] * np.uint16(257))


def test_smooth_variants_are_smoother(rng):
    image = rng.integers(0, 65536, (64, 80, 3), dtype=np.uint16)

    def detail(x):
        return np.abs(np.diff(x.astype(float), axis=1)).mean()

    for seed in range(8):
        variant = image_sources.smooth_variant(image, seed)
        assert variant.shape == image.shape
        assert detail(variant) < 0.8 * detail(image)


@pytest.mark.parametrize("source", ["nowhere", "bundle"])
def test_a_source_that_is_not_there_is_refused(source):
    with pytest.raises(InputError, match=f"Received: '{source}'"):
        image_sources.load(source, seed=0)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="must hold photographs"):
        image_sources.load(str(tmp_path), seed=0)


def test_a_damaged_photograph_of_a_large_folder_is_skipped(tmp_path, caplog):
    image = np.zeros((8, 8, 3), np.uint8)
    for index in range(100):
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
    (tmp_path / "7.png").write_bytes(b"no PNG")
    assert len(image_sources.load(str(tmp_path), seed=0)) == 99
    (tmp_path / "8.png").write_bytes(b"no PNG")
    with pytest.raises(InputError, match="2 of 100: .*7.png.*; .*8.png"):
        image_sources.load(str(tmp_path), seed=0)


def test_all_bad_photographs_of_a_folder_are_named_together(tmp_path):
    image = np.zeros((8, 90, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "low.png"), image)
    cv2.imwrite(str(tmp_path / "good.png"), np.zeros((90, 90, 3), np.uint8))
    (tmp_path / "text.png").write_text("hello")
    named = "1 of 3: .*text.png.* at least 64 pixels .*low.png of 90 x 8$"
    with pytest.raises(InputError, match=named):
        image_sources.load(str(tmp_path), seed=0, smallest=64)
    with pytest.raises(InputError, match=named):
        image_sources.check(sorted(tmp_path.iterdir()), smallest=64)
