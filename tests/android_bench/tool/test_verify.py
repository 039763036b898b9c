import dataclasses
import functools
import pathlib

import numpy as np
import pytest
from helpers import ROOT

from android_bench import bundle as bundles
from android_bench.errors import BenchError
from android_bench.results import columns
from android_bench.tool import verify
from android_bench.tool.parse import Delegation
from android_bench.tool.verify import Reference
from fanet_tf.denoising import agreement

GOLDEN = ROOT / "fanet_tf/zoo/imx258/golden"
# What right kernels gave, on golden crops, in deviations of the noise from
# XNNPACK on x86: float16 in half precision and static int8 on an emulated
# Cortex-A76, and static int8 with the built-in kernels on x86. From
# `benchmarks/arm_outputs.py --builtin --record` on the array of fan_half,
# exported with --tile=192 --finetune_steps=0 --max_float_macs=0.3.
RECORDED = np.load(pathlib.Path(__file__).with_name("golden_differences.npz"))


def reference(output, recipe="float32", step=0.0, scale=1e4, offset=100.0):
    return Reference(("x",), (output,), output, step, 0, recipe, scale, offset)


FLOAT = np.linspace(0, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)


@functools.cache
def shipped(member):
    """Returns a member's golden output with its noise, as a reference."""
    record = bundles.read(GOLDEN.parent).models[2 * member]
    assert record.member == member
    output = record.golden_denoised()[None]
    return output, record.golden.scale, record.golden.offset


def deviation(member):
    output, scale, offset = shipped(member)
    return np.sqrt(np.maximum(output, 0) / scale + offset / scale**2)


def compared(output, member, recipe, delegate):
    golden, scale, offset = shipped(member)
    host = reference(golden, recipe, scale=scale, offset=offset)
    return verify.compare(output.astype(np.float32), host, delegate)


@pytest.mark.parametrize("name", RECORDED.files)
def test_what_right_kernels_give_passes(name):
    recipe, core, kernels, member = name.split("/")
    delegate = "cpu_fp16" if kernels == "half" else "cpu"
    golden, *_ = shipped(int(member))
    output = golden + RECORDED[name] * deviation(int(member))
    check = compared(output, int(member), recipe, delegate)
    assert check.passed, check
    if kernels == "half":
        # In float32 the same output would be wrong.
        assert not compared(output, int(member), recipe, "cpu").passed


def test_limits_leave_room_above_what_right_kernels_give():
    for half, least in ((True, 2), (False, 1)):
        for name in RECORDED.files:
            recipe, _, kernels, _ = name.split("/")
            if (kernels == "half") == half:
                rms = np.sqrt(np.mean(RECORDED[name].astype(float) ** 2))
                assert least * rms < agreement.limits(recipe, half).rms


def swap(one, other):
    planes = list(range(4))
    planes[one], planes[other] = other, one
    return lambda x: x[..., planes]


WRONG = {
    "gain 2 % high": lambda x: 1.02 * x,
    "gain 2 % low": lambda x: 0.98 * x,
    "gain of one plane": lambda x: x * np.array([1, 1, 1.02, 1]),
    "black level a count off": lambda x: x + 1 / 1023,
    "R and B swapped": swap(0, 3),
    "the greens swapped": swap(1, 2),
    "R and Gr swapped": swap(0, 1),
    "a pixel down": lambda x: np.roll(x, 1, axis=1),
    "a pixel right": lambda x: np.roll(x, 1, axis=2),
}


@pytest.mark.parametrize("wrong", list(WRONG))
@pytest.mark.parametrize("member", range(4))
def test_a_wrong_output_fails_in_every_format(wrong, member):
    output = WRONG[wrong](shipped(member)[0])
    for recipe, delegate in (
        ("float32", "cpu"),
        ("float16", "cpu_fp16"),
        ("dynamic_wi8_afp32", "gpu"),
        ("static_wi8_ai8", "cpu"),
    ):
        assert not compared(output, member, recipe, delegate).passed


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_output_that_is_no_number_fails(value):
    output = FLOAT.copy()
    output[0, 0, 0, 0] = value
    for recipe in ("float32", "static_wi8_ai8"):
        host = reference(FLOAT, recipe)
        assert not verify.compare(output, host, "cpu_fp16").passed


def test_one_wrong_value_among_many_fails():
    output = shipped(0)[0].copy()
    output[0, 5, 7, 2] += 1.1 * deviation(0)[0, 5, 7, 2]
    check = compared(output, 0, "static_wi8_ai8", "cpu")
    assert check.difference.rms < 0.01 and not check.passed


def test_integer_outputs_are_judged_by_what_they_mean():
    values = np.arange(-128, 128, dtype=np.int8).reshape(1, 8, 8, 4)
    # The deviation of black is 0.001, of white 0.01.
    host = reference(values, "static_wi8_ai8", step=1e-4)
    other = values.copy()
    other[0, 3, 3] += 1
    check = verify.compare(other, host, "cpu")
    assert check.passed and 0.01 < check.difference.largest < 0.11
    other[0, 3, 3, 0] = 127  # And does not wrap around.
    assert not verify.compare(other, host, "cpu").passed


def test_the_results_say_what_a_difference_is_worth():
    output = shipped(1)[0] + 0.04 * deviation(1)
    record = compared(output, 1, "static_wi8_ai8", "cpu").record()
    assert record["error"] == pytest.approx(0.04, rel=0.01)
    assert record["db"] == pytest.approx(0.077, abs=0.001)
    row = {"check": record, "notes": []}
    assert columns.checked(row) == "0.04 <= 0.15 (0.08 dB)"


def test_dump_of_another_size_is_refused():
    host = reference(FLOAT)
    assert verify.from_bytes(FLOAT.tobytes(), host).shape == FLOAT.shape
    with pytest.raises(BenchError, match="192 bytes. Received: 191"):
        verify.from_bytes(FLOAT.tobytes()[:-1], host)


def test_this_machine_gives_the_golden_output(bundle):
    for model in bundles.read(bundle).models:
        host = verify.reference(model)
        assert host.recipe == model.recipe
        assert {i.shape for i in host.inputs} == {(1, 64, 48, 4), (1, 1, 1, 1)}
        assert verify.golden(model, host).passed


def test_golden_output_of_another_network_fails(bundle):
    model = bundles.read(bundle).models[0]
    host = verify.reference(model)
    golden = np.load(model.golden.denoised)
    np.save(model.golden.denoised, golden * 1.01)
    assert not verify.golden(model, host).passed
    np.save(model.golden.denoised, golden[1:])
    with pytest.raises(BenchError, match="must have the crop's shape"):
        verify.golden(model, host)


def test_model_that_is_no_flatbuffer_is_refused(bundle):
    model = bundles.read(bundle).models[0]
    model.path.write_bytes(b"not a model")
    with pytest.raises(BenchError, match="must run on noisy, scale and offset"):
        verify.reference(model)


def test_model_of_another_tile_is_refused(bundle):
    model = bundles.read(bundle).models[0]
    tile = dataclasses.replace(model.tile, height=32)
    with pytest.raises(BenchError, match="must run on noisy"):
        verify.reference(dataclasses.replace(model, tile=tile))


def said(*pairs):
    return [Delegation(name, extent, "said so") for name, extent in pairs]


@pytest.mark.parametrize(
    "delegate, pairs, kind, reason",
    [
        ("cpu", [("XNNPACK", "full")], "classic", None),
        ("cpu", [("XNNPACK", "partial")], "classic", "only a part"),
        ("cpu", [], "classic", "names no delegate"),
        ("cpu", [], "litert", None),
        ("cpu", [("TfLiteXNNPackDelegate", "full")], "litert", None),
        ("cpu", [("TfLiteXNNPackDelegate", "partial")], "litert", "a part"),
        ("builtin", [], "classic", None),
        ("builtin", [("XNNPACK", "full")], "classic", "XNNPACK ran"),
        ("gpu", [("GPU", "full")], "classic", None),
        ("gpu", [("GPU", "none")], "classic", "did not execute"),
        ("gpu", [("XNNPACK", "full")], "classic", "XNNPACK ran"),
        ("gpu", [("TfLiteGpuDelegateV2", "partial")], "classic", "a part"),
        ("npu", [("EXTERNAL", "none")], "classic", "did not execute"),
        ("npu", [("TfLiteXNNPackDelegate", "full")], "litert", "asked for npu"),
        ("npu", [("DispatchDelegate", "full")], "litert", None),
        ("npu", [("DispatchDelegate", "partial")], "litert", "asked for npu"),
    ],
)
def test_silent_fallback_is_found(delegate, pairs, kind, reason):
    why = verify.executed(delegate, said(*pairs), kind)
    assert (why is None) == (reason is None)
    assert reason is None or reason in why
