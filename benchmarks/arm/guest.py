"""Runs flatbuffers inside of the ARM user space: `guest.py JOBS OUTPUTS`.

JOBS is JSON: a list of `[flatbuffer, inputs, kernels]`, paths of a `.tflite`
and of an `.npz` with an array for each input's name, and one of `KERNELS`. The
folder OUTPUTS gets what each gave, `NUMBER.npy`, and a line of JSON is printed
when it is there. Everything runs on one thread.

`os.getppid()` before and after an inference is the mark at which the plugin
`count_instructions.c` prints its counters: the difference is the inference.
"""

import json
import os
import sys

import numpy as np

# XNNPACK's; XNNPACK's with all arithmetic in half precision; the runtime's own.
KERNELS = ("xnnpack", "half", "builtin")

_SIGNATURE = "serving_default"
_FORCE_HALF = 4  # TFLITE_XNNPACK_DELEGATE_FLAG_FORCE_FP16.


def run(flatbuffer, inputs, kernels):
    """Runs one flatbuffer.

    Returns:
        Its first output, and the number of its delegate's nodes; -1 where
        there are several and nothing says how many.
    """
    values = np.load(inputs)
    if kernels == "half":
        return _run_half(flatbuffer, values)
    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_litert.interpreter import OpResolverType

    resolver = OpResolverType.AUTO
    if kernels == "builtin":
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    runner = Interpreter(
        model_path=flatbuffer,
        num_threads=1,
        experimental_op_resolver_type=resolver,
    )
    runner.allocate_tensors()
    for detail in runner.get_input_details():
        (name,) = (n for n in values.files if n in detail["name"])
        runner.set_tensor(detail["index"], values[name])
    os.getppid()
    runner.invoke()
    os.getppid()
    nodes = [op["op_name"] for op in runner._get_ops_details()]
    output = runner.get_tensor(runner.get_output_details()[0]["index"])
    return output, nodes.count("DELEGATE")


def _run_half(flatbuffer, values):
    # Only `CompiledModel` hands flags to XNNPACK. It lists no nodes, and says
    # whether a delegate runs all of the graph.
    from ai_edge_litert.compiled_model import CompiledModel
    from ai_edge_litert.hardware_accelerator import HardwareAccelerator
    from ai_edge_litert.options import CpuOptions
    from ai_edge_litert.options import Options

    model = CompiledModel.from_file(
        flatbuffer,
        options=Options(
            hardware_accelerators=HardwareAccelerator.CPU,
            cpu_options=CpuOptions(num_threads=1, xnnpack_flags=_FORCE_HALF),
        ),
    )
    feeds = {}
    for name in model.get_input_tensor_details(_SIGNATURE):
        feeds[name] = model.create_input_buffer_by_name(_SIGNATURE, name)
        feeds[name].write(np.ascontiguousarray(values[name], np.float32))
    ((name, detail),) = model.get_output_tensor_details(_SIGNATURE).items()
    target = model.create_output_buffer_by_name(_SIGNATURE, name)
    os.getppid()
    model.run_by_name(_SIGNATURE, feeds, {name: target})
    os.getppid()
    shape = tuple(detail["shape"])
    output = target.read(int(np.prod(shape)), np.float32).reshape(shape)
    return output, 1 if model.is_fully_accelerated() else -1


def main():
    """Runs all jobs."""
    with open(sys.argv[1], encoding="utf-8") as stream:
        jobs = json.load(stream)
    for index, job in enumerate(jobs):
        output, nodes = run(*job)
        np.save(os.path.join(sys.argv[2], f"{index}.npy"), output)
        print(json.dumps({"job": index, "delegate_nodes": nodes}), flush=True)


if __name__ == "__main__":
    main()
