"""Runs flatbuffers inside of the ARM user space: `guest.py JOBS OUTPUTS`.

JOBS is JSON: a list of `[flatbuffer, inputs]`, paths of a `.tflite` and of an
`.npz` with an array for each input's name. OUTPUTS becomes an `.npz` of what
the flatbuffers gave, by their number. Each runs on one XNNPACK thread.

`os.getppid()` before and after `invoke` is the mark at which the plugin
`count_instructions.c` prints its counters: the difference is the inference.
"""

import json
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def run(flatbuffer, inputs):
    """Runs one flatbuffer; returns its first output and its nodes."""
    values = np.load(inputs)
    runner = Interpreter(model_path=flatbuffer, num_threads=1)
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


def main():
    """Runs all jobs, one line of JSON each."""
    with open(sys.argv[1], encoding="utf-8") as stream:
        jobs = json.load(stream)
    outputs = {}
    for index, (flatbuffer, inputs) in enumerate(jobs):
        outputs[str(index)], delegates = run(flatbuffer, inputs)
        record = {"job": index, "delegate_nodes": delegates}
        print(json.dumps(record), flush=True)
    np.savez(sys.argv[2], **outputs)


if __name__ == "__main__":
    main()
