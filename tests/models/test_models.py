"""Laws of the networks and of a member's graph."""

import keras
import numpy as np
import pytest
from helpers import randomise

from fanet_tf import models
from fanet_tf import variants
from fanet_tf.models import parts
from fanet_tf.models import receptive
from fanet_tf.models import unet

SMALL = {"widths": (8, 8, 16), "mid_blocks": 1, "fa_hidden": 4}


def inputs(rng, height, width, scale=300.0, offset=3.0):
    return {
        "noisy": rng.random((1, height, width, 4), dtype=np.float32),
        "scale": np.full((1, 1, 1, 1), scale, np.float32),
        "offset": np.full((1, 1, 1, 1), offset, np.float32),
    }


def test_the_default_network_is_r1():
    core = models.core(height=64, width=64, **variants.get("fan").model)
    assert core.count_params() == 91_996
    biases = sum(
        int(np.prod(w.shape)) for w in core.weights if len(w.shape) == 1
    )
    assert biases == 2_268  # So 89,728 weights, within 1 % of 89,696.


def test_an_untrained_member_leaves_its_input_alone(rng):
    x = inputs(rng, 16, 24)
    member = models.build("unet", 16, 24, **SMALL)
    np.testing.assert_array_equal(member(x), x["noisy"])


@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"feature_align": False},
        {"skip_ratio": 0},
        {"downsampling": "haar", "upsampling": "haar", "feature_align": False},
        {"blocks": (2, 1)},
        {"stem_input": "stabilised"},
        {"detail_cells": (2, 4)},
        {"fa_input": "detail"},
        {"kernel_size": (3, 5, 3), "group_width": (4, 8, 4)},
        {"transform": "ksigma"},
    ],
)
def test_every_variant_keeps_the_size_and_saves(rng, tmp_path, sizes):
    x = inputs(rng, 16, 24)
    member = models.build("unet", 16, 24, **{**SMALL, **sizes})
    randomise(member)
    denoised = np.asarray(member(x))
    assert denoised.shape == x["noisy"].shape and np.isfinite(denoised).all()
    member.save(tmp_path / "member.keras")
    copy = keras.models.load_model(tmp_path / "member.keras")
    np.testing.assert_allclose(copy(x), denoised, atol=1e-6)


def test_the_gain_cancels_in_the_stabilised_domain(rng):
    """The same frame with twice the counts per electron is the same frame."""
    member = models.build("unet", 16, 24, **SMALL)
    randomise(member)
    x = inputs(rng, 16, 24)
    x["noisy"] *= 0.5
    doubled = {**x, "noisy": 2 * x["noisy"], "scale": x["scale"] / 2}
    np.testing.assert_allclose(member(doubled), 2 * member(x), atol=2e-5)


def test_bands_add_up_to_the_input_less_its_coarsest_means(rng):
    x = inputs(rng, 16, 24)["noisy"]
    means = parts.pyramid(keras.ops.convert_to_tensor(x), 3)
    fine, middle, coarse = parts.bands(means, (2, 4, 8))
    (whole,) = parts.bands(means, (8,))
    np.testing.assert_allclose(fine + middle + coarse, whole, atol=1e-6)
    # Flat is black in every band.
    flat = parts.pyramid(keras.ops.ones((1, 16, 24, 4)), 3)
    for band in parts.bands(flat, (2, 4, 8)):
        np.testing.assert_allclose(band, 0.0, atol=1e-6)


def test_details_are_limited_and_flat_is_black_in_all_but_the_coarsest(rng):
    x = rng.random((1, 16, 24, 4), dtype=np.float32)
    means = parts.pyramid(keras.ops.convert_to_tensor(x), 2)
    for detail, band in zip(
        parts.details(means), parts.bands(means[:2], (2,)), strict=False
    ):
        np.testing.assert_allclose(detail, band, atol=1e-6)
    edges = parts.details(parts.pyramid(100.0 * (x > 0.5), 2))
    assert float(keras.ops.max(keras.ops.abs(edges[0]))) == 1.0
    flat = parts.details(parts.pyramid(17.0 * np.ones_like(x), 2))
    for detail in flat[:-1]:
        np.testing.assert_allclose(detail, 0.0, atol=1e-5)
    np.testing.assert_allclose(flat[-1], 17.0, atol=1e-5)


@pytest.mark.parametrize(
    "sizes, message",
    [
        ({"height": 18}, "height=18"),
        ({"widths": (8, 10, 16), "expansion": 1}, "group_width=4"),
        ({"widths": (8, 10, 16), "skip_ratio": 4}, "skip_ratio=4"),
        ({"upsampling": "nearest"}, "upsampling='nearest'"),
        ({"stem_input": "raw"}, "stem_input='raw'"),
        ({"fa_input": "bands"}, "fa_input='bands'"),
        ({"blocks": (1, 2, 3)}, r"blocks=\(1, 2, 3\)"),
        ({"mid_blocks": 0}, "mid_blocks=0"),
        ({"kernel_size": (3, 5)}, r"kernel_size=\(3, 5\)"),
        ({"mid_block": 1}, "must be among widths, blocks.*mid_block=1"),
        ({"detail_cells": (3,)}, r"detail_cells.*2 to.*4\. Received: \(3,\)"),
        ({"detail_cells": (4, 2)}, r"Received: \(4, 2\)"),
        ({"detail_cells": (8,)}, r"Received: \(8,\)"),
    ],
)
def test_impossible_sizes_are_refused(sizes, message):
    arguments = {"height": 16, "width": 24, **SMALL, "mid_blocks": 1, **sizes}
    with pytest.raises(ValueError, match=message):
        models.build("unet", **arguments)


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="Received: name='resnet'"):
        models.build("resnet", 16, 24)


def test_the_measured_radius_is_that_of_the_kernels():
    """Two 3 x 3 convolutions at full size and nothing else: radius 2."""

    def build(height, width):
        x = image = keras.Input((height, width, 4))
        for _ in range(2):
            x = keras.layers.Conv2D(4, 3, padding="same")(x)
        return keras.Model(image, x)

    assert receptive.radius(build, stride=4) == 2
    assert receptive.halo(2, 4) == 4 and receptive.halo(8, 4) == 8


@pytest.mark.parametrize("stem_input", ["detail", "stabilised"])
def test_a_tile_with_its_halo_gives_what_the_frame_gives(rng, stem_input):
    sizes = {**SMALL, "stem_input": stem_input, "group_form": "native"}
    stride = 4

    def core(height, width):
        return unet.build(height, width, **sizes)

    halo = receptive.halo(receptive.radius(core, stride), stride)
    size = 2 * halo + 16
    frame = core(3 * size, size)
    tile = core(size, size)
    randomise(frame)
    tile.set_weights(frame.get_weights())
    x = rng.random((1, 3 * size, size, 4), dtype=np.float32)
    start = 5 * stride
    whole = np.asarray(frame(x))[:, start + halo : start + size - halo]
    cut = np.asarray(tile(x[:, start : start + size]))[:, halo:-halo]
    np.testing.assert_allclose(cut, whole, atol=1e-6)
    # A smaller halo would not do: the radius is measured, not padded.
    less = np.asarray(tile(x[:, start : start + size]))[:, halo - 2 * stride :]
    more = np.asarray(frame(x))[:, start + halo - 2 * stride : start + size]
    assert np.abs(less[:, :stride] - more[:, :stride]).max() > 1e-6
