"""A flatbuffer at another tile size is the same network."""

import functools

import numpy as np
import pytest

from export import runtime
from fanet_tf import bundle
from fanet_tf import resized

STRIDE = 8
SIZES = ((104, 128), (200, 120))


def run(flatbuffer, noisy):
    one = (1, 1, 1, 1)
    inputs = {
        "noisy": noisy[None],
        "scale": np.full(one, 500, np.float32),
        "offset": np.full(one, 0.75, np.float32),
    }
    return runtime.run(flatbuffer, inputs)["denoised"][0]


@functools.cache
def shipped(recipe):
    return bundle.load().members[2].path(recipe).read_bytes()


@pytest.mark.parametrize("recipe", ["float16", "dynamic_wi8_afp32"])
@pytest.mark.parametrize("size", SIZES)
def test_a_resized_member_is_one_delegate_node(recipe, size):
    content = resized.resized(shipped(recipe), *size, STRIDE)
    assert runtime.undelegated(content) == []


@pytest.fixture(scope="module")
def frame():
    """`[384, 384, 4]`, and what the shipped member makes of it."""
    rng = np.random.default_rng(0)
    noisy = rng.normal(0.3, 0.02, (384, 384, 4)).astype(np.float32)
    return noisy, run(shipped("float16"), noisy)


@pytest.mark.parametrize("size", SIZES)
def test_a_resized_member_gives_what_the_original_gives(frame, size):
    """On the same pixels: those whose halo both have seen."""
    noisy, whole = frame
    content = resized.resized(shipped("float16"), *size, STRIDE)
    halo, top, left = 48, 16 * STRIDE, 9 * STRIDE
    rows, columns = (
        slice(start, start + side)
        for start, side in zip((top, left), size, strict=True)
    )
    denoised = run(content, noisy[rows, columns])
    inner = (slice(halo, -halo), slice(halo, -halo))
    expected = whole[rows, columns][inner]
    assert np.abs(expected - noisy[rows, columns][inner]).max() > 0.01
    np.testing.assert_allclose(denoised[inner], expected, rtol=0, atol=1e-6)


def test_nothing_but_sizes_changes():
    content = shipped("dynamic_wi8_afp32")
    kept = bytes(content)
    other = resized.resized(content, 104, 128, STRIDE)
    assert content == kept and len(other) == len(kept)
    assert resized.resized(other, 384, 384, STRIDE) == kept
    # Shapes and three constants: a few numbers, and no weight.
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
    from export import convert

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
    ["fan", "fan_deep", "fan_fast", "nafnet", "plain", "pmrid", "wavelet"],
)
def test_every_variant_can_be_resized(variant):
    check_against_keras(variant, (64, 96), (96, 32))


def of_function(function):
    import tensorflow as tf

    from export import convert

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
    content = shipped("dynamic_wi8_afp32")
    # The tables stand at the end and point backwards.
    with pytest.raises(resized.FixedSize, match="must be whole"):
        resized.resized(content[:length], 104, 104, STRIDE)
