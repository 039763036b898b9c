"""A stand-in for the classic `benchmark_model`.

It runs the real .tflite with the LiteRT runtime and prints what the classic
program prints, in its form. The file `$FAKE_ROOT/fault` holds a word that
makes it misbehave.

Names by which a harness knows the program: enable_op_profiling,
input_layer_value_files. With `KIND` "litert" it stands in for LiteRT's program.
"""

import os
import pathlib
import sys
import time

import numpy as np

KIND = "classic"
LITERT_FLAGS = """graph num_threads num_runs min_secs max_secs warmup_runs
warmup_min_secs use_cpu use_gpu use_npu require_full_delegation allow_fp16
use_profiler report_peak_memory_footprint result_file_path""".split()
FLAGS = """graph num_threads num_runs min_secs max_secs warmup_runs
warmup_min_secs use_xnnpack xnnpack_force_fp16 use_gpu
gpu_precision_loss_allowed external_delegate_path external_delegate_options
enable_op_profiling
op_profiling_output_mode op_profiling_output_file report_peak_memory_footprint
input_layer input_layer_shape input_layer_value_files output_filepath
result_file_path""".split()


if KIND == "litert":
    FLAGS = [*LITERT_FLAGS, "_".join(("dispatch", "library", "path"))]


def fault():
    path = pathlib.Path(os.environ.get("FAKE_ROOT", "/nowhere")) / "fault"
    words = path.read_text().split() if path.exists() else [""]
    # `fault when`: only in processes with that flag.
    if len(words) > 1 and not any(words[1] in word for word in sys.argv):
        return ""
    return words[0]


def info(text):
    print(f"INFO: {text}", flush=True)


def error(text):
    print(text, file=sys.stderr, flush=True)


def real(value):
    """As a C++ stream prints a double: six significant digits."""
    return f"{value:.6g}"


def stats(times):
    ordered = sorted(times)
    if not times:
        return "count=0"

    def at(percent):
        return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]

    same = ordered[0] == ordered[-1]
    percentiles = f"p5={at(5)} median={at(50)} p95={at(95)}"
    if len(times) == 1 or same:
        remark = "(all same)" if len(times) > 1 else ""
        return f"count={len(times)} curr={times[-1]}{remark} {percentiles}"
    return (
        f"count={len(times)} first={times[0]} curr={times[-1]} "
        f"min={ordered[0]} max={ordered[-1]} avg={real(np.mean(times))} "
        f"std={int(np.std(times))} {percentiles}"
    )


def loop(interpreter, runs, seconds, limit):
    info(
        f"Running benchmark for at least {runs} iterations and at least "
        f"{real(seconds)} seconds but terminate if exceeding {real(limit)} "
        "seconds."
    )
    times = []
    start = time.perf_counter()
    while len(times) < runs or time.perf_counter() - start < seconds:
        if time.perf_counter() - start > limit:
            break
        before = time.perf_counter()
        interpreter.invoke()
        times.append(int(1e6 * (time.perf_counter() - before)))
    info(stats(times) + "\n")
    return times


def read_inputs(interpreter, flags):
    pairs = flags.get("input_layer_value_files", "")
    details = {d["name"]: d for d in interpreter.get_input_details()}
    names = flags["input_layer"].split(",") if pairs else []
    for pair in filter(None, pairs.split(",")):
        name, path = pair.replace("::", "\0").split(":")
        name = name.replace("\0", ":")
        assert name in names, name
        detail = details[name]
        data = pathlib.Path(path).read_bytes()
        size = np.prod(detail["shape"]) * np.dtype(detail["dtype"]).itemsize
        if len(data) != size:
            error("ERROR: The input file has another size.")
            os.abort()
        array = np.frombuffer(data, detail["dtype"]).reshape(detail["shape"])
        interpreter.set_tensor(detail["index"], array)


def delegates(flags, word):
    """What is said about delegates; the GPU and NPU are made up here."""
    name = None
    if KIND == "litert":
        error(
            "INFO: [stderr.cc:1] Replacing 8 out of 8 node(s) with delegate "
            "(TfLiteXNNPackDelegate) node, yielding 1 partitions for the whole "
            "graph."
        )
        return
    if flags.get("use_xnnpack") == "true":
        name = "XNNPACK"
        error("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.")
    if flags.get("use_gpu") == "true":
        name = "GPU"
    if "external_delegate_path" in flags:
        name = "EXTERNAL"
    if name is None:
        return
    if word == "fallback":
        info(
            f"Though {name} delegate is explicitly applied, the model graph "
            "will not be executed by the delegate."
        )
    elif word == "partial":
        info(
            f"Explicitly applied {name} delegate, and the model graph will be "
            "partially executed by the delegate w/ 3 delegate kernels."
        )
    else:
        info(
            f"Explicitly applied {name} delegate, and the model graph will be "
            "completely executed by the delegate."
        )


def block(init, warmup, times):
    """The results of LiteRT's program, on stderr."""
    mean = sum(times) / len(times)
    title = " ".join(("BENCHMARK", "RESULTS"))  # A mark of that program.
    lines = f"""
========== {title} ==========
Model initialization: {init / 1000:.2f} ms
Warmup (first):       {warmup[0] / 1000:.2f} ms
Warmup (avg):         {sum(warmup) / len(warmup) / 1000:.2f} ms ({len(warmup)} \
runs)
Inference (avg):      {mean / 1000:.2f} ms ({len(times)} runs)
Inference (min):      {min(times) / 1000:.2f} ms
Inference (max):      {max(times) / 1000:.2f} ms
Inference (std):      0.04

Memory Usage:
Init footprint:       2.13 MB
Overall footprint:    3.50 MB
======================================
"""
    for line in lines.splitlines():
        error(f"INFO: [benchmark_litert_model.h:93] {line}")


PROFILE = """\
Profiling Info for Benchmark Initialization:
============================== Run Order ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
ModifyGraphWithDelegate, 2.1, 2.1, 100%, 100%, 0, 1, ModifyGraphWithDelegate/0

Operator-wise Profiling Info for Regular Benchmark Runs:
============================== Run Order ==============================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
TfLiteXNNPackDelegate, 1.9, {avg}, 100%, 100%, 0, 1, [denoised\tx]:12

============================== Top by Computation Time =================
node type, first, avg_ms, %, cdf%, mem KB, times called, name
TfLiteXNNPackDelegate, 1.9, {avg}, 100%, 100%, 0, 1, [denoised\tx]:12
"""


def main():
    word = fault()
    flags = {}
    unknown = []
    for argument in sys.argv[1:]:
        name, _, value = argument.removeprefix("--").partition("=")
        if argument == "--help":
            lines = "".join(
                f"\t--{flag}=0\tstring\toptional\ttext\n" for flag in FLAGS
            )
            error(f"ERROR: usage: {sys.argv[0]} <flags>\nFlags:\n{lines}")
            return 1
        flags[name] = value
        if name not in FLAGS:
            unknown.append(argument)
    info("STARTING!")
    if unknown:
        print(f"WARN: Unconsumed cmdline flags: {' '.join(unknown)}")
    info("Log parameter values verbosely: [0]")
    info(f"Num threads: [{flags['num_threads']}]")
    info(f"Graph: [{flags['graph']}]")
    if word == "hang":
        time.sleep(600)
    if word == "exit1":
        error("ERROR: Failed to apply delegate.")
        error("ERROR: Benchmarking failed.")
        return 1
    if word == "abort":
        os.abort()

    from ai_edge_litert.interpreter import Interpreter
    from ai_edge_litert.interpreter import OpResolverType

    start = time.perf_counter()
    resolver = OpResolverType.AUTO
    if flags.get("use_xnnpack") == "false":
        resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(
        flags["graph"],
        num_threads=int(flags["num_threads"]),
        experimental_op_resolver_type=resolver,
    )
    interpreter.allocate_tensors()
    info(f"Loaded model {flags['graph']}")
    delegates(flags, word)
    megabytes = os.path.getsize(flags["graph"]) / 1e6
    info(f"The input model file size (MB): {real(megabytes)}")
    init = int(1e6 * (time.perf_counter() - start))
    info(f"Initialized session in {real(init / 1000)}ms.")
    read_inputs(interpreter, flags)
    limit = float(flags.get("max_secs", 150))
    warmup = loop(
        interpreter,
        int(flags.get("warmup_runs", 1)),
        float(flags.get("warmup_min_secs", 0.5)),
        limit,
    )
    if word == "truncated":
        return 0
    times = loop(
        interpreter,
        int(flags.get("num_runs", 50)),
        float(flags.get("min_secs", 1)),
        limit,
    )
    first = warmup[0] if warmup else 0
    if KIND == "litert":
        block(init, warmup, times)
        return 0
    info(
        f"Inference timings in us: Init: {init}, First inference: {first}, "
        f"Warmup (avg): {real(np.mean(warmup or [0]))}, Inference (avg): "
        f"{real(np.mean(times))}"
    )
    info(
        "Memory footprint delta from the start of the tool (MB): "
        "init=2.12891 overall=3.50391"
    )
    if flags.get("report_peak_memory_footprint") == "true":
        info(
            "Overall peak memory footprint (MB) via periodic monitoring: "
            "9.67578"
        )
    if "output_filepath" in flags:
        detail = interpreter.get_output_details()[0]
        output = np.array(interpreter.get_tensor(detail["index"]))
        if word == "wrong":
            output.flat[0] += 1
        pathlib.Path(flags["output_filepath"]).write_bytes(output.tobytes())
    if "op_profiling_output_file" in flags:
        pathlib.Path(flags["op_profiling_output_file"]).write_text(
            PROFILE.format(avg=real(np.mean(times) / 1000))
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
