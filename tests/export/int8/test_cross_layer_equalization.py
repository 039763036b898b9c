"""Laws of channels that are brought into one range."""

import functools

import numpy as np
import pytest
from helpers import noisy_tile
from helpers import randomise

from export.flatbuffer import convert
from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime
from export.int8 import cross_layer_equalization
from fanet_tf import models

_LAYOUTS = {
    "gated blocks": {
        "name": "gated",
        "widths": (8, 16),
        "encoder": "depth point",
        "middle": "depth light align",
        "decoder": "depth point align",
    },
    "half size": {
        "name": "gated",
        "widths": (8, 16),
        "stem_stride": 2,
        "encoder": "point align",
        "middle": "light",
        "decoder": "depth align",
    },
    "ARNet's blocks": {
        "name": "unet",
        "widths": (8, 16),
        "mid_blocks": 1,
        "group_form": "native",
    },
}


@functools.cache
def equalised(layout):
    """Returns `(before, after, tile)` of a layout with random weights."""
    network = models.build(height=32, width=48, **_LAYOUTS[layout])
    randomise(network, seed=0)
    network.set_weights([0.5 * w for w in network.get_weights()])
    before = convert.convert(network)
    tile = noisy_tile(32, 48, np.random.default_rng(0))
    constants = cross_layer_equalization.equalised(before, [tile])
    return before, graph_lib.with_constants(before, constants), tile


def channels(flatbuffer, tile):
    """Returns the largest magnitude of each activation's channels, by name."""
    inspector = runtime.Inspector(flatbuffer)
    inspector(tile)
    return {
        tensor.name: np.abs(inspector.tensor(index)).max(axis=(0, 1, 2))
        for index, tensor in enumerate(graph_lib.read(flatbuffer).tensors)
        if tensor.data is None and len(tensor.shape) == 4
    }


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_the_float_network_computes_the_same(layout):
    before, after, tile = equalised(layout)
    expected = runtime.denoiser(before)(tile)
    found = runtime.denoiser(after)(tile)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert np.abs(expected - tile["noisy"]).max() > 1e-3


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_only_channels_that_use_little_of_a_range_grow(layout):
    before, after, tile = equalised(layout)
    old, new = channels(before, tile), channels(after, tile)
    quotients = [name for name in old if "/gamma" in name]
    for name in set(old) - set(quotients):
        assert new[name].max() <= 1.001 * old[name].max(), name
        assert (new[name] >= 0.999 * old[name]).all(), name


@pytest.mark.parametrize("layout", ["gated blocks", "half size"])
def test_products_and_sums_use_their_range_better(layout):
    before, after, tile = equalised(layout)
    old, new = channels(before, tile), channels(after, tile)

    def used(found, word):
        shares = [
            values.mean() / values.max()
            for name, values in found.items()
            if word in name
        ]
        return np.mean(shares)

    assert used(new, "_product") > 1.2 * used(old, "_product")
    assert used(new, "_add") > used(old, "_add")
