"""What a flatbuffer costs: multiply-accumulates per RAW megapixel.

1 MP is 1e6 mosaic pixels, 250,000 packed positions; convolution weights only,
one multiply-accumulate counts 1 (the paper's way; see docs/network.md). Kernels
that only move, add or average values count as cost 0: the pooling of the input
pyramid, the replication of skips, the Haar transform.
"""

import dataclasses
import functools
import pathlib

import numpy as np

from fanet_tf.errors import InputError

_CONVOLUTIONS = {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV"}


@dataclasses.dataclass(frozen=True)
class Convolution:
    """One convolution of a flatbuffer.

    Attributes:
        name: of its output tensor.
        operation: as TFLite calls it.
        kernel: shape of its kernel, as the flatbuffer stores it.
        channels: of its input.
        macs: multiply-accumulates of one inference.
        is_fixed: whether its kernel only moves, adds or averages values.
    """

    name: str
    operation: str
    kernel: tuple[int, ...]
    channels: int
    macs: int
    is_fixed: bool

    @property
    def reuse(self) -> int:
        """How often each value of the input is used, at stride 1."""
        return int(np.prod(self.kernel)) // self.channels


def total(path: str | pathlib.Path) -> int:
    """Counts the multiply-accumulates of one inference of a flatbuffer.

    Raises:
        InputError: the LiteRT runtime cannot read the file.
    """
    return _sum(convolutions(path))


def _sum(found) -> int:
    return sum(c.macs for c in found if not c.is_fixed)


def gmacs_per_mp(path: str | pathlib.Path) -> float:
    """Counts 1e9 multiply-accumulates per RAW megapixel of a flatbuffer.

    Args:
        path: of a `.tflite` with one input `noisy`, `[1, h, w, 4]`; the
            halo of its tiles is not counted.
    """
    mosaic_pixels, found = _count_file(*_key(path))
    return _sum(found) / mosaic_pixels * 1e6 / 1e9


def convolutions(
    flatbuffer: bytes | str | pathlib.Path,
) -> tuple[Convolution, ...]:
    """Lists the convolutions of a flatbuffer: its bytes, or its path."""
    if isinstance(flatbuffer, bytes):
        return _count(model_content=flatbuffer)[1]
    return _count_file(*_key(flatbuffer))[1]


def _key(path):
    path = pathlib.Path(path)
    return path, path.stat().st_mtime_ns


@functools.lru_cache(maxsize=64)
def _count_file(path, mtime_ns):
    del mtime_ns  # Part of the key only.
    try:
        return _count(model_path=str(path))
    except ValueError as error:
        raise InputError(
            f"{path.name} must be a flatbuffer that the LiteRT runtime reads. "
            f"Received: {' '.join(str(error).split())[:200]}"
        ) from None


def _count(**model):
    from ai_edge_litert.interpreter import Interpreter

    # The plain graph: with the default delegate it would be one node.
    from ai_edge_litert.interpreter import OpResolverType

    interpreter = Interpreter(
        **model,
        experimental_op_resolver_type=(
            OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    tensors = {t["index"]: t for t in interpreter.get_tensor_details()}
    operations = interpreter._get_ops_details()
    # Float16 kernels are stored as such and widened in the graph.
    stored = {
        op["outputs"][0]: op["inputs"][0]
        for op in operations
        if op["op_name"] == "DEQUANTIZE"
    }
    found = tuple(
        _convolution(interpreter, tensors, stored, op)
        for op in operations
        if op["op_name"] in _CONVOLUTIONS
    )
    frame = max(
        interpreter.get_input_details(), key=lambda d: np.prod(d["shape"])
    )
    mosaic_pixels = int(np.prod(frame["shape"]))  # 4 per packed position.
    return mosaic_pixels, found


def _is_fixed(kernel) -> bool:
    """Whether a kernel holds one magnitude only, and perhaps zeros."""
    return len(np.setdiff1d(np.abs(kernel), [0])) == 1


def _convolution(interpreter, tensors, stored, op) -> Convolution:
    inputs = [tensors[i] for i in op["inputs"] if i >= 0]
    output = tensors[op["outputs"][0]]
    # The kernel is the constant of rank 4; TRANSPOSE_CONV has it second, too.
    kernel = inputs[1]
    index = kernel["index"]
    try:
        values = interpreter.get_tensor(stored.get(index, index))
    except ValueError:
        values = None  # Computed in the graph: not fixed.
    shape = tuple(int(n) for n in kernel["shape"])
    # CONV_2D: [out, kh, kw, in / groups]; DEPTHWISE_CONV_2D: [1, kh, kw, out].
    # TRANSPOSE_CONV: every input position meets the whole kernel.
    transposed = op["op_name"] == "TRANSPOSE_CONV"
    _, height, width, _ = (inputs[-1] if transposed else output)["shape"]
    return Convolution(
        output["name"],
        op["op_name"],
        shape,
        int(inputs[-1 if transposed else 0]["shape"][-1]),
        int(height * width) * int(np.prod(shape)),
        values is not None and _is_fixed(values),
    )
