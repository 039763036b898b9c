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
    from export.flatbuffer import half_precision

    with open(flatbuffer, "rb") as stream:
        runner = half_precision.HalfRunner(stream.read(), num_threads=1)
    os.getppid()
    output = runner(values)
    os.getppid()
    # It lists no nodes, and says whether the delegate runs all of the graph.
    return output, 1 if runner.delegated else -1


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
