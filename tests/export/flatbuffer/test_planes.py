"""Laws of a core in integers alone: two planes in, no float inside."""

import functools

import keras
import numpy as np
import pytest
from helpers import randomise

from export.flatbuffer import convert
from export.flatbuffer import graph as graph_lib
from export.flatbuffer import planes
from export.flatbuffer import runtime
from export.int8 import integer_core
from export.int8 import quantise
from export.int8 import simulate
from fanet_tf import models

SIZE = 32
RANGES = [(0.05, 17.3), (-0.4, 3.1), (-9.0, 0.5), (0.0, 1e-3)]


@functools.cache
def core():
    """Returns a float core of gated blocks at half size."""
    network = models.build(
        name="gated",
        height=SIZE,
        width=SIZE,
        widths=(8, 16),
        stem_stride=2,
        encoder="depth point",
        middle="depth light align",
        decoder="depth point align",
    )
    randomise(network, seed=0)
    network.set_weights([0.3 * w for w in network.get_weights()])
    return convert.convert_core(network)


def stabilised(seed=0):
    rng = np.random.default_rng(seed)
    bright = np.linspace(2.0, 12.0, SIZE, dtype=np.float32)[:, None, None]
    noise = rng.standard_normal((SIZE, SIZE, 4), dtype=np.float32)
    return (bright + 0.125 * noise)[None]


@functools.cache
def integers():
    """Returns a core in integers, the float one with planes, and its grid."""
    grid = planes.Grid.of(0.0, 17.3)
    floats = planes.with_planes(core())
    tiles = [feeds(grid, stabilised(seed)) for seed in range(3)]
    ranges = quantise.calibrate(floats, tiles)
    ranges = quantise.with_ranges(ranges, grid.ranges())
    return quantise.static(floats, ranges, whole=True), floats, grid


def feeds(grid, x):
    return {n: v.astype(np.float32) for n, v in grid.split(x).items()}


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_two_planes_are_one_number_of_sixteen_bits(low, high, rng):
    grid = planes.Grid.of(low, high)
    x = rng.uniform(low, high, 4096).astype(np.float32)
    x[:2] = low, high
    split = feeds(grid, x)
    step = grid.scale / 256
    found = split[planes.COARSE] + split[planes.FINE]
    assert np.abs(found - x).max() <= 0.5001 * step
    stored = {
        planes.COARSE: split[planes.COARSE] / grid.scale + grid.zero_point,
        planes.FINE: split[planes.FINE] / step,
    }
    for value in stored.values():  # Both are integers of eight bits, exactly.
        np.testing.assert_array_equal(value, value.astype(np.int8))
    # What sixteen bits hold comes back to the bit.
    again = feeds(grid, found)
    for name, value in split.items():
        np.testing.assert_array_equal(again[name], value)


def test_what_no_grid_holds_becomes_its_end():
    grid = planes.Grid.of(0.0, 17.3)
    split = grid.split(np.array([-1e3, 1e3], np.float32))
    found = split[planes.COARSE] / grid.scale + grid.zero_point
    np.testing.assert_array_equal(found, [-128, 127])


def test_keras_splits_as_numpy_does():
    grid = planes.Grid.of(0.0, 17.3)
    theirs = grid.split(keras.ops.convert_to_tensor(stabilised()), keras.ops)
    for name, ours in grid.split(stabilised()).items():
        np.testing.assert_array_equal(theirs[name], ours)


def test_in_float_the_planes_give_what_the_input_gives(rng):
    """Where the means of the fine plane are zero, which they nearly are."""
    grid = planes.Grid.of(0.0, 17.3)
    fine = rng.uniform(-0.4, 0.4, (1, SIZE, SIZE, 4)) * grid.scale
    fine[:, 1::2] = -fine[:, ::2]
    x = (40 * grid.scale + fine).astype(np.float32)
    split = {
        planes.COARSE: np.full_like(x, 40 * grid.scale),
        planes.FINE: x - np.float32(40 * grid.scale),
    }
    whole = runtime.Runner(core())({"stabilised": x})["residual"]
    two = runtime.Runner(planes.with_planes(core()))(split)["residual"]
    np.testing.assert_allclose(two, whole, atol=1e-5)
    assert np.std(whole) > 1e-3


def test_no_float_is_in_a_core_of_integers():
    graph = graph_lib.read(integers()[0])
    names = [op.name for op in graph.operations]
    assert "DEPTH_TO_SPACE" in names
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(names)
    used = {i for op in graph.operations for i in (*op.inputs, *op.outputs)}
    used |= {*graph.inputs.values(), *graph.outputs.values()}
    kinds = {graph.tensors[index].dtype for index in used if index >= 0}
    assert kinds == {"INT8", "INT32"}  # Biases and sizes have 32 bits.
    for index in (*graph.inputs.values(), *graph.outputs.values()):
        assert graph.tensors[index].dtype == "INT8"


def test_with_wide_layers_the_brightness_alone_has_sixteen_bits():
    tiles = [{"stabilised": stabilised(seed)} for seed in range(3)]
    graph = graph_lib.read(
        quantise.static(
            core(),
            quantise.calibrate(core(), tiles),
            whole=True,
            wide_layers=integer_core.WIDE_LAYERS,
        )
    )
    kinds = {}
    for op in graph.operations:
        tensors = [graph.tensors[i] for i in (*op.inputs, *op.outputs)]
        assert "FLOAT32" not in {tensor.dtype for tensor in tensors}
        name = graph.tensors[op.outputs[0]].base_name
        if op.name != "QUANTIZE":
            layer = name.split("/")[1] if "/" in name else name
            kinds[layer] = graph.tensors[op.outputs[0]].dtype
    (entry,) = graph.inputs.values()
    (out,) = graph.outputs.values()
    assert graph.tensors[entry].dtype == "INT16"
    assert graph.tensors[out].dtype == "INT8"
    wide = {layer for layer, kind in kinds.items() if kind == "INT16"}
    assert wide == {
        layer for layer in kinds if layer.startswith(integer_core.WIDE_LAYERS)
    }


def test_its_inputs_have_the_steps_of_the_grid():
    quantised, _, grid = integers()
    details = runtime.Runner(quantised).inputs
    assert planes.Grid.read(details) == grid
    assert details[planes.FINE]["quantization"] == (grid.scale / 256, 0)


def test_integers_resolve_details_finer_than_a_coarse_step():
    quantised, _, grid = integers()
    x = stabilised(5)
    inspector = runtime.Inspector(quantised)
    graph = graph_lib.read(quantised)
    stored = {
        name: np.rint(value / scale + zero).astype(np.int8)
        for name, value in feeds(grid, x).items()
        for scale, zero in [
            runtime.Runner(quantised).inputs[name]["quantization"]
        ]
    }
    inspector(stored)
    (index,) = {
        op.outputs[0]
        for op in graph.operations
        if op.name == "ADD" and graph.inputs[planes.FINE] in op.inputs
    }
    tensor = graph.tensors[index]
    detail = (inspector.tensor(index) - float(tensor.zero)) * tensor.scale
    floats = runtime.Inspector(core())
    floats({"stabilised": x})
    names = [t.name for t in graph_lib.read(core()).tensors]
    error = detail - floats.tensor(names.index(tensor.base_name))
    # Rounding to coarse steps would leave this, and means add theirs to it.
    assert np.std(error) < 0.75 * grid.scale / np.sqrt(12.0)


def test_constants_that_trained_are_those_of_the_flatbuffer(rng):
    """A bias that several layers share is copied by the quantizer."""
    quantised, floats, grid = integers()
    trained = simulate.Simulated(quantised, floats)
    for kernel in trained.kernels.values():
        kernel.assign(kernel + 0.01 * rng.standard_normal(kernel.shape))
    changed = graph_lib.with_constants(floats, trained.constants())
    split = feeds(grid, stabilised())
    np.testing.assert_allclose(
        trained(split, quantise=False),
        runtime.Runner(changed)(split)["residual"],
        atol=1e-4,
    )
