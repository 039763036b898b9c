"""Laws of the layers."""

import keras
import numpy as np
import pytest
import pywt
import tensorflow as tf
from helpers import check_layer
from helpers import randomise

from fanet_tf import layers
from fanet_tf.layers import group_conv
from fanet_tf.layers import resample
from fanet_tf.raw import ksigma


@pytest.mark.parametrize("form", group_conv.FORMS)
def test_group_conv_keeps_the_size(form):
    check_layer(
        layers.GroupConv2D(16, 4, form=form),
        (2, 6, 10, 16),
        output_shape=(2, 6, 10, 16),
    )


@pytest.mark.parametrize("channels, filters, group_width", [
    (8, 8, 4),  # One block of two groups.
    (32, 32, 4),  # Two blocks of 16 channels.
    (48, 96, 8),  # Twice the channels out.
    (24, 24, 12),  # Groups that no block of 16 holds.
    (64, 64, 16),
])  # fmt: skip
def test_all_forms_of_a_group_conv_agree(rng, channels, filters, group_width):
    x = rng.standard_normal((2, 6, 10, channels), dtype=np.float32)
    masked = layers.GroupConv2D(filters, group_width, form="masked")
    native = layers.GroupConv2D(filters, group_width, form="native")
    dense = layers.GroupConv2D(filters, group_width, form="dense")
    expected = masked(x)
    native.build(x.shape)
    dense.build(x.shape)
    kernel, bias = masked.get_weights()
    native.set_weights([kernel, bias])
    dense.set_weights([group_conv.grouped_to_dense(kernel, channels), bias])
    np.testing.assert_allclose(native(x), expected, atol=2e-5)
    np.testing.assert_allclose(dense(x), expected, atol=2e-5)


def test_a_filter_sees_its_own_group_only(rng):
    layer = layers.GroupConv2D(8, 4)
    x = rng.random((1, 5, 7, 8), dtype=np.float32)
    base = np.asarray(layer(x))
    x[..., :4] += 1.0  # The first group of two.
    changed = np.abs(np.asarray(layer(x)) - base).max(axis=(0, 1, 2))
    assert (changed[:4] > 1e-3).all() and (changed[4:] == 0).all()


def test_group_conv_refuses_channels_that_do_not_divide():
    with pytest.raises(ValueError, match="Received: group_width=4"):
        layers.GroupConv2D(8, 4).build((None, 6, 10, 10))


def test_group_conv_refuses_no_filters():
    with pytest.raises(ValueError, match="Received: filters=0"):
        layers.GroupConv2D(0)


@pytest.mark.parametrize("residual", [False, True])
def test_arnet_block_keeps_the_size(residual):
    check_layer(
        layers.ARNetBlock(8, group_width=4, residual=residual),
        (2, 6, 10, 8),
        output_shape=(2, 6, 10, 8),
    )


def test_arnet_block_is_expand_group_project(rng):
    block = layers.ARNetBlock(4, expansion=3, group_width=4)
    x = rng.standard_normal((1, 6, 10, 8), dtype=np.float32)
    y = np.asarray(block(x))
    relu = keras.ops.relu
    by_hand = block.project(relu(block.group(relu(block.expand(x)))))
    np.testing.assert_allclose(y, by_hand, rtol=1e-6)
    assert block.expand.filters == 24


def test_a_residual_block_refuses_another_width():
    with pytest.raises(ValueError, match="Received: filters=4"):
        layers.ARNetBlock(4, residual=True).build((None, 6, 10, 8))


def test_feature_align_keeps_the_shape_of_its_features():
    check_layer(
        layers.FeatureAlign(6),
        (2, 6, 10, 8),
        (2, 6, 10, 4),
        output_shape=(2, 6, 10, 8),
    )


def test_feature_align_starts_as_the_identity(rng):
    features = rng.standard_normal((1, 6, 10, 8), dtype=np.float32)
    noisy = 17 * rng.random((1, 6, 10, 4), dtype=np.float32)
    aligned = layers.FeatureAlign()(features, noisy)
    np.testing.assert_array_equal(aligned, features)


def test_feature_align_is_gamma_times_features_plus_beta(rng):
    features = rng.standard_normal((1, 6, 10, 8), dtype=np.float32)
    noisy = rng.random((1, 6, 10, 4), dtype=np.float32)
    layer = layers.FeatureAlign()
    layer(features, noisy)
    randomise(layer)
    beta = np.asarray(layer(np.zeros_like(features), noisy))
    gamma = np.asarray(layer(np.ones_like(features), noisy)) - beta
    np.testing.assert_allclose(
        layer(features, noisy), gamma * features + beta, atol=1e-5
    )


def test_replicate_repeats_the_skip_along_the_channels(rng):
    features = rng.standard_normal((1, 6, 10, 8), dtype=np.float32)
    skip = rng.standard_normal((1, 6, 10, 4), dtype=np.float32)
    fused = np.asarray(layers.Replicate()(features, skip))
    np.testing.assert_allclose(fused[..., :4], features[..., :4] + skip)
    np.testing.assert_allclose(fused[..., 4:], features[..., 4:] + skip)


@pytest.mark.parametrize("fusion, channels", [("add", 8), ("concat", 12)])
def test_replicate_gives_the_channels_of_its_fusion(fusion, channels):
    check_layer(
        layers.Replicate(fusion),
        (2, 6, 10, 8),
        (2, 6, 10, 4),
        output_shape=(2, 6, 10, channels),
    )


def test_replicate_refuses_more_than_four_copies():
    with pytest.raises(ValueError, match="1 to 4 times"):
        layers.Replicate().build((None, 6, 10, 40), (None, 6, 10, 8))


def test_a_limit_keeps_what_is_within_it(rng):
    check_layer(layers.Limit(0.5), (2, 6, 10, 4), output_shape=(2, 6, 10, 4))
    x = 3.0 * rng.standard_normal((1, 4, 6, 4), dtype=np.float32)
    np.testing.assert_array_equal(layers.Limit()(x), np.clip(x, -1.0, 1.0))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_limit_trains_as_clipping_does(rng, dtype):
    x = 2.0 * rng.standard_normal((2, 4, 6, 4), dtype=np.float32)
    x[0, 0, 0] = [-0.5, 0.5, -0.75, 0.25]  # On the bound, beyond, within.
    x = keras.ops.cast(x, dtype)
    upstream = keras.ops.cast(rng.standard_normal(x.shape), dtype)
    layer = layers.Limit(0.5, dtype=dtype)

    def trained(function):
        if keras.backend.backend() == "jax":
            import jax

            y, gradient = jax.vjp(function, x)
            return y, *gradient(upstream)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return y, tape.gradient(y, x, output_gradients=upstream)

    def clip(x):
        return keras.ops.clip(x, -0.5, 0.5)

    value, gradient = trained(lambda x: layer(x, training=True))
    assert value.dtype == gradient.dtype == x.dtype
    np.testing.assert_array_equal(value, clip(x))
    within = keras.ops.abs(x) <= 0.5
    np.testing.assert_array_equal(
        gradient, keras.ops.where(within, upstream, 0)
    )
    # JAX gives what lies on a bound half of it.
    if keras.backend.backend() == "tensorflow":
        np.testing.assert_array_equal(gradient, trained(clip)[1])


@pytest.mark.parametrize("bound", [0.0, -1.0])
def test_a_bound_must_be_positive(bound):
    with pytest.raises(ValueError, match=f"Received: bound={bound}"):
        layers.Limit(bound)


def test_haar_inverse_reconstructs_perfectly(rng):
    x = rng.standard_normal((2, 6, 10, 3), dtype=np.float32)
    back = layers.HaarIDWT()(layers.HaarDWT()(x))
    np.testing.assert_allclose(back, x, atol=1e-6)


def test_haar_bands_are_those_of_pywavelets(rng):
    x = rng.standard_normal((1, 6, 10, 2), dtype=np.float32)
    ours = np.asarray(layers.HaarDWT()(x))
    for channel in range(2):
        approx, (rows, columns, diagonal) = pywt.dwt2(
            x[0, ..., channel], "haar"
        )
        # pywt's "horizontal" detail is the difference of rows.
        for band, theirs in enumerate((approx, columns, rows, diagonal)):
            np.testing.assert_allclose(
                ours[0, ..., 4 * channel + band], theirs, atol=1e-6
            )


@pytest.mark.parametrize(
    "layer, output_shape",
    [
        (layers.HaarDWT(), (2, 3, 5, 32)),
        (layers.HaarIDWT(), (2, 12, 20, 2)),
        (layers.DepthToSpace(), (2, 12, 20, 2)),
        (layers.Upsample(), (2, 12, 20, 8)),
        (layers.Upsample(4), (2, 24, 40, 8)),
        (layers.BoxDownsample(), (2, 3, 5, 8)),
    ],
)
def test_resampling_changes_the_size(layer, output_shape):
    check_layer(layer, (2, 6, 10, 8), output_shape=output_shape)


def test_box_downsample_is_the_mean_of_each_cell(rng):
    x = rng.random((1, 6, 10, 3), dtype=np.float32)
    cells = x.reshape(1, 3, 2, 5, 2, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(layers.BoxDownsample()(x), cells, atol=1e-6)


def test_upsampling_a_flat_image_keeps_it_flat():
    x = np.full((1, 4, 6, 2), 0.7, np.float32)
    np.testing.assert_allclose(layers.Upsample()(x), 0.7, atol=1e-6)


def test_depth_to_space_has_the_order_of_tensorflow(rng, monkeypatch):
    x = rng.random((2, 3, 5, 12), dtype=np.float32)
    own = np.asarray(resample.depth_to_space(x))
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    np.testing.assert_array_equal(resample.depth_to_space(x), own)


@pytest.mark.parametrize("transform", ["anscombe", "ksigma"])
def test_stabilise_is_the_transform_of_raw_scaled(rng, transform):
    noisy = rng.random((2, 4, 6, 4), dtype=np.float32)
    scale = np.float32([4762, 74]).reshape(2, 1, 1, 1)
    offset = np.float32([9.7, 1.8]).reshape(2, 1, 1, 1)
    stabilised, unit = layers.Stabilise(transform)(noisy, scale, offset)
    if transform == "ksigma":
        s = ksigma.ksigma(noisy, scale, offset)
        np.testing.assert_allclose(stabilised, s / 64, rtol=1e-5)
    else:
        z = ksigma.anscombe(noisy, scale, offset)
        np.testing.assert_allclose(stabilised, z / 8, rtol=1e-5)
    # A step of `unit` in RAW is a step of 1 in the residual's units.
    step = 1e-2
    moved, _ = layers.Stabilise(transform)(noisy + step * unit, scale, offset)
    slope = (np.asarray(moved) - np.asarray(stabilised)) / step
    expected = 1.0 if transform == "ksigma" else 1.0 / 8.0
    np.testing.assert_allclose(slope, expected, rtol=0.05)


def test_signed_stabilise_goes_on_below_black(rng):
    noisy = rng.uniform(-0.07, 1.0, (2, 4, 6, 4)).astype(np.float32)
    noisy[:, :2] *= 0.1
    scale = np.float32([4762, 74]).reshape(2, 1, 1, 1)
    offset = np.float32([9.7, 1.8]).reshape(2, 1, 1, 1)
    layer = layers.Stabilise("signed_anscombe")
    stabilised, unit = layer(noisy, scale, offset)
    z = ksigma.signed_anscombe(noisy, scale, offset)
    np.testing.assert_allclose(stabilised, z / 8, rtol=1e-5, atol=1e-5)
    # Where `noisy` is below black, so many units lead to black, exactly.
    black, _ = layer(0.0 * noisy, scale, offset)
    steps = 8 * (np.asarray(black) - np.asarray(stabilised))
    below = noisy < 0
    np.testing.assert_allclose((noisy + unit * steps)[below], 0.0, atol=1e-6)
    # At and above it, the unsigned layer's.
    clipped = np.maximum(noisy, 0)
    for got, expected in zip(
        layer(clipped, scale, offset),
        layers.Stabilise("anscombe")(clipped, scale, offset),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, rtol=2e-6)


@pytest.mark.parametrize("lowest", [-0.02, 0.0])
def test_restore_undoes_stabilise(rng, lowest):
    shape = (2, 4, 6, 4)
    noisy = rng.uniform(lowest, 0.1, shape).astype(np.float32)
    clean = rng.uniform(0.0, 0.1, shape).astype(np.float32)
    scale = np.float32([4762, 74]).reshape(2, 1, 1, 1)
    offset = np.float32([9.7, 1.8]).reshape(2, 1, 1, 1)
    layer = layers.Stabilise("signed_anscombe_algebraic")
    stabilised, _ = layer(noisy, scale, offset)
    target, _ = layer(clean, scale, offset)
    residual = 8 * (target - stabilised)
    found = layers.Restore()(noisy, stabilised, residual, scale, offset)
    np.testing.assert_allclose(found, clean, atol=2e-7)
    # No step leaves what is not below black as it is.
    still = layers.Restore()(noisy, stabilised, 0 * residual, scale, offset)
    np.testing.assert_array_equal(still[noisy >= 0], noisy[noisy >= 0])


def test_stabilise_refuses_an_unknown_transform():
    with pytest.raises(ValueError, match="Received: transform='log'"):
        layers.Stabilise("log")
