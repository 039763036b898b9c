"""The operations of a flatbuffer, computed in float32 with `keras.ops`."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from export.flatbuffer.graph import Operation

# Operations with a kernel, and the axis of its channels.
KERNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
_BLOCK = 16  # Channels that are convolved densely at a time.


def is_supported(op: Operation) -> bool:
    """Tells whether `compute` can compute an operation."""
    return op.name in _SUPPORTED and _fused(op) in _FUSED


def compute(op: Operation, arguments: list, shapes: Sequence[tuple[int, ...]]):
    """Returns the output of an operation.

    Args:
        op: to compute.
        arguments: its inputs; kernels and other constants are among them.
        shapes: of its inputs and outputs in the flatbuffer. The arguments may
            have another height and width.
    """
    if op.name in ("QUANTIZE", "DEQUANTIZE"):
        return arguments[0]
    if op.name in _ELEMENTWISE:
        result = _ELEMENTWISE[op.name](*arguments)
    else:
        result = _FUNCTIONS[op.name](op.options, arguments, shapes)
    return _FUSED[_fused(op)](result)


def _fused(op) -> int:
    return getattr(op.options, "fusedActivationFunction", 0)


def _limited(x):
    return ops.clip(x, -1.0, 1.0)


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
_FUNCTIONS = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "MAX_POOL_2D": _max_pool,
    "RESIZE_BILINEAR": _resize,
    "DEPTH_TO_SPACE": _depth_to_space,
    "SPACE_TO_DEPTH": _space_to_depth,
    "LEAKY_RELU": lambda o, x, _: ops.leaky_relu(x[0], o.alpha),
    "PAD": lambda _, x, __: ops.pad(x[0], x[1].tolist()),
    "CONCATENATION": lambda o, x, _: ops.concatenate(x, axis=o.axis),
}
_SUPPORTED = {"QUANTIZE", "DEQUANTIZE", *_ELEMENTWISE, *_FUNCTIONS}
