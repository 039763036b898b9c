"""A flatbuffer at another tile size is the same network."""

import dataclasses
import functools

import numpy as np
import pytest

from export.flatbuffer import runtime
from fanet_tf.denoising import bundle
from fanet_tf.denoising import resized

# What a tile is larger than its two halos, in strides.
INNER = ((1, 4), (13, 3))


def run(flatbuffer, noisy):
    one = (1, 1, 1, 1)
    inputs = {
        "noisy": noisy[None],
        "scale": np.full(one, 500, np.float32),
        "offset": np.full(one, 0.75, np.float32),
    }
    return runtime.denoiser(flatbuffer)(inputs)[0]


@functools.cache
def shipped():
    """Returns a member of the shipped array and recipe -> flatbuffer.

    With the halo beyond which nothing differs, not the one that it ships with.
    """
    member = bundle.load().members[-1]
    exact = dataclasses.replace(
        member.tile, halo=member.record["halo"]["exact"]
    )
    member = dataclasses.replace(member, tile=exact)
    return member, {r: p.read_bytes() for r, p in member.paths.items()}


def size_of(tile, inner):
    return [2 * tile.halo + n * tile.stride for n in inner]


@pytest.mark.parametrize("inner", INNER)
def test_resized_members_are_one_delegate_node(inner):
    member, contents = shipped()
    for content in contents.values():
        other = resized.resized(
            content, *size_of(member.tile, inner), member.tile.stride
        )
        assert runtime.undelegated(other) == []


@pytest.fixture(scope="module")
def frame():
    """A whole tile, a flatbuffer in floats and what it gives for the tile."""
    member, contents = shipped()
    content = next(contents[r] for r in ("float32", "float16") if r in contents)
    rng = np.random.default_rng(0)
    shape = (member.tile.height, member.tile.width, 4)
    noisy = rng.normal(0.3, 0.02, shape).astype(np.float32)
    return noisy, content, run(content, noisy)


@pytest.mark.parametrize("inner", INNER)
def test_a_resized_member_gives_what_the_original_gives(frame, inner):
    """On the same pixels: those whose halo both have seen."""
    noisy, content, whole = frame
    tile = shipped()[0].tile
    size, halo = size_of(tile, inner), tile.halo
    rows, columns = (
        slice(start * tile.stride, start * tile.stride + side)
        for start, side in zip((16, 9), size, strict=True)
    )
    content = resized.resized(content, *size, tile.stride)
    denoised = run(content, noisy[rows, columns])
    kept = (slice(halo, -halo), slice(halo, -halo))
    expected = whole[rows, columns][kept]
    assert np.abs(expected - noisy[rows, columns][kept]).max() > 0.01
    np.testing.assert_allclose(denoised[kept], expected, rtol=0, atol=1e-6)


def test_nothing_but_sizes_changes():
    member, contents = shipped()
    tile = member.tile
    for content in contents.values():
        kept = bytes(content)
        size = size_of(tile, INNER[0])
        other = resized.resized(content, *size, tile.stride)
        assert content == kept and len(other) == len(kept)
        own = (tile.height, tile.width)
        assert resized.resized(other, *own, tile.stride) == kept
        # Shapes and a few constants: some numbers, and no weight.
        changed = np.frombuffer(other, "u1") != np.frombuffer(kept, "u1")
        assert 0 < changed.sum() < 0.01 * len(kept)


def member(variant, size):
    """Returns an untrained Keras member of fixed size that does something."""
    import keras

    from fanet_tf import models
    from fanet_tf import variants

    model = {**variants.get(variant).model, "group_form": "native"}
    if variant == "fan":  # A smaller one of its kind.
        model.update(widths=(4, 8), mid_blocks=1)
    keras.utils.set_random_seed(0)
    built = models.build(height=size[0], width=size[1], **model)
    rng = np.random.default_rng(0)
    for weight in built.trainable_weights:
        if not np.any(np.asarray(weight)):
            weight.assign(rng.normal(0, 0.05, weight.shape))
    return built, models.stride(**model)


def check_against_keras(variant, size, other):
    """A flatbuffer made at one size, resized, against Keras at the other."""
    from export.flatbuffer import convert

    built, stride = member(variant, size)
    content = resized.resized(convert.convert(built), *other, stride)
    assert runtime.undelegated(content) == []
    rng = np.random.default_rng(0)
    noisy = rng.normal(0.3, 0.02, (*other, 4)).astype(np.float32)
    one = (1, 1, 1, 1)
    expected = member(variant, other)[0](
        {
            "noisy": noisy[None],
            "scale": np.full(one, 500, np.float32),
            "offset": np.full(one, 0.75, np.float32),
        },
        training=False,
    )[0]
    assert np.abs(expected - noisy).max() > 1e-3
    np.testing.assert_allclose(run(content, noisy), expected, atol=1e-5)


def test_a_resized_flatbuffer_agrees_with_keras():
    check_against_keras("fan", (16, 24), (32, 20))


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant",
    [
        "fan",
        "fan_deep",
        "fan_fast",
        "fan_gate",
        "nafnet",
        "plain",
        "pmrid",
        "wavelet",
    ],
)
def test_every_variant_can_be_resized(variant):
    check_against_keras(variant, (64, 96), (96, 32))


def of_function(function):
    import tensorflow as tf

    from export.flatbuffer import convert

    return convert.convert_function(
        lambda x: {"y": function(tf, x)},
        [tf.TensorSpec([1, 16, 24, 4], tf.float32, name="x")],
    )


@pytest.mark.parametrize(
    "function, named",
    [
        (lambda tf, x: x * tf.reduce_mean(x, (1, 2), True), "MEAN"),
        (lambda tf, x: x + np.ones((16, 24, 1), "float32"), "ADD"),
        (lambda tf, x: tf.tile(x, [1, 2, 1, 1]), "TILE"),
        (lambda tf, x: x[:, :8, :12], "STRIDED_SLICE"),
        (lambda tf, x: tf.nn.max_pool2d(x, 3, 1, "VALID"), "MAX_POOL_2D"),
        (lambda tf, x: tf.nn.avg_pool2d(x, (16, 24), 1, "VALID"), "AVERAGE"),
    ],
)
def test_what_does_not_follow_its_input_is_refused(function, named):
    with pytest.raises(resized.FixedSize, match=f"Received: {named}"):
        resized.resized(of_function(function), 32, 32, 8)


@pytest.mark.parametrize("length", [0, 7, 64, 5_000, 100_000])
def test_a_damaged_flatbuffer_is_refused(length):
    member, contents = shipped()
    # The tables stand at the end and point backwards.
    content = contents["dynamic_wi8_afp32"][:length]
    with pytest.raises(resized.FixedSize, match="must be whole"):
        resized.resized(content, 104, 104, member.tile.stride)
