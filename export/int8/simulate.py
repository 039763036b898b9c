"""A quantised flatbuffer as a Keras model that trains.

The model walks through the operations of the quantised flatbuffer and computes
them in float32 with `keras.ops`. Where the flatbuffer rounds to integers, it
applies `keras.quantizers.fake_quant_with_min_max_vars` with that tensor's
range. So the training sees the graph that will run: the same operations stay in
float, and the same tensors share a range. Kernels, biases and the width of each
range are variables.

A range trains as one factor `g` on both of its ends: the value is divided by
`g` before the rounding and multiplied after it. Its gradient then sees both the
rounding inside of the range and the clipping outside, so a range can shrink.
(The gradient of the ends sees the clipping alone and only ever widens a range.)
The variable is `log(g) / FASTER`: a range must be able to change by a large
factor while a kernel changes by a few hundredths. Ranges of inputs are what a
caller rounds to, and do not train.

Reference: Esser et al. 2020, https://arxiv.org/abs/1902.08153, section 2.1.
"""

import collections
import re

import keras
import numpy as np
from keras import ops

from export.flatbuffer import graph as graph_lib
from export.int8 import operations

# Adam changes each variable by about its rate in a step.
FASTER = 20.0

_COPY = re.compile(r"_duplicated_\d+$")


class UnknownOperation(ValueError):
    """The graph has an operation that is not simulated."""


class Simulated(keras.Model):
    """Simulates a quantised member: its inputs to its output.

    Args:
        quantised: bytes of the quantised flatbuffer.
        floats: bytes of the float one it was made of.
    """

    def __init__(self, quantised: bytes, floats: bytes):
        super().__init__(name="simulated")
        self.graph = graph_lib.read(quantised)
        originals = {
            tensor.name: tensor.data
            for tensor in graph_lib.read(floats).tensors
            if tensor.data is not None
        }
        self._constants, self.kernels, self.ranges = {}, {}, {}
        self._range_of = {}
        for index in (*self.graph.inputs.values(), *self._shared_ranges()):
            self._add_range(index, trainable=False)
        for op in self.graph.operations:
            if not operations.is_supported(op):
                raise UnknownOperation(
                    "Every operation of the graph must be known to be "
                    f"simulated. Received: {op.name}"
                )
            for index in op.inputs:
                if index >= 0:
                    self._add_constant(index, originals)
            for index in op.outputs:
                self._add_range(index)
        self.built = True

    def _shared_ranges(self):
        """Returns tensors of 8 bits with the range of one that has 16.

        The quantizer gives both one range. Where others read the wide one, it
        must stay.
        """
        readers = collections.defaultdict(set)
        for op in self.graph.operations:
            for index in op.inputs:
                readers[index].add(op.name)
        for op in self.graph.operations:
            source = self.graph.tensors[op.inputs[0]]
            if op.name == "QUANTIZE" and source.dtype == "INT16":
                if readers[op.inputs[0]] != {"QUANTIZE"}:
                    yield op.outputs[0]

    def _add_constant(self, index, originals):
        tensor = self.graph.tensors[index]
        if tensor.data is None or index in self._constants:
            return
        # The quantizer gives each user of a shared constant its own copy.
        name = _COPY.sub("", tensor.name)
        value = originals.get(name, tensor.data)
        if tensor.scale is None or not np.issubdtype(value.dtype, np.floating):
            self._constants[index] = value
            return
        # One variable for a constant that several operations use.
        if name not in self.kernels:
            self.kernels[name] = self.add_weight(
                name=f"constant_{len(self.kernels)}",
                shape=value.shape,
                initializer=keras.initializers.Constant(value),
            )
        self._constants[index] = self.kernels[name]

    def _add_range(self, index, trainable=True):
        tensor = self.graph.tensors[index]
        if tensor.dtype != "INT8" or tensor.data is not None:
            return
        low = float(tensor.scale[0]) * (-128 - tensor.zero)
        high = float(tensor.scale[0]) * (127 - tensor.zero)
        # Tensors that must share a range (both ends of a pooling) do.
        key = (float(tensor.scale[0]), tensor.zero)
        if key not in self.ranges:
            factor = self.add_weight(
                name=f"range_{len(self.ranges)}",
                shape=(),
                initializer="zeros",
                trainable=trainable,
            )
            self.ranges[key] = (low, high, factor)
        self._range_of[index] = key

    def call(self, inputs, quantise=True):
        """Computes the graph's output from its inputs by name."""
        tensors = self.graph.tensors
        values = dict(self._constants)
        for name, index in self.graph.inputs.items():
            values[index] = self._rounded(inputs[name], index, quantise)
        for op in self.graph.operations:
            arguments = [values[i] for i in op.inputs if i >= 0]
            shapes = [tensors[i].shape for i in (*op.inputs, *op.outputs)]
            axis = operations.KERNELS.get(op.name)
            if quantise and axis is not None:
                if tensors[op.inputs[1]].dtype == "INT8":
                    arguments[1] = _quantise_kernel(arguments[1], axis)
            output = op.outputs[0]
            result = operations.compute(op, arguments, shapes)
            values[output] = self._rounded(result, output, quantise)
        (name,) = self.graph.outputs
        return values[self.graph.outputs[name]]

    def _rounded(self, value, index, quantise):
        if index not in self._range_of or not quantise:
            return value
        low, high, variable = self.ranges[self._range_of[index]]
        factor = ops.exp(FASTER * variable)
        rounded = keras.quantizers.fake_quant_with_min_max_vars(
            value / factor, low, high, num_bits=8
        )
        return rounded * factor

    def constants(self) -> dict[str, np.ndarray]:
        """Returns the trained kernels and biases by tensor name."""
        return {
            name: ops.convert_to_numpy(variable)
            for name, variable in self.kernels.items()
        }

    def trained_ranges(self) -> dict[str, tuple[float, float]]:
        """Returns `(low, high)` of each activation by its float name."""
        trained = {}
        for index, key in self._range_of.items():
            low, high, variable = self.ranges[key]
            factor = float(np.exp(FASTER * ops.convert_to_numpy(variable)))
            name = self.graph.tensors[index].base_name
            trained[name] = (low * factor, high * factor)
        return trained


def _quantise_kernel(kernel, axis):
    """Rounds to symmetric int8 per output channel, as the quantizer does."""
    rest = [i for i in range(4) if i != axis]
    # A channel of zeros must keep a range.
    high = ops.stop_gradient(ops.max(ops.abs(kernel), axis=rest)) + 1e-9
    return keras.quantizers.fake_quant_with_min_max_vars(
        kernel, -high, high, num_bits=8, narrow_range=True, axis=axis
    )
