"""Equal ranges between layers, so that eight bits resolve every channel.

All channels of an activation share one range, so a channel of small values uses
few of its 256 steps. A channel may be multiplied by any positive number if the
kernels that read it are divided by the same number, and if nothing in between
bends it. The float network computes the same, and the integers lose less.

Nagel et al. do so behind a ReLU, between two convolutions. Here a channel
passes through whatever multiplies and adds channel by channel as well:

    a sum                    both sides and the sum have one factor
    value * limit(gate)      the gate keeps its range, the product has the
                             factor of the value
    gamma * x                gamma takes up what x and the product differ by
    depth to space           four channels of its input have the factor of one

Reference: Nagel et al. 2019, https://arxiv.org/abs/1906.04721, section 4.1.
"""

import collections

import numpy as np

from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime

_NO_ACTIVATION, _RELU = 0, 1
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
_LARGEST_FACTOR = 16.0  # So that a dead channel stays small.


def equalised(
    flatbuffer: bytes, tiles: list[dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Returns the constants that bring channels towards one range.

    Args:
        flatbuffer: float32.
        tiles: inputs by name, which the channels' ranges are measured on.

    Returns:
        Tensor name -> value, for `graph.with_constants`.
    """
    channels = _Channels(graph_lib.read(flatbuffer))
    return channels.constants(_factors(flatbuffer, channels.tied(), tiles))


def _factors(flatbuffer, tied, tiles):
    """Returns `[channels]` of each set of tensors that have one factor.

    No tensor's range grows: of the sum's two sides the one that uses more of
    its range decides.
    """
    highest = _channel_ranges(flatbuffer, sum(tied.values(), []), tiles)
    factors = {}
    for root, indices in tied.items():
        used = [highest[i] / max(highest[i].max(), 1e-9) for i in indices]
        used = np.max(used, axis=0)
        factors[root] = 1.0 / np.maximum(used, 1.0 / _LARGEST_FACTOR)
    return factors


def _channel_ranges(flatbuffer, indices, tiles):
    """Returns `[channels]` of each tensor: the mean of the tiles' maxima."""
    inspector = runtime.Inspector(flatbuffer)
    total = dict.fromkeys(indices, 0.0)
    for inputs in tiles:
        inspector(inputs)
        for index in indices:
            values = np.abs(inspector.tensor(index))
            total[index] = total[index] + values.max(axis=(0, 1, 2))
    return {index: value / len(tiles) for index, value in total.items()}


class _Channels:
    """Which activations of a graph may be multiplied, channel by channel.

    Args:
        graph: in float32.
    """

    def __init__(self, graph: graph_lib.Graph):
        self.graph = graph
        self._makers = {op.outputs[0]: op for op in graph.operations}
        self._readers = collections.Counter(
            i for op in graph.operations for i in op.inputs
        )
        self._parents: dict[int, int] = {}
        # gamma: (product, x), and what depth to space reads: its output.
        self._quotients: dict[int, tuple[int, int]] = {}
        self._blocks: dict[int, int] = {}
        self._fixed = {*graph.inputs.values(), *graph.outputs.values()}
        for op in graph.operations:
            if not self._follow(op):
                self._fixed.update(i for i in op.inputs if self._varies(i))
                self._fixed.update(op.outputs)

    def tied(self) -> dict[int, list[int]]:
        """Returns the tensors of each factor that is free, by their root."""
        fixed = {self._root(index) for index in self._fixed}
        found = collections.defaultdict(list)
        for index in self._makers:
            if index in self._quotients or index in self._blocks:
                continue
            if self._root(index) not in fixed:
                found[self._root(index)].append(index)
        return dict(found)

    def constants(self, factors: dict[int, np.ndarray]) -> dict:
        """Returns the kernels and biases that multiply the activations.

        Args:
            factors: `[channels]` by the root of `tied`.
        """
        changed = {}
        for op in self.graph.operations:
            if op.name not in _CONVOLUTIONS or not self._is_own(op):
                continue
            read = self._factor(op.inputs[0], factors)
            made = self._factor(op.outputs[0], factors)
            kernel, bias = (self.graph.tensors[i] for i in op.inputs[1:3])
            changed[kernel.name] = _kernel(op.name, kernel.data, read, made)
            changed[bias.name] = np.float32(bias.data * made)
        return changed

    def _factor(self, index, factors):
        channels = self.graph.tensors[index].shape[-1]
        if index in self._quotients:
            product, x = (
                self._factor(i, factors) for i in self._quotients[index]
            )
            return product / x
        if index in self._blocks:
            small = self._factor(self._blocks[index], factors)
            return np.tile(small, channels // len(small))
        return factors.get(self._root(index), np.ones(channels))

    def _root(self, index):
        while (parent := self._parents.get(index, index)) != index:
            index = parent
        return index

    def _tie(self, *indices):
        roots = [self._root(index) for index in indices]
        self._parents.update(dict.fromkeys(roots, roots[0]))

    def _varies(self, index):
        return index >= 0 and self.graph.tensors[index].data is None

    def _follow(self, op) -> bool:
        """Notes what an operation asks of factors; False: none may pass."""
        if op.name in _CONVOLUTIONS:
            if not self._is_own(op):
                return False
            if not _is_linear(op):
                self._fixed.update(op.outputs)
            return True
        if op.name == "DEPTH_TO_SPACE" and self._is_free(op.inputs[0]):
            self._blocks[op.inputs[0]] = op.outputs[0]
            return True
        if op.name not in ("ADD", "MUL") or not self._is_channel_by_channel(op):
            return False
        if op.name == "ADD":
            self._tie(*op.outputs, *op.inputs)
            return True
        return self._follow_product(op)

    def _follow_product(self, op):
        for side, other in (op.inputs, op.inputs[::-1]):
            maker = self._makers.get(side)
            if maker and maker.name in _CONVOLUTIONS and not _is_linear(maker):
                self._tie(op.outputs[0], other)
                return True
        for side, other in (op.inputs, op.inputs[::-1]):
            if self._is_free(side):
                self._quotients[side] = (op.outputs[0], other)
                return True
        return False

    def _is_own(self, op):
        """Tells whether a convolution's constants are its alone."""
        return len(op.inputs) == 3 and all(
            not self._varies(i) and self._readers[i] == 1 for i in op.inputs[1:]
        )

    def _is_free(self, index):
        """Tells whether only a convolution and one reader know a tensor."""
        maker = self._makers.get(index)
        return (
            maker is not None
            and maker.name in _CONVOLUTIONS
            and _is_linear(maker)
            and self._is_own(maker)
            and self._readers[index] == 1
        )

    def _is_channel_by_channel(self, op):
        shapes = {
            self.graph.tensors[i].shape for i in (*op.inputs, *op.outputs)
        }
        return (
            len(shapes) == 1
            and len(*shapes) == 4
            and all(map(self._varies, op.inputs))
            and op.options.fusedActivationFunction == _NO_ACTIVATION
        )


def _is_linear(op) -> bool:
    """Tells whether a channel may be multiplied behind an operation."""
    return op.options.fusedActivationFunction in (_NO_ACTIVATION, _RELU)


def _kernel(operation, kernel, read, made):
    """Divides a kernel by the factors it reads, times those it makes."""
    if operation == "DEPTHWISE_CONV_2D":
        # Some have several filters a channel.
        return np.float32(
            kernel / np.repeat(read, len(made) // len(read)) * made
        )
    filters, _, _, width = kernel.shape
    groups = len(read) // width
    # [filters, width]: the factor of each input a filter reads.
    rows = np.repeat(read.reshape(groups, width), filters // groups, axis=0)
    return np.float32(
        kernel / rows[:, None, None, :] * made[:, None, None, None]
    )
