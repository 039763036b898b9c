"""Runs a flatbuffer with the LiteRT runtime, and finds what ran it."""

from collections.abc import Callable

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.interpreter import OpResolverType

from fanet_tf.files import quiet

OUTPUT = "denoised"  # Of a member.


def interpreter(flatbuffer: bytes, num_threads: int = 2) -> Interpreter:
    """Returns an interpreter for the bytes of a `.tflite`."""
    # The first one of a process says that it uses XNNPACK.
    with quiet.standard_error():
        runner = Interpreter(
            model_content=bytes(flatbuffer), num_threads=num_threads
        )
        runner.allocate_tensors()
    return runner


class Runner:
    """Runs `serving_default`; integer inputs and outputs are converted.

    Args:
        flatbuffer: bytes of a `.tflite`.
        num_threads: of the CPU.
    """

    def __init__(self, flatbuffer: bytes, num_threads: int = 2):
        # Kept: the signature's runner does not own the interpreter.
        self._interpreter = interpreter(flatbuffer, num_threads)
        self._run = self._interpreter.get_signature_runner("serving_default")
        self.inputs = self._run.get_input_details()
        self.outputs = self._run.get_output_details()

    def __call__(self, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the outputs by name."""
        feeds = {}
        for name, detail in self.inputs.items():
            value, kind = inputs[name], detail["dtype"]
            if np.issubdtype(kind, np.integer) and detail["quantization"][0]:
                scale, zero = detail["quantization"]
                limits = np.iinfo(kind)
                value = np.rint(value / scale) + zero
                value = np.clip(value, limits.min, limits.max)
            feeds[name] = np.asarray(value).astype(kind)
        outputs = {}
        for name, value in self._run(**feeds).items():
            scale, zero = self.outputs[name]["quantization"]
            if np.issubdtype(value.dtype, np.integer) and scale:
                value = (value.astype(np.float32) - zero) * np.float32(scale)
            outputs[name] = value
        return outputs


def denoiser(flatbuffer: bytes) -> Callable[[dict], np.ndarray]:
    """Returns a member as a function: inputs by name -> `[1, h, w, 4]`."""
    runner = Runner(flatbuffer)
    return lambda inputs: runner(inputs)[OUTPUT]


class Inspector:
    """Runs `serving_default` without a delegate and keeps every tensor.

    Args:
        flatbuffer: bytes of a `.tflite`.
    """

    def __init__(self, flatbuffer: bytes):
        self._interpreter = Interpreter(
            model_content=bytes(flatbuffer),
            num_threads=2,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=(
                OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            ),
        )
        self._interpreter.allocate_tensors()
        self._run = self._interpreter.get_signature_runner("serving_default")

    def __call__(self, inputs: dict[str, np.ndarray]) -> None:
        """Runs once."""
        self._run(**inputs)

    def tensor(self, index: int) -> np.ndarray:
        """Returns a tensor as the last run left it."""
        return self._interpreter.get_tensor(index)


def undelegated(flatbuffer: bytes) -> list[str]:
    """Returns why a graph is not one delegate node; empty if it is.

    The runtime keeps the original operations in its list and appends the
    delegate's node, so a fully delegated graph has exactly one DELEGATE node
    which gives all of the graph's outputs and takes only its inputs.
    """
    runner = interpreter(flatbuffer)
    # The only access there is; no public call lists the nodes.
    operations = runner._get_ops_details()
    nodes = [op for op in operations if op["op_name"] == "DELEGATE"]
    if len(nodes) != 1:
        return [f"{len(nodes)} delegate nodes"]
    outputs = {d["index"] for d in runner.get_output_details()}
    missing = outputs - set(nodes[0]["outputs"])
    if missing:
        names = [
            op["op_name"]
            for op in operations
            if set(op["outputs"]) & missing and op["op_name"] != "DELEGATE"
        ]
        return names or ["an output is not computed by the delegate"]
    inputs = {d["index"] for d in runner.get_input_details()}
    produced = {
        int(index)
        for op in operations
        if op["op_name"] != "DELEGATE"
        for index in op["outputs"]
    }
    return [
        f"the delegate's input {index} is computed outside of it"
        for index in nodes[0]["inputs"]
        if int(index) in produced and int(index) not in inputs
    ]
