"""Logs of phones, shortened to what decides and what distracts from it."""

import pytest

from android_bench.errors import BenchError
from android_bench.errors import ToolError
from android_bench.phone.adb import Shell
from android_bench.tool import judge
from android_bench.tool import reasons

TIMES = """\
INFO: Initialized session in 87.639ms.
INFO: count=5 first=106436 curr=105929 min=105929 max=106436 avg=106065 std=193

INFO: count=50 first=106022 curr=105780 min=105416 max=106528 avg=105784 std=260

INFO: Inference timings in us: Init: 87639, First inference: 106436, \
Warmup (avg): 106065, Inference (avg): 105784
"""
FULL = (
    "INFO: Explicitly applied GPU delegate, and the model graph will be "
    "completely executed by the delegate.\n"
)
PARTIAL = FULL.replace("completely", "partially")
ENDED = "ERROR: Benchmarking failed.\n"
NO_OPENCL = (
    "ERROR: Can not open OpenCL library on this device - "
    'dlopen failed: library "libOpenCL.so" not found\n'
    "ERROR: Falling back to OpenGL\n"
)

# Who was asked, exit code, log, the line that decides, and what it means.
LOGS = {
    "Hexagon's library missing": (
        "npu",
        1,
        "INFO: loaded libcdsprpc.so\n"
        "INFO: TfLiteHexagonDelegate delegate: 125 nodes delegated out of 125 "
        "nodes with 1 partitions.\n"
        "ERROR: hexagon_nn_config failed. Error: -1\n"
        "ERROR: Delegate kernel was not initialized\n"
        "ERROR: Node number 125 (TfLiteHexagonDelegate) failed to prepare.\n"
        "ERROR: Restored original execution plan after delegate application "
        f"failure.\nFailed to apply Hexagon delegate.\n{ENDED}",
        "hexagon_nn_config failed. Error: -1",
        "Hexagon libraries",
    ),
    "Hexagon's delegate missing, the CPU ran": (
        "npu",
        0,
        "Could not create Hexagon delegate: platform may not support "
        f"delegate or required libraries are missing\n{TIMES}",
        "Could not create Hexagon delegate",
        "Hexagon libraries",
    ),
    "a part of the graph on the GPU": (
        "gpu",
        0,
        "ERROR: Following operations are not supported by GPU delegate:\n"
        "UNPACK: Operation is not supported.\n"
        "294 operations will run on the GPU, and the remaining 2 operations "
        "will run on the CPU.\nINFO: Initialized OpenCL-based API.\n"
        f"{PARTIAL}{TIMES}",
        "UNPACK: Operation is not supported.",
        "only a part",
    ),
    "OpenGL instead of OpenCL": (
        "gpu",
        0,
        f"{NO_OPENCL}INFO: Initialized OpenGL-based API.\n{FULL}{TIMES}",
        "Can not open OpenCL library",
        "OpenGL ran",
    ),
    "neither OpenCL nor OpenGL ES 3.1": (
        "gpu",
        1,
        "ERROR: Following operations are not supported by GPU delegate:\n"
        "DEQUANTIZE: \nEXP: Operation is not supported.\n"
        "99 operations will run on the GPU, and the remaining 106 operations "
        f"will run on the CPU.\n{NO_OPENCL}"
        "ERROR: TfLiteGpuDelegate Init: OpenGL ES 3.1 or above is required to "
        "use OpenGL inference.\n"
        "ERROR: TfLiteGpuDelegate Prepare: delegate is not initialized\n"
        f"ERROR: Failed to apply GPU delegate.\n{ENDED}",
        "OpenGL ES 3.1 or above is required",
        "no OpenGL ES 3.1",
    ),
    "no dispatch library": (
        "npu",
        1,
        "ERROR: [dispatch_delegate.cc:107] Failed to initialize Dispatch API: "
        "ERROR: [external/litert/dispatch_delegate.cc:168]\n"
        "INFO: Replacing 1 out of 1 node(s) with delegate (DispatchDelegate) "
        "node, yielding 1 partitions for subgraph 0.\n"
        "ERROR: [dispatch_delegate.cc:122] Failed to create a dispatch "
        "delegate kernel: No usable Dispatch runtime found\n"
        f"ERROR: Failed to compile model\n{ENDED}",
        "No usable Dispatch runtime found",
        "no dispatch library",
    ),
    "the external delegate's library missing, the CPU ran": (
        "npu",
        0,
        'ERROR: dlopen failed: library "libcdsprpc.so" not found: needed by '
        "/d/libQnnTFLiteDelegate.so in namespace (default)\n"
        "ERROR: Unable to load external delegate from : "
        "/d/libQnnTFLiteDelegate.so (dlopen failed)\n"
        "VERBOSE: Replacing 31 out of 31 node(s) with delegate "
        "(TfLiteXNNPackDelegate) node, yielding 1 partitions for the whole "
        f"graph.\n{TIMES}",
        '"libcdsprpc.so" not found',
        "TfLiteXNNPackDelegate ran",
    ),
    "another ABI": (
        "cpu",
        126,
        "/system/bin/sh: ./benchmark_model: not executable: 64-bit ELF file\n",
        "not executable: 64-bit ELF file",
        "another ABI",
    ),
    "another ABI, as the shell's script": (
        "cpu",
        2,
        "./benchmark_model[1]: syntax error: unexpected '('\n",
        "syntax error: unexpected",
        "another ABI",
    ),
    "a folder mounted noexec": (
        "cpu",
        126,
        "/system/bin/sh: /sdcard/b: can't execute: Permission denied\n",
        "can't execute: Permission denied",
        "noexec",
    ),
    "not position independent": (
        "cpu",
        134,
        "error: only position independent executables (PIE) are supported.\n"
        "Aborted \n",
        "only position independent executables",
        "-fPIE -pie",
    ),
    "no such file": (
        "cpu",
        127,
        "/system/bin/sh: /data/local/tmp/b: No such file or directory\n",
        "No such file or directory",
        "dynamic linker",
    ),
    "taskset missing": (
        "cpu",
        127,
        "/system/bin/sh: taskset: inaccessible or not found\n",
        "taskset: inaccessible or not found",
        "--affinity=all",
    ),
    "cannot link": (
        "cpu",
        134,
        'CANNOT LINK EXECUTABLE "/d/benchmark_model": library '
        '"libhexagon_controller.so" not found\nAborted \n',
        '"libhexagon_controller.so" not found',
        "library is missing",
    ),
    "out of memory": (
        "cpu",
        134,
        "INFO: Loaded model m.tflite\nlibc++abi: terminating with uncaught "
        "exception of type std::bad_alloc: std::bad_alloc\n",
        "std::bad_alloc",
        "out of memory",
    ),
    "an operator that the tool lacks": (
        "cpu",
        1,
        "ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'.\n"
        f"ERROR: Registration failed.\n{ENDED}",
        "builtin opcode 'CONV_2D'",
        "newer",
    ),
    "the format of 2019": (
        "cpu",
        0,
        "Initialized session in 9.933ms\n"
        "count=7 first=127425 curr=66709 min=66709 max=127425 avg=76605.9\n\n"
        "count=15 first=66753 curr=66800 min=66699 max=66838 avg=66767.6\n\n"
        "Average inference timings in us: Warmup: 76605.9, Init: 9933, no "
        "stats: 66767.6\n",
        "Average inference timings in us: Warmup: 76605.9",
        "2019",
    ),
    "cut off, after a cause": (
        "cpu",
        0,
        "INFO: STARTING!\nERROR: Could not open 'm.tflite'.\n",
        "Could not open 'm.tflite'.",
        "could not read the model",
    ),
    "an error of its own": (
        "cpu",
        1,
        f"ERROR: Failed to apply delegate.\nERROR: clBuildProgram -11\n{ENDED}",
        "clBuildProgram -11",
        "code 1",
    ),
}


def run(log, code, delegate, **options):
    kind = "litert" if "Dispatch" in log else "classic"
    judge.latency(Shell(code, log, "", 1.0), kind, delegate, **options)


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_deciding_line_of_a_log_is_quoted(name, stream):
    delegate, code, log, line, meaning = LOGS[name]
    out, err = (log, "") if stream == "stdout" else ("", log)
    kind = "litert" if "Dispatch" in log else "classic"
    with pytest.raises(ToolError) as caught:
        judge.latency(Shell(code, out, err, 1.0), kind, delegate)
    message = str(caught.value)
    assert line in message and meaning in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "line, meaning",
    [
        ("sh: ./b: not executable: magic 7F45", "another ABI"),
        ("bash: ./b: cannot execute binary file: Exec format error", "ABI"),
        (
            "error: Android 5.0 and later only support position-independent "
            "executables (-fPIE).",
            "-fPIE -pie",
        ),
        ("sh: ./b: Permission denied", "noexec"),
        ("Out of memory", "out of memory"),
        ("ERROR: Op builtin_code out of range: 130.", "newer one"),
        ("[litert_dispatch.cc:97] No dispatch library found in /d", "dispatch"),
        ('dlopen failed: library "libQnnHtp.so" not found', "--libraries"),
        ('CANNOT LINK EXECUTABLE "b": cannot locate symbol "x"', "library"),
        ("Failed to fetch Hexagon NN version. This might be", "Hexagon"),
    ],
)
def test_other_words_for_the_same_cause(line, meaning):
    text = f"INFO: STARTING!\n{line}\nERROR: Failed to prepare.\n{ENDED}"
    assert meaning in reasons.deciding(text).meaning


@pytest.mark.parametrize(
    "delegate, said",
    [
        ("gpu", f"INFO: Initialized OpenCL-based API.\n{FULL}"),
        ("cpu", FULL.replace("GPU", "XNNPACK")),
        # A plugin that this phone does not have is no failure of the CPU's.
        (
            "cpu",
            "WARN: NPU accelerator could not be loaded\nERROR: dlopen failed: "
            f"library libx.so not found\n{FULL.replace('GPU', 'XNNPACK')}",
        ),
    ],
)
def test_a_run_that_did_as_asked_is_a_measurement(delegate, said):
    run(said + TIMES, 0, delegate)


def test_opengl_is_measured_where_it_was_asked_for():
    delegate, code, log, *_ = LOGS["OpenGL instead of OpenCL"]
    run(log, code, delegate, opengl=True)


@pytest.mark.parametrize(
    "code, words",
    [
        (1, ["code 1", "it failed"]),
        (132, ["code 132 (SIGILL)", "instruction that this CPU lacks"]),
        (133, ["code 133 (SIGTRAP)", "check of its own"]),
        (134, ["code 134 (SIGABRT)", "aborted"]),
        (135, ["code 135 (SIGBUS)", "memory that is not there"]),
        (137, ["code 137 (SIGKILL)", "out of memory"]),
        (139, ["code 139 (SIGSEGV)", "crashed"]),
        (143, ["code 143 (SIGTERM)", "a signal ended it"]),
        (250, ["code 250", "it failed"]),
    ],
)
def test_exit_codes_have_names(code, words):
    with pytest.raises(ToolError) as caught:
        run("INFO: STARTING!\n", code, "cpu")
    assert all(word in str(caught.value) for word in words)


def test_a_quoted_line_is_bounded():
    cause = reasons.deciding("ERROR: dlopen failed: " + "x" * 10_000)
    assert len(cause.line) <= 200


@pytest.mark.parametrize(
    "code, text, refused",
    [
        (1, "\t--num_runs=50 \tint32\toptional\truns\n", False),
        (0, "", False),
        (1, "ERROR: unknown flag help\n", False),
        (126, "sh: ./b: can't execute: Permission denied\n", True),
        (134, "error: only position independent executables\n", True),
        (132, "Illegal instruction\n", True),
    ],
)
def test_a_tool_that_cannot_start_is_refused_at_once(code, text, refused):
    result = Shell(code, "", text, 0.1)
    if not refused:
        judge.check_starts(result)
        return
    with pytest.raises(BenchError) as caught:
        judge.check_starts(result)
    assert not isinstance(caught.value, ToolError)
