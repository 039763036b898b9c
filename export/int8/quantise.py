"""Float32 flatbuffers to quantised ones, by `ai-edge-quantizer`.

Which operations stay in float is chosen by the names of their output tensors,
which the converter takes from the Keras layers: `dec0` for all of a layer,
`dec0/project` for a part of it.
"""

import contextlib
import io
import re

import numpy as np
from ai_edge_quantizer import qtyping
from ai_edge_quantizer import quantizer
from ai_edge_quantizer import recipe as aeq_recipe

from fanet_tf.denoising import macs
from fanet_tf.models.parts import PRECISE

_Operation = qtyping.TFLOperationName
SIGNATURE = "serving_default"

# The transform and the residual lie outside of the core. These lie inside and
# stay in float: what carries the brightness at full size, up to 138 deviations
# of the noise at gain 1 (the pyramid, the details, which are small differences
# of large numbers, the stem, and the finest trunks of Feature-Align), and the
# head and the gate, whose output is what is added to the picture. Further ones
# are searched for where this is not enough for static int8
# (`float_layers.choose`).
FLOAT_LAYERS = (*PRECISE, "stem", "fa_enc0/shared", "fa_dec0/shared")

# A dynamic-range convolution reads its input twice more, for its range and to
# round it, which must pay for itself: one that uses each input value at most so
# often is faster in float (docs/decisions.md).
FLOAT_REUSE = 32


def _keep_float(worker, name=".*", operation=_Operation.ALL_SUPPORTED):
    worker.update_quantization_recipe(
        name,
        operation,
        algorithm_key=aeq_recipe.AlgorithmName.NO_QUANTIZE,
    )


def _quantizer(flatbuffer):
    return quantizer.Quantizer(bytearray(flatbuffer))


def _quietly(function, *arguments, **options):
    with contextlib.redirect_stdout(io.StringIO()):
        with contextlib.redirect_stderr(io.StringIO()):
            return function(*arguments, **options)


def dynamic(flatbuffer, float_reuse=FLOAT_REUSE) -> bytes:
    """Returns int8 weights with activations quantised as they come.

    `FLOAT_LAYERS` stay in float.

    Args:
        flatbuffer: bytes, float32.
        float_reuse: convolutions that use each value of their input so often,
            or less, stay in float, too.
    """
    worker = _quantizer(flatbuffer)
    worker.load_quantization_recipe(aeq_recipe.dynamic_wi8_afp32())
    # XNNPACK knows no depth-wise convolution with int8 weights and float
    # activations; the fixed kernels of the pyramid would split the graph.
    _keep_float(worker, operation=_Operation.DEPTHWISE_CONV_2D)
    for found in macs.convolutions(flatbuffer):
        if found.operation == "CONV_2D" and found.reuse <= float_reuse:
            # The quantizer ends a name with a semicolon.
            _keep_float(worker, f"^{re.escape(found.name)};?$")
    for layer in FLOAT_LAYERS:
        _keep_float(worker, layer_pattern(layer))
    return bytes(_quietly(worker.quantize).quantized_model)


def layer_pattern(name: str) -> str:
    """Returns the regular expression of a layer's tensors, as `dec0/project`.

    Keras and the converter number the names: `dec0_1`, `pyramid2_1`.
    """
    return ".*/" + "".join(f"{word}[^/]*/" for word in name.split("/")) + ".*"


def static(
    flatbuffer, ranges, bits=8, whole=False, float_layers=FLOAT_LAYERS
) -> bytes:
    """Returns int8 weights and activations of `bits` bits with fixed ranges.

    Args:
        flatbuffer: bytes, float32.
        ranges: from `calibrate`.
        bits: of the activations, 8 or 16.
        whole: quantises every operation, inputs and outputs too; else what
            lies in the core, less `float_layers`.
        float_layers: names of layers or their parts.
    """
    worker = _quantizer(flatbuffer)
    scope = ".*" if whole else ".*/core[^/]*/.*"
    worker.add_static_config(scope, _Operation.ALL_SUPPORTED, bits, 8)
    for layer in () if whole else float_layers:
        _keep_float(worker, layer_pattern(layer))
    return bytes(_quietly(worker.quantize, ranges).quantized_model)


def calibrate(flatbuffer, tiles) -> dict:
    """Runs `tiles` through a flatbuffer and returns each tensor's range.

    The quantizer's own measure: a moving average of each tile's least and
    greatest value, which a single hot pixel cannot widen.

    Args:
        flatbuffer: bytes, float32.
        tiles: list of inputs by name.
    """
    worker = _quantizer(flatbuffer)
    # Every operation is looked at, whatever stays in float afterwards.
    worker.add_static_config(".*", _Operation.ALL_SUPPORTED, 8, 8)
    return _quietly(worker.calibrate, {SIGNATURE: tiles}, num_threads=2)


def with_ranges(ranges, changed: dict[str, tuple[float, float]]) -> dict:
    """Returns `ranges` with those of some tensors changed."""
    result = dict(ranges)
    for name, (low, high) in changed.items():
        shape = np.shape(result[name]["min"])
        result[name] = {
            **result[name],
            "min": np.full(shape, low, np.float32),
            "max": np.full(shape, high, np.float32),
        }
    return result
