"""A flatbuffer as plain records: its operations, tensors and constants.

Reports and the simulation of quantised arithmetic read it; constants can be
changed and metadata added. Tensors have the same names in a float flatbuffer
and in the quantised one that `ai-edge-quantizer` makes of it.
"""

import dataclasses
from typing import Any

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils as fu

# Name of our entry in a flatbuffer's metadata: a part of the manifest.
METADATA = "fanet_tf.manifest"

_DTYPES = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "BOOL": np.bool_,
}


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One tensor of a graph.

    Attributes:
        name: from the converter.
        dtype: `"FLOAT32"`, `"INT8"`, ...
        shape: static.
        data: of a constant, else None.
        scale: `[1]` or `[channels]`, of a quantised tensor; else None.
        zero: integer that stands for 0, of a quantised tensor.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: np.ndarray | None
    scale: np.ndarray | None
    zero: int

    @property
    def base_name(self) -> str:
        """The tensor's name in the float flatbuffer."""
        for suffix in ("_quantized", "_dequant"):
            if self.name.endswith(suffix):
                return self.name.removesuffix(suffix)
        return self.name


@dataclasses.dataclass(frozen=True)
class Operation:
    """One operation: its name, tensor indices (-1: none) and options."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any


@dataclasses.dataclass(frozen=True)
class Graph:
    """A flatbuffer with one subgraph and one signature.

    Attributes:
        tensors: by index.
        operations: in the order they run.
        inputs: signature's name -> tensor index.
        outputs: likewise.
    """

    tensors: tuple[Tensor, ...]
    operations: tuple[Operation, ...]
    inputs: dict[str, int]
    outputs: dict[str, int]


def read(flatbuffer: bytes) -> Graph:
    """Reads the bytes of a `.tflite`."""
    model = fu.read_model_from_bytearray(bytearray(flatbuffer))
    subgraph, signature = model.subgraphs[0], model.signatureDefs[0]
    return Graph(
        tuple(_tensor(model, t) for t in subgraph.tensors),
        tuple(
            Operation(
                fu.opcode_to_name(model, op.opcodeIndex),
                tuple(int(i) for i in op.inputs),
                tuple(int(i) for i in op.outputs),
                op.builtinOptions,
            )
            for op in subgraph.operators
        ),
        {i.name.decode(): int(i.tensorIndex) for i in signature.inputs},
        {o.name.decode(): int(o.tensorIndex) for o in signature.outputs},
    )


def _tensor(model, tensor):
    dtype = fu.type_to_name(tensor.type)
    shape = () if tensor.shape is None else tuple(int(n) for n in tensor.shape)
    content = model.buffers[tensor.buffer].data
    data = None
    if content is not None and len(content) and dtype in _DTYPES:
        data = np.frombuffer(bytes(content), _DTYPES[dtype]).reshape(shape)
    quantization = tensor.quantization
    scale, zero = None, 0
    if quantization is not None and quantization.scale is not None:
        scale = np.asarray(quantization.scale, np.float32)
        zero = int(quantization.zeroPoint[0])
    return Tensor(tensor.name.decode(), dtype, shape, data, scale, zero)


def with_constants(
    flatbuffer: bytes, constants: dict[str, np.ndarray]
) -> bytes:
    """Returns a flatbuffer with other values for float constants, by name."""
    model = fu.read_model_from_bytearray(bytearray(flatbuffer))
    missing = set(constants)
    for tensor in model.subgraphs[0].tensors:
        name = tensor.name.decode()
        if name in constants:
            content = np.asarray(constants[name], np.float32)
            shape = tuple(int(n) for n in tensor.shape)
            if content.shape != shape:
                raise ValueError(
                    f"{name}: must be {shape}. Received: {content.shape}"
                )
            model.buffers[tensor.buffer].data = np.frombuffer(
                content.tobytes(), np.uint8
            )
            missing.discard(name)
    if missing:
        raise ValueError(f"No such constants: {', '.join(sorted(missing))}")
    return bytes(fu.convert_object_to_bytearray(model))


def metadata(flatbuffer: bytes, name: str) -> bytes | None:
    """Returns a flatbuffer's metadata of this name."""
    model = fu.read_model_from_bytearray(bytearray(flatbuffer))
    for entry in model.metadata or []:
        if entry.name.decode() == name:
            return bytes(model.buffers[entry.buffer].data)
    return None


def add_metadata(flatbuffer: bytes, name: str, content: bytes) -> bytes:
    """Returns a flatbuffer ready to ship: with metadata and short names.

    The input and output tensors get the signature's names. The others keep the
    first of the names that the converter joined, the layer's; a file of 91,996
    parameters becomes a third smaller by it.

    Args:
        flatbuffer: to ship.
        name: of the metadata entry.
        content: of the metadata entry.
    """
    model = fu.read_model_from_bytearray(bytearray(flatbuffer))
    seen = set()
    for index, tensor in enumerate(model.subgraphs[0].tensors):
        tensor.name = tensor.name.split(b";")[0]
        # Tools that quantise want every name once.
        if tensor.name in seen:
            tensor.name += b"_%d" % index
        seen.add(tensor.name)
    signature = model.signatureDefs[0]
    for entry in (*signature.inputs, *signature.outputs):
        tensor = model.subgraphs[0].tensors[entry.tensorIndex]
        tensor.name = entry.name
    buffer, entry = fu.BufferT(), fu.schema_fb.MetadataT()
    buffer.data = np.frombuffer(content, np.uint8)
    model.buffers.append(buffer)
    entry.name, entry.buffer = name.encode(), len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), entry]
    return bytes(fu.convert_object_to_bytearray(model))
