"""Reports whether the GPU delegate would run a graph as a whole.

By the rules in the sources of LiteRT's GPU delegate (`gpu_compatibility.cc`,
`model_builder.cc`); only a phone proves it:

* the delegate has the operations of `_KNOWN`;
* a grouped convolution is one kernel if the channels per group and the filters
  per group are multiples of 4; otherwise it is split;
* ADD, MUL and the like broadcast only between tensors of the same rank;
* it computes in half precision: activations above 30,000 are near the end of
  the range (65,504), and constants below 6.1e-5 are subnormal.
"""

import collections

import numpy as np

from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime

LARGEST = 30_000.0
SMALLEST_NORMAL = float(np.finfo(np.float16).smallest_normal)

_KNOWN = {
    "ADD",
    "CONCATENATION",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "DEPTH_TO_SPACE",
    "DEQUANTIZE",
    "DIV",
    "HARD_SWISH",
    "LEAKY_RELU",
    "LOGISTIC",
    "MAXIMUM",
    "MAX_POOL_2D",
    "MINIMUM",
    "MUL",
    "PAD",
    "QUANTIZE",
    "RELU",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RSQRT",
    "SPACE_TO_DEPTH",
    "SQRT",
    "STRIDED_SLICE",
    "SUB",
    "TANH",
    "TRANSPOSE_CONV",
}
_BROADCASTING = {"ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM"}


def report(flatbuffer: bytes, inputs: dict[str, np.ndarray]) -> dict:
    """Returns the manifest's entry.

    Args:
        flatbuffer: of a member in float32.
        inputs: by name, at the low end of its subrange, where `scale` and
            `offset` are largest.
    """
    graph = graph_lib.read(flatbuffer)
    counts = collections.Counter(op.name for op in graph.operations)
    findings = [
        f"{name}: not known to the delegate"
        for name in counts
        if name not in _KNOWN
    ]
    for op in graph.operations:
        shapes = [graph.tensors[i].shape for i in op.inputs if i >= 0]
        if op.name == "CONV_2D":
            findings += _grouped(graph.tensors[op.outputs[0]].name, shapes)
        if op.name in _BROADCASTING:
            ranks = {len(shape) for shape in shapes if shape}
            if len(ranks) > 1 or any(len(set(s)) > 1 for s in _odd(shapes)):
                findings.append(
                    f"{op.name}: broadcasts between {shapes[0]} and {shapes[1]}"
                )
    largest = _largest_activation(flatbuffer, graph, inputs)
    if not largest < LARGEST:
        findings.append(f"largest activation {largest:g}")
    small = _subnormal(graph, inputs)
    findings += [f"subnormal in half precision: {name}" for name in small]
    return {
        "operations": dict(sorted(counts.items())),
        "largest_activation": largest,
        "findings": sorted(set(findings)),
    }


def _odd(shapes):
    """Returns the sizes of each axis other than 1."""
    if len({len(s) for s in shapes}) > 1:
        return []
    return [
        {size for size in sizes if size != 1}
        for sizes in zip(*shapes, strict=True)
    ]


def _grouped(name, shapes):
    channels, (filters, _, _, width) = shapes[0][-1], shapes[1]
    groups = channels // width
    if groups > 1 and (width % 4 or (filters // groups) % 4):
        return [f"{name}: {width} channels and {filters // groups} filters"]
    return []


def _largest_activation(flatbuffer, graph, inputs):
    inspector = runtime.Inspector(flatbuffer)
    inspector(inputs)
    return max(
        float(np.abs(inspector.tensor(op.outputs[0])).max())
        for op in graph.operations
    )


def _subnormal(graph, inputs):
    """Names scalars that half precision would flush to 0.

    Weights of kernels may be that small: a kernel loses nothing without them.
    """
    values = {
        tensor.name: tensor.data
        for tensor in graph.tensors
        if tensor.data is not None
        and tensor.data.size == 1
        and tensor.dtype == "FLOAT32"
    }
    values.update({name: inputs[name] for name in ("scale", "offset")})
    return [
        name
        for name, value in values.items()
        if 0 < abs(float(np.ravel(value)[0])) < SMALLEST_NORMAL
    ]
