"""Streamed training crops: mixed, repeatable, resumable, damage-limited."""

import cv2
import numpy as np
import published_sets
import pytest

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.errors import InputError
from fanet_tf.training.feed import sources as sources_lib
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis as synthesis_lib

CAMERA = camera_lib.get("imx258")


@pytest.fixture
def sets(tmp_path):
    """Photographs, SIDD and See-in-the-Dark side by side."""
    rng = np.random.default_rng(2)
    for i in range(6):
        path = tmp_path / "flickr" / f"im{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 255, (40, 52, 3), np.uint8))
    published_sets.make_sidd(tmp_path / "sidd")
    published_sets.make_sid(tmp_path / "sid")
    return [
        sources_lib.source(f"{kind}:{tmp_path / folder}", CAMERA)
        for kind, folder in (
            ("mirflickr", "flickr"),
            ("sidd", "sidd"),
            ("sid", "sid"),
        )
    ]


def mixture(sets, weights=(0.6, 0.2, 0.2), **changes):
    arguments = {"batch_size": 4, "size": 8, "seed": 0, "block": 4}
    return stream.Mixture(sets, weights, **(arguments | changes))


def test_a_block_is_a_function_of_seed_and_number(sets):
    first = mixture(sets).block(3)
    assert first.shape == (16, 8, 8, 4) and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1
    np.testing.assert_array_equal(first, mixture(sets).block(3))
    assert np.mean(first != mixture(sets).block(4)) > 0.9
    assert np.mean(first != mixture(sets, seed=1).block(3)) > 0.9


def test_weights_are_shares_of_the_crops():
    """Constant sets, so that a crop tells where it came from."""

    def constant(value):
        return sources_lib.Source(
            str(value),
            [0],
            lambda item, rng, count, size: np.full(
                (count, size, size, 4), value
            ),
        )

    sources = [constant(v) for v in (0.1, 0.5, 0.9)]
    crops = mixture(sources, (1, 2, 5), block=100, batch_size=20).block(0)
    shares = [
        np.mean(np.isclose(crops[:, 0, 0, 0], s)) for s in (0.1, 0.5, 0.9)
    ]
    np.testing.assert_allclose(shares, [1 / 8, 2 / 8, 5 / 8], atol=0.04)
    zero = mixture(sources, (1, 0, 1)).block(0)
    assert not np.isclose(zero, 0.5).any()


def test_batches_that_are_gone_on_with_are_the_same(sets):
    whole = list(stream.clean_batches(mixture(sets), 0, 11))
    rest = list(stream.clean_batches(mixture(sets), 6, 11))
    assert len(whole) == 11 and len(rest) == 5
    assert whole[0].shape == (4, 8, 8, 4)
    np.testing.assert_array_equal(whole[6:], rest)
    blocks = np.concatenate([mixture(sets).block(n) for n in range(3)])
    np.testing.assert_array_equal(np.concatenate(whole), blocks[:44])


def test_training_batches_have_the_noise_of_their_step(sets):
    synthesis = synthesis_lib.Synthesis(
        None,
        CAMERA,
        profile_lib.load("imx258"),
        (1e-3, 2e-3),
        "gain",
        batch_size=4,
        patch_size=16,
        seed=0,
    )

    def batches(first, last):
        return list(stream.batches(mixture(sets), synthesis, first, last))

    inputs, clean = batches(0, 3)[2]
    again, same = batches(2, 3)[0]
    np.testing.assert_array_equal(clean, same)
    for name in ("noisy", "scale", "offset"):
        np.testing.assert_array_equal(inputs[name], again[name])
    a = 1.0 / np.asarray(inputs["scale"])
    assert a.shape == (4, 1, 1, 1) and a.min() >= 1e-3 and a.max() <= 2e-3
    # Twice a deviation of the noise, at most, on average.
    error = np.abs(np.asarray(inputs["noisy"]) - np.asarray(clean)).mean()
    assert 0.002 < error < 0.04


def test_streamed_and_loaded_sources_do_not_mix(sets, tmp_path):
    arguments = (CAMERA, 4, 16)
    names = (f"photos:{tmp_path / 'flickr'}", "bundled")
    with pytest.raises(InputError, match="all be streamed"):
        stream.from_names(names, (1, 1), *arguments)
    mixed = stream.from_names(names[:1], (1,), *arguments)
    assert mixed.block(0).shape == (64, 8, 8, 4)


def test_a_damaged_photograph_is_replaced_by_another(sets, tmp_path):
    (tmp_path / "flickr" / "im3.jpg").write_bytes(b"\xff\xd8 no JPEG")
    mixed = mixture(sets, (1, 0, 0), damage_limit=0.2, block=16)
    assert mixed.block(0).shape == (64, 8, 8, 4)
    assert [p.rsplit("/", 1)[1] for p in mixed.damage[0].skipped] == ["im3.jpg"]
    with pytest.raises(InputError, match="1 of 6: .*im3.jpg"):
        mixture(sets, (1, 0, 0), block=16).block(0)


def test_too_small_a_picture_counts_as_damaged(sets):
    with pytest.raises(InputError, match="at least 66 x 66"):
        mixture(sets, (1, 0, 0), size=32).block(0)


@pytest.mark.parametrize(
    "name", ["flickr", "nope:folder", "sidd:", "dead_leaves:32"]
)
def test_an_unknown_source_is_refused(name):
    assert not sources_lib.is_streamed(name) or name == "sidd:"
    with pytest.raises(InputError, match="KIND:FOLDER"):
        sources_lib.source(name, CAMERA)


def test_faulty_weights_are_refused(sets):
    for weights in ((1, 1), (1, -1, 1), (0, 0, 0)):
        with pytest.raises(InputError, match="a weight for each source"):
            mixture(sets, weights)
