"""Streamed training crops: mixed, repeatable, resumable, damage-limited."""

import dataclasses
import types

import cv2
import numpy as np
import published_sets
import pytest

from fanet_tf import config as config_lib
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.errors import InputError
from fanet_tf.training import member_phase
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule
from fanet_tf.training.feed import sources as sources_lib
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis as synthesis_lib
from fanet_tf.training.feed.photo_crops import PhotoCrops

CAMERA = camera_lib.get("imx258")
PLAIN = PhotoCrops(CAMERA)


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
        sources_lib.streamed(f"{kind}:{tmp_path / folder}", PLAIN)
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
    whole = list(stream.crop_batches(mixture(sets), 0, 11))
    rest = list(stream.crop_batches(mixture(sets), 6, 11))
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


def section(sets, **changes):
    """Returns a config's `data` section with a streamed and a drawn source."""
    flickr = sets[0].name.replace("mirflickr:", "photos:")
    data = config_lib.default_config().data
    with data.unlocked():
        data.update(
            {
                "sources": (flickr, "dead_leaves:2"),
                "weights": (3.0, 1.0),
                "smooth_share": 0.0,
                "batch_size": 8,
                "patch_size": 16,
            }
            | changes
        )
    return data


def built(data, seed=0):
    phase = schedule.Phase(0, 4, data.patch_size, data.batch_size)
    return pipeline.build_bank(data, [phase], seed), phase


def test_a_run_draws_from_streamed_and_drawn_sources_by_weight(sets):
    data = section(sets)
    bank, phase = built(data)
    asked = []

    def counted(source):
        def crops(item, rng, count, size):
            asked.extend([source.name] * count)
            return source.crops(item, rng, count, size)

        return dataclasses.replace(source, crops=crops)

    profile = profile_lib.load("imx258")
    arguments = (data, phase, bank, profile, (1e-3, 2e-3), 7)
    whole = list(pipeline.batches(*arguments, 0))
    (_, clean), *_ = list(pipeline.batches(*arguments, 2))
    np.testing.assert_array_equal(whole[2][1], clean)  # A resumed run.
    assert len(whole) == 4 and clean.shape == (8, 8, 8, 4)
    mixed = stream.Mixture(list(map(counted, bank)), data.weights, 40, 8, 7)
    assert np.isfinite(mixed.block(0)).all()
    share = np.mean([name == "dead_leaves:2" for name in asked])
    assert share == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("place", [0, 1])
def test_crops_of_a_mix_are_blurred_and_dark_as_asked(sets, place):
    def crops(**changes):
        bank, _ = built(section(sets, **changes))
        weights = np.eye(2)[place]
        return stream.Mixture(bank, weights, 64, 8, seed=3, block=1).block(0)

    def detail(x):
        return np.abs(np.diff(x, axis=2)).mean()

    sharp = crops()
    for soft in ({"blur_share": 1.0, "blur": (2.0, 2.0)}, {"smooth_share": 1}):
        assert detail(crops(**soft)) < 0.8 * detail(sharp)
    dark = crops(dark_share=1.0, dark_stops=(3.0, 3.0))
    assert dark.mean() == pytest.approx(sharp.mean() / 8, rel=0.1)
    half = crops(dark_share=0.5, dark_stops=(8.0, 8.0)).max(axis=(1, 2, 3))
    assert 0.3 < np.mean(half <= 2.0**-8) < 0.7


def test_an_image_in_memory_that_is_too_small_for_a_mix_is_named(
    sets, tmp_path
):
    (tmp_path / "small").mkdir()
    cv2.imwrite(str(tmp_path / "small/a.png"), np.zeros((17, 40, 3), np.uint8))
    data = section(sets)
    data.sources = (data.sources[0], str(tmp_path / "small"))
    with pytest.raises(InputError, match="at least 18 pixels.*a.png of 40 x"):
        built(data)


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
        sources_lib.streamed(name, PLAIN)


def test_faulty_weights_are_refused(sets):
    for weights in ((1, 1), (1, -1, 1), (0, 0, 0)):
        with pytest.raises(InputError, match="a weight for each source"):
            mixture(sets, weights)


def test_all_sources_that_are_not_there_are_named_together(sets):
    data = section(sets)
    data.sources = ("bundeld", data.sources[0], "raws:nothere")
    with pytest.raises(InputError, match="Received: 'bundeld'; 'raws:nothere'"):
        built(data)


def test_a_small_set_is_read_before_the_training(sets, tmp_path):
    for name in ("im3.jpg", "im5.jpg"):
        (tmp_path / "flickr" / name).write_bytes(b"\xff\xd8 no JPEG")
    with pytest.raises(InputError, match="2 of 6: .*im3.jpg.*; .*im5.jpg"):
        built(section(sets))


def test_a_refusal_of_a_batch_reaches_the_user(sets, tmp_path):
    """TensorFlow makes an error of its own of what a batch raises."""
    (tmp_path / "flickr" / "im3.jpg").write_bytes(b"\xff\xd8 no JPEG")
    mixed = mixture(sets, (1, 0, 0))
    trainer = types.SimpleNamespace(fit=lambda data, **_: list(data))
    with pytest.raises(
        InputError, match="^At most .* 1 of 6: .*im3.jpg[^\n]*$"
    ):
        member_phase.fit(
            trainer, stream.crop_batches(mixed, 0, 64), 4, 64, [], lambda: ""
        )
