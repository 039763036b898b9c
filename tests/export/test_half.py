"""Laws of the half-size network's flatbuffers."""

import functools

import numpy as np
import pytest
from helpers import noisy_tile
from helpers import randomise

from export.flatbuffer import convert
from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime
from export.int8 import quantise
from fanet_tf import models
from fanet_tf import variants

SIZE = (32, 48)


@functools.cache
def member():
    """Returns the network with weights under which products stay small."""
    model = variants.get("fan_half").model
    made = models.build(height=SIZE[0], width=SIZE[1], **model)
    randomise(made)
    made.set_weights([0.3 * w for w in made.get_weights()])
    return made


@functools.cache
def float32():
    return convert.convert(member())


def tile():
    return noisy_tile(*SIZE, np.random.default_rng(0))


def static():
    ranges = quantise.calibrate(float32(), [tile()])
    return quantise.static(float32(), ranges)


# The largest error allowed, of the range of what the network adds.
RECIPES = {
    "float32": (float32, 1e-5),
    "float16": (lambda: convert.convert(member(), float16=True), 5e-3),
    "dynamic": (lambda: quantise.dynamic(float32()), 5e-2),
    "static": (static, 5e-2),
}


@pytest.mark.parametrize("recipe", list(RECIPES))
def test_each_recipe_is_one_node_and_gives_what_keras_gives(recipe):
    make, limit = RECIPES[recipe]
    flatbuffer = make()
    assert runtime.undelegated(flatbuffer) == []
    x = tile()
    expected = np.asarray(member()(x)) - x["noisy"]
    added = runtime.Runner(flatbuffer)(x)["denoised"] - x["noisy"]
    error = np.abs(added - expected).max() / np.ptp(expected)
    assert error < limit


def test_static_int8_leaves_only_the_ends_in_float():
    kernels = {"FLOAT32": set(), "INT8": set()}
    graph = graph_lib.read(static())
    for op in graph.operations:
        if op.name == "CONV_2D":
            dtype = graph.tensors[op.inputs[1]].dtype
            kernels[dtype].add(graph.tensors[op.outputs[0]].base_name)
    aligned = [("/fa_dec0", f"/{part}") for part in ("shared", "gamma", "beta")]
    ends = [("/stem", ""), ("/head", ""), *aligned]
    assert len(kernels["FLOAT32"]) == len(ends)
    for layer, part in ends:
        assert any(layer in n and part in n for n in kernels["FLOAT32"])
    # Ten products of three, two widenings and two ways down, two coarser pairs
    # of gamma and beta of Feature-Align, and their two trunks.
    assert len(kernels["INT8"]) == 10 * 3 + 2 + 2 + 4 + 2
