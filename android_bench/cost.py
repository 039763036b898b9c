"""Multiply-accumulates of a model, counted in its flatbuffer.

As `fanet-cost` counts them: convolution weights only; kernels that only move,
add or average values cost nothing.
"""

import pathlib

import numpy as np

from android_bench.errors import BenchError

_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV")


def macs(path: pathlib.Path) -> int:
    """Counts the multiply-accumulates of one inference.

    Raises:
        BenchError: the runtime cannot read the model.
    """
    # The runtime takes a while to load; --help and --dry_run do without.
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_litert.interpreter import OpResolverType

    # The plain graph: with the default delegate it would be one node.
    try:
        interpreter = Interpreter(
            str(path),
            experimental_op_resolver_type=(
                OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
    except ValueError as error:
        raise BenchError(
            f"{path.name} must be a flatbuffer that the LiteRT runtime reads. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from None
    shapes = {t["index"]: t["shape"] for t in interpreter.get_tensor_details()}
    operations = interpreter._get_ops_details()
    # Float16 kernels are widened in the graph.
    stored = {
        op["outputs"][0]: op["inputs"][0]
        for op in operations
        if op["op_name"] == "DEQUANTIZE"
    }
    total = 0
    for op in operations:
        if op["op_name"] not in _CONVOLUTIONS:
            continue
        # TRANSPOSE_CONV: every input position meets the whole kernel.
        transposed = op["op_name"] == "TRANSPOSE_CONV"
        _, height, width, _ = shapes[
            op["inputs"][2] if transposed else op["outputs"][0]
        ]
        kernel = op["inputs"][1]
        values = interpreter.get_tensor(stored.get(kernel, kernel))
        if len(np.setdiff1d(np.abs(values), [0])) > 1:
            total += int(height) * int(width) * values.size
    return total
