"""A quantised flatbuffer as a Keras model that trains.

The model walks through the operations of the quantised flatbuffer itself and
computes them in float32 with `keras.ops`; where the flatbuffer rounds to
integers it applies `keras.quantizers.fake_quant_with_min_max_vars` with that
very tensor's range. So what is trained is what will run: the same operations
stay in float, the same tensors share a range. Kernels and biases are variables
that start from the float flatbuffer's, and so is the width of each range.

A range trains as one factor `g` on its two ends, the value divided by `g`
before rounding and multiplied after it: `g` then sees the rounding inside of
the range as well as what is clipped outside, and can shrink. (The gradient of
the ends themselves sees the clipping alone, and only ever widens a range.)

Reference: Esser et al. 2020, https://arxiv.org/abs/1902.08153, section 2.1.
"""

import keras
import numpy as np
from keras import ops

from export.flatbuffer import graph as graph_lib

_KERNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}  # Axis of the channels.
_BLOCK = 16  # Channels that are convolved densely at a time.


def _limited(x):
    return ops.clip(x, -1.0, 1.0)


# By the number of a fused activation; 0 is none.
_FUSED = {0: lambda x: x, 1: ops.relu, 2: _limited, 3: ops.relu6}
_ELEMENTWISE = {
    "ADD": ops.add,
    "SUB": ops.subtract,
    "MUL": ops.multiply,
    "DIV": ops.divide,
    "MAXIMUM": ops.maximum,
    "MINIMUM": ops.minimum,
    "SQRT": ops.sqrt,
    "RELU": ops.relu,
    "RELU_N1_TO_1": _limited,
    "RSQRT": ops.rsqrt,
    "LOGISTIC": ops.sigmoid,
    "TANH": ops.tanh,
    "HARD_SWISH": ops.hard_swish,
}


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
        for op in self.graph.operations:
            if op.name not in _SUPPORTED or _fused(op) not in _FUSED:
                raise UnknownOperation(
                    "Fine-tuning must know every operation of the graph. "
                    f"Received: {op.name}, fused activation {_fused(op)}"
                )
            for index in op.inputs:
                if index >= 0:
                    self._add_constant(index, op, originals)
            for index in op.outputs:
                self._add_range(index)
        for index in self.graph.inputs.values():
            self._add_range(index)
        self.built = True

    def _add_constant(self, index, op, originals):
        tensor = self.graph.tensors[index]
        if tensor.data is None or index in self._constants:
            return
        value = originals.get(tensor.name, tensor.data)
        if tensor.scale is None or not np.issubdtype(value.dtype, np.floating):
            self._constants[index] = value
            return
        # One variable for a constant that several operations use.
        if tensor.name not in self.kernels:
            self.kernels[tensor.name] = self.add_weight(
                name=f"constant_{len(self.kernels)}",
                shape=value.shape,
                initializer=keras.initializers.Constant(value),
            )
        self._constants[index] = self.kernels[tensor.name]

    def _add_range(self, index):
        tensor = self.graph.tensors[index]
        if tensor.dtype != "INT8" or tensor.data is not None:
            return
        low = float(tensor.scale[0]) * (-128 - tensor.zero)
        high = float(tensor.scale[0]) * (127 - tensor.zero)
        # Tensors that must share a range (both ends of a pooling) do.
        key = (float(tensor.scale[0]), tensor.zero)
        if key not in self.ranges:
            factor = self.add_weight(
                name=f"range_{len(self.ranges)}", shape=(), initializer="ones"
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
            if op.name in _KERNELS and quantise:
                kernel = tensors[op.inputs[1]]
                if kernel.dtype == "INT8":
                    arguments[1] = _quantise_kernel(
                        arguments[1], _KERNELS[op.name]
                    )
            output = op.outputs[0]
            values[output] = self._rounded(
                _compute(op, arguments, shapes), output, quantise
            )
        (name,) = self.graph.outputs
        return values[self.graph.outputs[name]]

    def _rounded(self, value, index, quantise):
        if index not in self._range_of or not quantise:
            return value
        low, high, factor = self.ranges[self._range_of[index]]
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
            low, high, factor = self.ranges[key]
            factor = float(ops.convert_to_numpy(factor))
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


def _compute(op, arguments, shapes):
    if op.name in ("QUANTIZE", "DEQUANTIZE"):
        return arguments[0]
    if op.name in _ELEMENTWISE:
        result = _ELEMENTWISE[op.name](*arguments)
    else:
        result = _FUNCTIONS[op.name](op.options, arguments, shapes)
    return _FUSED[_fused(op)](result)


def _fused(op) -> int:
    return getattr(op.options, "fusedActivationFunction", 0)


def _padding(options):
    return "same" if options.padding == 0 else "valid"


def _conv(options, arguments, shapes):
    x, kernel, *bias = arguments
    kernel = ops.transpose(kernel, (1, 2, 3, 0))  # [out, h, w, in] in a file.
    channels, width = shapes[0][-1], shapes[1][-1]
    strides = (options.strideH, options.strideW)
    y = _grouped(x, kernel, channels, width, strides, _padding(options))
    return y + bias[0] if bias else y


def _grouped(x, kernel, channels, width, strides, padding):
    """Group convolution by dense ones: its own gradient is far slower."""
    filters = kernel.shape[-1]
    if width == channels:
        return ops.conv(x, kernel, strides=strides, padding=padding)
    block = width * max(1, _BLOCK // width)
    blocks = channels // block if channels % block == 0 else 1
    groups = channels // blocks // width
    rows = np.arange(channels // blocks) // width
    columns = np.arange(filters // blocks) // (filters // blocks // groups)
    mask = (rows[:, None] == columns).astype("float32")
    return ops.concatenate(
        [
            ops.conv(
                part,
                ops.tile(weights, (1, 1, groups, 1)) * mask,
                strides=strides,
                padding=padding,
            )
            for part, weights in zip(
                ops.split(x, blocks, axis=-1),
                ops.split(kernel, blocks, axis=-1),
                strict=True,
            )
        ],
        axis=-1,
    )


def _depthwise(options, arguments, shapes):
    x, kernel, *bias = arguments
    height, width = shapes[1][1:3]
    channels = shapes[0][-1]
    kernel = ops.reshape(kernel, (height, width, channels, -1))
    y = ops.depthwise_conv(
        x, kernel, strides=options.strideH, padding=_padding(options)
    )
    return y + bias[0] if bias else y


def _max_pool(options, arguments, shapes):
    return ops.max_pool(
        arguments[0],
        (options.filterHeight, options.filterWidth),
        (options.strideH, options.strideW),
        _padding(options),
    )


def _resize(options, arguments, shapes):
    # By the factor of the static shapes, so that patches of any size train.
    factor = shapes[-1][1] // shapes[0][1]
    height, width = arguments[0].shape[1:3]
    return ops.image.resize(
        arguments[0],
        (factor * height, factor * width),
        interpolation="bilinear",
    )


def _depth_to_space(options, arguments, shapes):
    import tensorflow as tf

    return tf.nn.depth_to_space(arguments[0], options.blockSize)


def _space_to_depth(options, arguments, shapes):
    import tensorflow as tf

    return tf.nn.space_to_depth(arguments[0], options.blockSize)


def _leaky_relu(options, arguments, shapes):
    return ops.leaky_relu(arguments[0], options.alpha)


def _pad(options, arguments, shapes):
    return ops.pad(arguments[0], arguments[1].tolist())


def _concatenate(options, arguments, shapes):
    return ops.concatenate(arguments, axis=options.axis)


_FUNCTIONS = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "MAX_POOL_2D": _max_pool,
    "RESIZE_BILINEAR": _resize,
    "DEPTH_TO_SPACE": _depth_to_space,
    "SPACE_TO_DEPTH": _space_to_depth,
    "LEAKY_RELU": _leaky_relu,
    "PAD": _pad,
    "CONCATENATION": _concatenate,
}
_SUPPORTED = {"QUANTIZE", "DEQUANTIZE", *_ELEMENTWISE, *_FUNCTIONS}
