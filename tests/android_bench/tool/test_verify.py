import dataclasses

import numpy as np
import pytest

from android_bench import bundle as bundles
from android_bench.errors import BenchError
from android_bench.tool import verify
from android_bench.tool.parse import Delegation
from android_bench.tool.verify import Reference


def reference(output, step=0.0, integer=False):
    return Reference(("x",), (output,), output, step, 0, integer)


FLOAT = np.linspace(0, 2, 12, dtype=np.float32).reshape(1, 2, 2, 3)


@pytest.mark.parametrize(
    "delegate, integer, limit",
    [
        ("cpu", False, 1e-5),
        ("gpu_fp32", False, 1e-5),
        ("gpu", False, 1e-3),
        ("cpu_fp16", False, 1e-3),
        ("npu", False, 1e-3),
        ("cpu", True, 1 / 255),
        ("gpu", True, 1 / 255),
    ],
)
def test_float_limits_are_relative_to_the_range(delegate, integer, limit):
    host = reference(FLOAT, integer=integer)
    # The range is 2.
    for factor, passed in ((0.9, True), (1.2, False)):
        output = FLOAT.copy()
        output[0, 1, 1, 0] += 2 * limit * factor
        check = verify.compare(output, host, delegate)
        assert check.passed == passed
        assert check.error == pytest.approx(limit * factor, rel=0.02)


@pytest.mark.parametrize("error, passed", [(0, True), (1, True), (2, False)])
def test_int8_outputs_may_differ_by_one_step(error, passed):
    values = np.arange(-128, 128, dtype=np.int8).reshape(1, 16, 16, 1)
    output = values.copy()
    output[0, 3, 3, 0] += error
    check = verify.compare(output, reference(values, 0.01, True), "cpu")
    assert (check.passed, check.error) == (passed, error)


def test_int8_difference_does_not_wrap_around():
    values = np.array([[[[-128]]]], np.int8)
    other = np.array([[[[127]]]], np.int8)
    assert verify.compare(other, reference(values, 1.0), "cpu").error == 255


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_output_that_is_no_number_fails(value):
    output = FLOAT.copy()
    output[0, 0, 0, 0] = value
    assert not verify.compare(output, reference(FLOAT), "cpu").passed


def test_dump_of_another_size_is_refused():
    host = reference(FLOAT)
    assert verify.from_bytes(FLOAT.tobytes(), host).shape == FLOAT.shape
    with pytest.raises(BenchError, match="48 bytes. Received: 47"):
        verify.from_bytes(FLOAT.tobytes()[:-1], host)


def test_this_machine_gives_the_golden_output(bundle):
    for model in bundles.read(bundle).models:
        host = verify.reference(model)
        assert host.integer == (model.recipe == "dynamic_wi8_afp32")
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
