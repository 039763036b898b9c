"""Laws of the way to int8."""

import functools
import json

import exports
import keras
import numpy as np
import pytest
from exports import SETTINGS
from helpers import noisy_tile
from helpers import randomise

from export.contract import quality
from export.flatbuffer import convert
from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime
from export.int8 import calibration
from export.int8 import float_layers
from export.int8 import quantise
from export.int8 import simulate
from fanet_tf import models
from fanet_tf.models import cost
from fanet_tf.training import run_folder

# Without the steps that train: what they make is in the small bundle.
PLAIN = calibration.Settings(tiles=2, steps=0, target_db=np.inf)

_UNET = {
    "name": "unet",
    "widths": (8, 16),
    "mid_blocks": 1,
    "group_form": "native",
}
_GATED = {
    "name": "gated",
    "widths": (8, 16),
    "encoder": "depth point align",
    "middle": "depth point align",
    "decoder": "depth point align",
}


@functools.cache
def member():
    """Returns `(keras.Model, config, pairs)` of a small member."""
    config, workdir, _ = exports.small()
    folder = run_folder.member_folder(workdir, 0)
    trained = keras.models.load_model(folder / "member.keras", compile=False)
    data = calibration.Data(config, PLAIN)
    record = json.loads((folder / "member.json").read_text())
    pairs = data.of_member(0, record["a_range"]).pairs()
    small = convert.static_member(
        trained, config.model.to_dict(), data.tile, data.tile
    )
    return small, config, pairs


@functools.cache
def prepared():
    """Returns `(flatbuffer, ranges)` of it, at the crops' size."""
    small, _, pairs = member()
    flatbuffer = convert.convert(small)
    ranges = quantise.calibrate(flatbuffer, [inputs for inputs, _ in pairs])
    return flatbuffer, ranges


def choose(target_db, max_float_macs):
    flatbuffer, ranges = prepared()
    pairs = member()[2]
    reference = quality.of_crops(runtime.denoiser(flatbuffer), pairs)
    settings = calibration.Settings(
        target_db=target_db, max_float_macs=max_float_macs
    )
    return float_layers.choose(flatbuffer, ranges, pairs, reference, settings)


def test_a_graph_counts_what_the_network_counts():
    small, _, _ = member()
    counts = float_layers.convolution_macs(prepared()[0])
    core = small.get_layer("core")
    height, width = core.input_shape[1:3]
    counted = sum(row.macs for row in cost.count(core).rows) * height * width
    assert sum(counts.values()) == counted


def test_layers_and_their_parts_are_named():
    counts = float_layers.convolution_macs(prepared()[0])
    named = float_layers.layers(counts)
    assert {"stem", "dec0", "dec0/project", "fa_enc0/shared"} <= set(named)
    assert len(named) == len(set(named))


def test_layers_whose_names_begin_alike_are_groups():
    blocks = convert.convert(models.build(height=16, width=16, **_GATED))
    named = float_layers.layers(float_layers.convolution_macs(blocks))
    assert {"enc0_0_a_close", "enc0_0_a", "enc0_0", "enc0"} <= set(named)
    assert len(named) == len(set(named))


def test_nothing_more_stays_in_float_where_little_is_lost():
    assert choose(np.inf, 1.0) == quantise.FLOAT_LAYERS


@pytest.mark.parametrize("share", [0.35, 0.6])
def test_the_search_spends_its_budget_and_no_more(share):
    counts = float_layers.convolution_macs(prepared()[0])
    chosen = choose(-np.inf, share)
    ends = float_layers.share(counts, quantise.FLOAT_LAYERS)
    assert ends < float_layers.share(counts, chosen) <= share


def test_a_layer_left_in_float_has_float_kernels():
    flatbuffer, ranges = prepared()
    names = (*quantise.FLOAT_LAYERS, "dec0/project")
    graph = graph_lib.read(
        quantise.static(flatbuffer, ranges, float_layers=names)
    )
    kernels = {
        graph.tensors[op.outputs[0]].base_name: graph.tensors[op.inputs[1]]
        for op in graph.operations
        if op.name == "CONV_2D"
    }
    (project,) = (
        k for n, k in kernels.items() if "/project" in n and "dec0" in n
    )
    assert project.dtype == "FLOAT32"
    assert any(k.dtype == "INT8" for k in kernels.values())


def test_ranges_that_are_far_too_wide_shrink_when_they_train():
    """The gradient sees the rounding, not only what is clipped."""
    import tensorflow as tf

    flatbuffer, ranges = prepared()
    quantised = quantise.static(flatbuffer, ranges)
    student = simulate.Simulated(quantised, flatbuffer)
    factors = [factor for _, _, factor in student.ranges.values()]
    for factor in factors:
        factor.assign(np.log(16.0) / simulate.FASTER)
    inputs = {n: tf.constant(v) for n, v in member()[2][0][0].items()}
    with tf.GradientTape() as tape:
        error = student(inputs) - student(inputs, quantise=False)
        loss = tf.reduce_mean((error * inputs["scale"]) ** 2)
    gradients = tape.gradient(loss, [factor.value for factor in factors])
    assert sum(float(g) for g in gradients) > 0


def test_a_trained_range_keeps_its_zero():
    flatbuffer, ranges = prepared()
    quantised = quantise.static(flatbuffer, ranges)
    student = simulate.Simulated(quantised, flatbuffer)
    for low, high, factor in student.ranges.values():
        assert low <= 0 <= high
        factor.assign(np.log(0.5) / simulate.FASTER)
    halved = quantise.with_ranges(ranges, student.trained_ranges())
    again = simulate.Simulated(quantise.static(flatbuffer, halved), flatbuffer)
    before = sorted((low, high) for low, high, _ in student.ranges.values())
    after = sorted((low, high) for low, high, _ in again.ranges.values())
    step = [(high - low) / 255 for low, high in before]
    for old, new, width in zip(before, after, step, strict=True):
        np.testing.assert_allclose(new, np.multiply(old, 0.5), atol=width)


def manifest():
    return json.loads((exports.small()[2] / "manifest.json").read_text())


def test_the_manifest_says_what_each_step_loses():
    for record in manifest()["members"]:
        entry = record["recipes"]["static_wi8_ai8"]
        steps = entry["steps"]
        names = [step["step"] for step in steps]
        assert names[:2] == ["plain", "float ends"]
        crops = [step["crops_loss_db"] for step in steps[1:]]
        assert crops == sorted(crops, reverse=True)
        assert steps[0]["float_share"] == 0 < steps[1]["float_share"]
        # The last one is what ships.
        assert steps[-1]["gains"] == entry["quality"]["gains"]
        assert steps[-1]["float_share"] <= max(
            SETTINGS.max_float_macs, steps[1]["float_share"]
        )


@pytest.mark.parametrize(
    "sizes",
    [
        {**_UNET, "fa_input": "stabilised"},
        {**_UNET, "fa_input": "detail"},
        _GATED,
    ],
    ids=["stabilised", "detail", "gated blocks"],
)
def test_the_ends_of_every_layout_stay_in_float(sizes, rng):
    layout = models.build(height=32, width=48, **sizes)
    randomise(layout, seed=0)
    if sizes["name"] == "gated":
        # Else what is multiplied exceeds the delegate's ratios of scales.
        layout.set_weights([0.3 * w for w in layout.get_weights()])
    flatbuffer = convert.convert(layout)
    tile = noisy_tile(32, 48, rng)
    ranges = quantise.calibrate(flatbuffer, [tile])
    quantised = quantise.static(flatbuffer, ranges)
    graph = graph_lib.read(quantised)
    in_float = {
        graph.tensors[op.outputs[0]].base_name
        for op in graph.operations
        if op.name == "CONV_2D"
        and graph.tensors[op.inputs[1]].dtype == "FLOAT32"
    }
    aligned = [
        (level, part)
        for level in ("fa_enc0", "fa_dec0")
        for part in ("shared", "gamma", "beta")
    ]
    ends = [("stem", ""), ("head", ""), *aligned]
    for layer, part in ends:
        assert any(
            f"/{layer}" in name and f"/{part}" in name for name in in_float
        )
    assert not any("/dec0" in name for name in in_float)
    assert len(in_float) == len(ends)
    sums = {
        graph.tensors[op.outputs[0]].base_name: graph.tensors[op.outputs[0]]
        for op in graph.operations
        if op.name == "ADD"
    }
    finest = {
        tensor.dtype
        for name, tensor in sums.items()
        if "/fuse0" in name or ("/dec0_" in name and "_add" in name)
    }
    if sizes["name"] == "gated":
        assert finest == {"FLOAT32"}
        assert any(t.dtype == "INT8" for t in sums.values())
    if sizes.get("fa_input") != "stabilised":
        details = {
            graph.tensors[op.outputs[0]].dtype
            for op in graph.operations
            if "/fa_detail" in graph.tensors[op.outputs[0]].base_name
        }
        assert details == {"FLOAT32"}
    assert runtime.undelegated(quantised) == []


def test_narrowed_ranges_give_up_rare_values_for_finer_steps():
    flatbuffer, ranges = prepared()
    tiles = [inputs for inputs, _ in member()[2]]
    ranges = quantise.widened(ranges)  # For values that are never met.
    narrowed = quantise.narrowed(flatbuffer, tiles, ranges)
    factors = {
        name: quantise._ends(narrowed[name])[1] / high
        for name, entry in ranges.items()
        if (high := quantise._ends(entry)[1]) > 0
    }
    assert max(factors.values()) < 0.5
    rng = np.random.default_rng(0)
    spread = rng.standard_normal(100_000)
    spread[0] = 200.0  # One edge among the noise.
    errors = [quantise._error(spread[1:], -f, f) for f in (200.0, 5.0)]
    assert errors[1] < errors[0]


def test_sixteen_bits_hold_what_is_beyond_every_crop():
    flatbuffer, ranges = prepared()
    inputs = member()[2][0][0]
    hot = {**inputs, "noisy": np.clip(4 * inputs["noisy"], 0, None)}
    exact = runtime.denoiser(flatbuffer)(hot)

    def error(ranges):
        wide = quantise.static(flatbuffer, ranges, bits=16)
        return np.abs(runtime.denoiser(wide)(hot) - exact).max()

    assert error(quantise.widened(ranges)) < 0.2 * error(ranges)
