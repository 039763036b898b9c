"""What a flatbuffer costs: multiply-accumulates per RAW megapixel.

1 MP is 1e6 mosaic pixels, 250,000 packed positions; convolution weights only,
one multiply-accumulate counts 1 (the paper's way; see docs/network.md). Kernels
that only move or average values (all weights alike, or a 0/1 selection) count
as cost 0: pooling of the input pyramid and replication of skips.
"""

import functools
import pathlib

import numpy as np

_CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}


def gmacs_per_mp(path) -> float:
    """Counts 1e9 multiply-accumulates per RAW megapixel of a flatbuffer.

    Args:
        path: of a `.tflite` with one input `noisy`, `[1, h, w, 4]`; the
            halo of its tiles is not counted.
    """
    path = pathlib.Path(path)
    return _gmacs_per_mp(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=64)
def _gmacs_per_mp(path, mtime_ns) -> float:
    del mtime_ns  # Part of the key only.
    from ai_edge_litert.interpreter import Interpreter

    # The plain graph: with the default delegate it would be one node.
    from ai_edge_litert.interpreter import OpResolverType

    interpreter = Interpreter(
        str(path),
        experimental_op_resolver_type=(
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    tensors = {t["index"]: t for t in interpreter.get_tensor_details()}
    total = 0
    for op in interpreter._get_ops_details():
        if op["op_name"] not in _CONVOLUTIONS:
            continue
        total += _macs(interpreter, tensors, op)
    frame = max(
        interpreter.get_input_details(), key=lambda d: np.prod(d["shape"])
    )
    mosaic_pixels = int(np.prod(frame["shape"]))  # 4 per packed position.
    return total / mosaic_pixels * 1e6 / 1e9


def _is_fixed(kernel) -> bool:
    """Whether a kernel only averages or selects."""
    values = np.unique(kernel)
    return len(values) == 1 or (
        len(values) == 2 and values[0] == 0.0 and values[1] == 1.0
    )


def _macs(interpreter, tensors, op) -> int:
    inputs = [tensors[i] for i in op["inputs"] if i >= 0]
    output = tensors[op["outputs"][0]]["shape"]
    # The kernel is the constant of rank 4; TRANSPOSE_CONV has it second, too.
    kernel = inputs[1]
    try:
        values = interpreter.get_tensor(kernel["index"])
    except ValueError:
        values = None  # Computed in the graph (float16 weights): not fixed.
    if values is not None and _is_fixed(values):
        return 0
    shape = [int(n) for n in kernel["shape"]]
    if op["op_name"] == "CONV_2D":  # [out, kh, kw, in / groups]
        positions = int(output[1] * output[2])
        return positions * int(np.prod(shape))
    if op["op_name"] == "DEPTHWISE_CONV_2D":  # [1, kh, kw, out]
        return int(output[1] * output[2]) * int(np.prod(shape))
    # TRANSPOSE_CONV: every input position meets the whole kernel.
    source = inputs[-1]["shape"]
    return int(source[1] * source[2]) * int(np.prod(shape))
