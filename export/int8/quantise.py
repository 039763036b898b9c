"""Float32 flatbuffers to quantised ones, by `ai-edge-quantizer`.

Layers stay in float by name. The converter names an operation's output after
its Keras layer: `dec0` chooses all of a layer, `dec0/project` a part of it.
"""

import contextlib
import io
import re
from collections.abc import Iterable

import numpy as np
from ai_edge_quantizer import qtyping
from ai_edge_quantizer import quantizer
from ai_edge_quantizer import recipe as aeq_recipe

from export.flatbuffer import graph as graph_lib
from export.flatbuffer import integer_moves
from export.flatbuffer import runtime
from fanet_tf.denoising import macs
from fanet_tf.models.parts import PRECISE

_Operation = qtyping.TFLOperationName
SIGNATURE = "serving_default"

# Layers of the core that stay in float. Some carry the brightness at full size,
# up to 138 deviations of the noise at gain 1: the pyramid, the details (small
# differences of large numbers), the stem and the finest Feature-Align. The
# head's output is added to the picture. The finest sums add a little to a lot:
# rounded there, the features lose a little at every step. Where this is not
# enough for static int8, `float_layers.choose` finds more.
FLOAT_LAYERS = (
    *PRECISE,
    "stem",
    "fa_enc0",
    "fa_dec0",
    "fuse0",
    r"(enc|dec)0_\w*_add",
)

# A dynamic-range convolution reads its input two more times, to find its range
# and to round it. One that uses each value of its input no more often than this
# is faster in float (docs/decisions.md).
FLOAT_REUSE = 32

# What `narrowed` tries, and on how many values of a tensor in each tile.
_NARROWER = 2.0 ** -np.arange(0.0, 5.5, 0.5)
_VALUES = 20_000

# Of 16 bits, see `widened`.
_WIDER = 8.0


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


def dynamic(flatbuffer: bytes, float_reuse: int = FLOAT_REUSE) -> bytes:
    """Quantises weights to int8, and activations while the member runs.

    `FLOAT_LAYERS` stay in float.

    Args:
        flatbuffer: float32.
        float_reuse: convolutions that use each value of their input this often
            or less stay in float, too.
    """
    worker = _quantizer(flatbuffer)
    worker.load_quantization_recipe(aeq_recipe.dynamic_wi8_afp32())
    # XNNPACK has no depth-wise convolution with int8 weights and float
    # activations: the fixed kernels of the pyramid would split the graph.
    _keep_float(worker, operation=_Operation.DEPTHWISE_CONV_2D)
    for found in macs.convolutions(flatbuffer):
        if found.operation == "CONV_2D" and found.reuse <= float_reuse:
            # The quantizer ends a name with a semicolon.
            _keep_float(worker, f"^{re.escape(found.name)};?$")
    for layer in FLOAT_LAYERS:
        _keep_float(worker, layer_pattern(layer))
    return bytes(_quietly(worker.quantize).quantized_model)


def layer_pattern(name: str) -> str:
    """Returns the regular expression for a layer's tensors.

    Args:
        name: of a layer or its part, such as `dec0/project`. Keras and the
            converter may append numbers: `dec0_1`, `pyramid2_1`.
    """
    return ".*/" + "".join(f"{word}[^/]*/" for word in name.split("/")) + ".*"


def static(
    flatbuffer: bytes,
    ranges: dict,
    bits: int = 8,
    whole: bool = False,
    float_layers: Iterable[str] = FLOAT_LAYERS,
    wide_layers: Iterable[str] = (),
) -> bytes:
    """Quantises weights to int8, and activations by fixed ranges.

    Args:
        flatbuffer: float32.
        ranges: from `calibrate`.
        bits: of the activations, 8 or 16.
        whole: quantises every operation, with inputs and outputs, so that no
            float is left; otherwise those of the core without `float_layers`.
        float_layers: names of layers or their parts.
        wide_layers: those whose activations, and the inputs of the whole, have
            16 bits. None of it in float, so it goes with `whole`.
    """
    worker = _quantizer(flatbuffer)
    scope = ".*" if whole else ".*/core[^/]*/.*"
    worker.add_static_config(scope, _Operation.ALL_SUPPORTED, bits, 8)
    for layer in () if whole else float_layers:
        _keep_float(worker, layer_pattern(layer))
    if wide_layers := tuple(wide_layers):
        worker.add_static_config(scope, _Operation.INPUT, 16, 8)
    for layer in wide_layers:
        worker.add_static_config(
            layer_pattern(layer), _Operation.ALL_SUPPORTED, 16, 8
        )
    quantised = bytes(_quietly(worker.quantize, ranges).quantized_model)
    return integer_moves.apply(quantised) if whole else quantised


def calibrate(flatbuffer: bytes, tiles: list[dict[str, np.ndarray]]) -> dict:
    """Measures the range of each tensor.

    The quantizer takes a moving average of each tile's least and greatest
    value, which a single hot pixel hardly widens.

    Args:
        flatbuffer: float32.
        tiles: inputs by name.
    """
    worker = _quantizer(flatbuffer)
    # Of every operation, whether or not it stays in float later.
    worker.add_static_config(".*", _Operation.ALL_SUPPORTED, 8, 8)
    return _quietly(worker.calibrate, {SIGNATURE: tiles}, num_threads=2)


def with_ranges(ranges: dict, changed: dict[str, tuple[float, float]]) -> dict:
    """Returns `ranges` with other `(low, high)` for some tensors, by name."""
    result = dict(ranges)
    for name, (low, high) in changed.items():
        shape = np.shape(result[name]["min"])
        result[name] = {
            **result[name],
            "min": np.full(shape, low, np.float32),
            "max": np.full(shape, high, np.float32),
        }
    return result


def narrowed(
    flatbuffer: bytes, tiles: list[dict[str, np.ndarray]], ranges: dict
) -> dict:
    """Returns ranges that err least, rounding and clipping together.

    At gain 1 the least and the greatest value belong to a few edges, and steps
    that reach them are too coarse for all else.

    Args:
        flatbuffer: float32.
        tiles: inputs by name.
        ranges: from `calibrate`.
    """
    names = {
        tensor.name: index
        for index, tensor in enumerate(graph_lib.read(flatbuffer).tensors)
        if tensor.data is None and tensor.name in ranges
    }
    inspector = runtime.Inspector(flatbuffer)
    errors = dict.fromkeys(names, 0.0)
    for inputs in tiles:
        inspector(inputs)
        for name, index in names.items():
            values = np.ravel(inspector.tensor(index))
            values = values[:: max(1, len(values) // _VALUES)]
            low, high = _ends(ranges[name])
            errors[name] += np.array(
                [_error(values, low * f, high * f) for f in _NARROWER]
            )
    return _scaled(
        ranges, {name: _NARROWER[np.argmin(e)] for name, e in errors.items()}
    )


def widened(ranges: dict) -> dict:
    """Returns ranges with room for what no crop holds, for 16 bits.

    An edge of a photograph can lie beyond all of them, and to clip it costs
    more than three of sixteen bits.

    Args:
        ranges: from `calibrate`.
    """
    return _scaled(ranges, dict.fromkeys(ranges, _WIDER))


def _scaled(ranges, factors: dict[str, float]) -> dict:
    """Returns ranges of which some are multiplied, by tensor name."""
    return with_ranges(
        ranges,
        {
            name: tuple(factor * end for end in _ends(ranges[name]))
            for name, factor in factors.items()
        },
    )


def _ends(entry) -> tuple[float, float]:
    return tuple(float(np.ravel(entry[end])[0]) for end in ("min", "max"))


def _error(values, low, high):
    """Returns the mean squared error of eight bits from `low` to `high`."""
    low, high = min(low, 0.0), max(high, 0.0)
    step = max(high - low, 1e-12) / 255.0
    rounded = np.clip(np.rint(values / step) * step, low, high)
    return float(np.mean(np.square(rounded - values)))
