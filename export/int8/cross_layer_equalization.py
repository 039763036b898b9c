"""Equal ranges between layers, so that eight bits resolve every channel.

All channels of an activation share one range, so a channel of small values uses
few of its 256 steps. Behind a ReLU a channel may be multiplied by any positive
number if the kernels that read it are divided by the same number:

    relu(s x) = s relu(x)

The float network computes the same, and the integers lose less.

Reference: Nagel et al. 2019, https://arxiv.org/abs/1906.04721, section 4.1.
"""

import numpy as np

from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime

_RELU = 1
_LARGEST_FACTOR = 16.0  # So that a dead channel stays small.


def equalised(
    flatbuffer: bytes, tiles: list[dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Returns the constants that give each ReLU's channels one range.

    Args:
        flatbuffer: float32.
        tiles: inputs by name, which the channels' ranges are measured on.

    Returns:
        Tensor name -> value, for `graph.with_constants`.
    """
    graph = graph_lib.read(flatbuffer)
    readers = {}
    for op in graph.operations:
        for place, index in enumerate(op.inputs):
            readers.setdefault(index, []).append((op, place))
    found = [
        (op, readers.get(op.outputs[0], []))
        for op in graph.operations
        if op.name == "CONV_2D"
        and op.options.fusedActivationFunction == _RELU
        and len(op.inputs) == 3
    ]
    found = [
        (op, consumers)
        for op, consumers in found
        if consumers
        and all(c.name == "CONV_2D" and place == 0 for c, place in consumers)
    ]
    highest = _channel_ranges(
        flatbuffer, [o.outputs[0] for o, _ in found], tiles
    )
    constants = {}

    def constant(index):
        tensor = graph.tensors[index]
        if tensor.name not in constants:
            constants[tensor.name] = np.array(tensor.data, np.float32)
        return constants[tensor.name]

    for op, consumers in found:
        ranges = highest[op.outputs[0]]
        largest = max(float(ranges.max()), 1e-9)
        factors = largest / np.maximum(ranges, largest / _LARGEST_FACTOR)
        constant(op.inputs[1])[...] *= factors[:, None, None, None]
        constant(op.inputs[2])[...] *= factors
        for consumer, _ in consumers:
            kernel = constant(consumer.inputs[1])
            filters, _, _, width = kernel.shape
            groups = len(factors) // width
            # [filters, width]: the factor of each input a filter reads.
            read = factors.reshape(groups, width)
            read = np.repeat(read, filters // groups, axis=0)
            kernel[...] /= read[:, None, None, :]
    return constants


def _channel_ranges(flatbuffer, indices, tiles):
    """Returns `[channels]` of each tensor: the mean of the tiles' maxima."""
    inspector = runtime.Inspector(flatbuffer)
    total = {index: 0.0 for index in indices}
    for inputs in tiles:
        inspector(inputs)
        for index in indices:
            values = inspector.tensor(index)
            total[index] = total[index] + values.max(axis=(0, 1, 2))
    return {index: value / len(tiles) for index, value in total.items()}
