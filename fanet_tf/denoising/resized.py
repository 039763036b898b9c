"""A flatbuffer at another tile size, by changing the sizes that stand in it.

LiteRT's own `resize_tensor_input` fails for networks that upsample by
RESIZE_BILINEAR: its target size is a constant. Here the shape of every tensor
that depends on the frame and the constants that hold such a size are
overwritten in a copy of the bytes, before an interpreter is made of it. The
file keeps its length and its weights, and XNNPACK sees an ordinary flatbuffer
of fixed size. Needs numpy and the LiteRT runtime; never TensorFlow.
"""

import struct

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from fanet_tf.errors import InputError


class FixedSize(InputError):
    """A flatbuffer cannot be resized."""


_NAMES = {
    code: name
    for name, code in vars(schema.BuiltinOperator).items()
    if isinstance(code, int)
}
# Operations whose output follows the size of their input. Their constants are
# kernels and biases ...
_KERNELS = {"CONV_2D", "DEPTHWISE_CONV_2D"}
# ... or there are none ...
_PLAIN = {
    "ABS",
    "AVERAGE_POOL_2D",
    "CONCATENATION",
    "DEPTH_TO_SPACE",
    "DEQUANTIZE",
    "EXP",
    "HARD_SWISH",
    "LEAKY_RELU",
    "LOG",
    "LOGISTIC",
    "MAX_POOL_2D",
    "NEG",
    "QUANTIZE",
    "RELU",
    "RELU6",
    "RELU_N1_TO_1",
    "RSQRT",
    "SPACE_TO_DEPTH",
    "SQRT",
    "SQUARE",
    "TANH",
}
# ... or they must be the same at all places ...
_BROADCAST = {"ADD", "DIV", "MAXIMUM", "MINIMUM", "MUL", "PRELU", "SUB"}
# ... or one is the size of the output: the input it stands at, and which part
# of the output's shape it is.
_SIZES = {
    "RESIZE_BILINEAR": (1, slice(1, 3)),
    "RESIZE_NEAREST_NEIGHBOR": (1, slice(1, 3)),
    "TRANSPOSE_CONV": (0, slice(0, 4)),
}
# A STRIDED_SLICE whose masks say "all" for batch, rows and columns.
_CHANNEL_SLICE = "STRIDED_SLICE of channels"
_ALL_PLACES = 0b0111


def resized(content: bytes, height: int, width: int, stride: int) -> bytes:
    """Returns a member's flatbuffer for tiles of another size.

    Args:
        content: of the `.tflite`; one input is `[1, h, w, 4]`.
        height: of the new tile, packed pixels, a multiple of `stride`.
        width: likewise.
        stride: of the network: no tensor is smaller than the tile by more.

    Raises:
        FixedSize: naming what in the flatbuffer holds a size and cannot be
            changed.
    """
    copy = bytearray(content)
    try:
        _Sizes(copy, stride).change(height, width)
    except (
        AttributeError,
        LookupError,
        OverflowError,
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        if isinstance(error, FixedSize):
            raise
        raise FixedSize(
            "a flatbuffer must be whole to be resized. "
            f"Received: {type(error).__name__}: {error}"
        ) from error
    return bytes(copy)


class _Sizes:
    """The sizes in a flatbuffer, as views into its bytes."""

    def __init__(self, content, stride):
        self.stride = stride
        model = schema.Model.GetRootAs(content, 0)
        if model.SubgraphsLength() != 1:
            raise _refusal(f"{model.SubgraphsLength()} subgraphs")
        graph = model.Subgraphs(0)
        # Codes below 127 stand in both fields of the schema.
        codes = [
            _NAMES[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
            for code in map(
                model.OperatorCodes, range(model.OperatorCodesLength())
            )
        ]
        self.operations = [
            _operation(codes, graph.Operators(i))
            for i in range(graph.OperatorsLength())
        ]
        tensors = [graph.Tensors(i) for i in range(graph.TensorsLength())]
        shapes = [tensor.ShapeAsNumpy() for tensor in tensors]
        # An absent vector is the number 0.
        nothing = np.zeros(0, np.int32)
        self.shapes = [nothing if isinstance(s, int) else s for s in shapes]
        if any(t.ShapeSignatureLength() for t in tensors):
            raise _refusal("a tensor of a size that changes")
        self.buffers = [t.Buffer() for t in tensors]
        self.model = model
        (self.noisy,) = (
            int(i) for i in graph.InputsAsNumpy() if self.shapes[i][-1] == 4
        )

    def change(self, height, width):
        """Overwrites the sizes."""
        old = tuple(self.shapes[self.noisy][1:3])
        new = {self.noisy: self._shape(self.noisy, old, (height, width))}
        constants, holders = {}, set()
        for name, inputs, outputs in self.operations:
            if not any(i in new for i in inputs):
                continue
            self._check(name, [self.shapes[i] for i in inputs if i not in new])
            for output in outputs:
                new[output] = self._shape(output, old, (height, width), name)
            if name in _SIZES:
                place, part = _SIZES[name]
                size = new[outputs[0]][part].tolist()
                self._check_size(inputs[place], size, constants, name)
                holders.add(inputs[place])
        for index, buffer in enumerate(self.buffers):
            if buffer in constants and index not in holders:
                raise _refusal("a size that is another constant, too")
        for index, shape in new.items():
            self.shapes[index][:] = shape
        for buffer, size in constants.items():
            self._constant(buffer)[:] = size
        # A writer may let equal shapes share their place.
        if any(list(self.shapes[i]) != list(s) for i, s in new.items()):
            raise _refusal("shapes that share their place")

    def _shape(self, index, old, size, name="an input"):
        """Returns the new shape of a tensor that depends on the frame."""
        shape = self.shapes[index].copy()
        if len(shape) != 4:
            raise _refusal(f"{name} of shape {shape.tolist()}")
        parts = [n * self.stride / o for n, o in zip(shape[1:3], old, strict=1)]
        if parts[0] != parts[1] or parts[0] % 1 or not parts[0]:
            raise _refusal(f"{name} of shape {shape.tolist()}")
        shape[1:3] = [int(parts[0]) * n // self.stride for n in size]
        return shape

    def _check(self, name, constants):
        """Refuses what may depend on the size and is not known to follow."""
        if name in _SIZES or name in _KERNELS or name == _CHANNEL_SLICE:
            return
        if name in _BROADCAST and all(
            len(shape) < 2 or set(shape[:-1].tolist()) == {1}
            for shape in constants
        ):
            return
        if name not in _PLAIN or constants:
            raise _refusal(name)

    def _constant(self, buffer):
        data = self.model.Buffers(buffer).DataAsNumpy()
        return None if isinstance(data, int) else data.view("<i4")

    def _check_size(self, tensor, size, constants, name):
        """Adds the constant that holds a size to those to be changed."""
        buffer = self.buffers[tensor]
        held = self._constant(buffer)
        if (
            held is None
            or len(held) != len(size)
            or constants.setdefault(buffer, size) != size
        ):
            raise _refusal(f"{name} with a size that cannot be set")


def _operation(codes, operation):
    """Returns its name, and the tensors that it takes and gives."""
    name = codes[operation.OpcodeIndex()]
    if name == "STRIDED_SLICE" and _takes_all_places(operation):
        name = _CHANNEL_SLICE
    inputs = [int(i) for i in operation.InputsAsNumpy() if i >= 0]
    return name, inputs, [int(i) for i in operation.OutputsAsNumpy()]


def _takes_all_places(operation):
    options, table = schema.StridedSliceOptions(), operation.BuiltinOptions()
    options.Init(table.Bytes, table.Pos)
    others = (
        options.EllipsisMask()
        | options.NewAxisMask()
        | options.ShrinkAxisMask()
    )
    masks = options.BeginMask() & options.EndMask()
    return not others and masks & _ALL_PLACES == _ALL_PLACES


def _refusal(received):
    return FixedSize(
        "a flatbuffer can be resized if all its operations follow the size of "
        f"their input. Received: {received}"
    )
