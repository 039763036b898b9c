"""The core's input as two planes of eight bits, for integers alone.

At gain 1 the stabilised input runs to 138 deviations of the noise, so that one
step of eight bits is half a deviation. Two planes together have sixteen bits:

    n = round(256 stabilised / scale)
    coarse = floor((n + 128) / 256)     stabilised, to the nearest `scale`
    fine = n - 256 coarse               the rest, -128 .. 127

so `scale (coarse + fine / 256)` is `stabilised` to within half a step of
sixteen bits. Means and their differences are taken of the coarse plane, whose
rounding a mean averages away; the fine plane is added to each difference from
the input itself, where it is the noise that the network must see:

    stabilised - mean(stabilised)  becomes  (coarse - mean(coarse)) + fine

A difference is small, so eight bits resolve it.
"""

import copy
import dataclasses
import math

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils as fu

COARSE, FINE = "coarse", "fine"
_FINER = 256
_SCHEMA = fu.schema_fb


@dataclasses.dataclass(frozen=True)
class Grid:
    """The steps of the two planes; those of `fine` are 1/256 of `coarse`'s.

    Attributes:
        scale: of the coarse plane, a power of two, so that both are exact in
            float32.
        zero_point: of the coarse plane, the integer that stands for 0; that of
            the fine plane is 0.
    """

    scale: float
    zero_point: int

    @classmethod
    def of(cls, low: float, high: float) -> "Grid":
        """Returns the finest one that holds `low` to `high`, in its middle."""
        scale = 2.0 ** math.ceil(math.log2((high - low) / 254.0))
        return cls(scale, -round((low + high) / (2.0 * scale)))

    @classmethod
    def read(cls, inputs: dict[str, dict]) -> "Grid":
        """Returns that of a flatbuffer, from the details of its inputs."""
        scale, zero_point = inputs[COARSE]["quantization"]
        return cls(float(scale), int(zero_point))

    def split(self, stabilised, xp=np) -> dict:
        """Returns the values of both planes by name.

        Args:
            stabilised: of any shape. What lies outside of the grid becomes its
                nearest end.
            xp: namespace of the arrays, NumPy's or `keras.ops`.
        """
        lowest, highest = (n - self.zero_point for n in (-128, 127))
        n = xp.clip(
            xp.round(stabilised * (_FINER / self.scale)),
            _FINER * lowest,
            _FINER * highest + _FINER // 2 - 1,
        )
        coarse = xp.floor((n + _FINER // 2) / _FINER)
        fine = n - _FINER * coarse
        return {
            COARSE: coarse * self.scale,
            FINE: fine * (self.scale / _FINER),
        }

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Returns `(low, high)` of each plane by its tensor's name."""
        lowest, highest = (n - self.zero_point for n in (-128, 127))
        step = self.scale / _FINER
        return {
            _tensor(COARSE): (lowest * self.scale, highest * self.scale),
            _tensor(FINE): (-128 * step, 127 * step),
        }


def _tensor(name):
    return f"serving_default_{name}:0"


def with_planes(core: bytes) -> bytes:
    """Gives a core in float32 the inputs `coarse` and `fine`.

    Differences from the input get the fine plane; its other readers see the
    coarse one alone.

    Args:
        core: the `.tflite`, of one input.
    """
    model = fu.read_model_from_bytearray(bytearray(core))
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    (entry,) = signature.inputs
    coarse = entry.tensorIndex
    graph.tensors[coarse].name = _tensor(COARSE).encode()
    entry.name = COARSE.encode()
    fine = _add_tensor(graph, coarse, _tensor(FINE))
    graph.inputs = [*graph.inputs, fine]
    other = _SCHEMA.TensorMapT()
    other.name, other.tensorIndex = FINE.encode(), fine
    signature.inputs = [*signature.inputs, other]
    adding = _add_code(model)
    operations = []
    for op in graph.operators:
        operations.append(op)
        name = fu.opcode_to_name(model, op.opcodeIndex)
        if name == "SUB" and op.inputs[0] == coarse:
            operations.append(_add_fine(graph, op, fine, adding))
    graph.operators = operations
    return bytes(fu.convert_object_to_bytearray(model))


def _add_tensor(graph, like, name) -> int:
    """Adds a tensor that is like another; returns its index."""
    tensor = copy.copy(graph.tensors[like])
    tensor.name = name.encode()
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def _add_code(model) -> int:
    """Returns the index of ADD among the operators; adds it if need be."""
    codes = _SCHEMA.BuiltinOperator
    for index in range(len(model.operatorCodes)):
        if fu.opcode_to_name(model, index) == "ADD":
            return index
    code = _SCHEMA.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = codes.ADD
    code.version = 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def _add_fine(graph, difference, fine, adding):
    """Returns the operation that adds the fine plane to a difference.

    A limit that was fused to the difference holds the sum.
    """
    (whole,) = difference.outputs
    name = graph.tensors[whole].name.decode()
    # The layer's own name and path stay, by which layers are chosen.
    part = _add_tensor(graph, whole, f"{name}_of_{COARSE}")
    options = _SCHEMA.AddOptionsT()
    fused = difference.builtinOptions.fusedActivationFunction
    options.fusedActivationFunction = fused
    difference.builtinOptions.fusedActivationFunction = 0
    difference.outputs = [part]
    op = _SCHEMA.OperatorT()
    op.opcodeIndex = adding
    op.inputs, op.outputs = [part, fine], [whole]
    op.builtinOptionsType = _SCHEMA.BuiltinOptions.AddOptions
    op.builtinOptions = options
    return op
