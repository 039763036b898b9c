"""The measuring tool: which of two it is, and its command lines.

Google publishes two programs called `benchmark_model`: the classic one of
TFLite (`android_aarch64_benchmark_model`) and that of LiteRT (CompiledModel).
Neither is part of this package; see docs/bench.md.
"""

import dataclasses
import pathlib

from android_bench.errors import BenchError
from fanet_tf.denoising.bundle import sha256

# Bytes that only one of the two programs holds. LiteRT's inherits the classic
# run loop and its flags, so its own marks are looked for first.
_MARKS = (
    ("litert", (b"dispatch_library_path", b"BENCHMARK RESULTS")),
    ("classic", (b"enable_op_profiling", b"input_layer_value_files")),
)

# Flags of each delegate. NNAPI is gone from Android's future and is never
# asked for: what has no NPU library runs on CPU or GPU.
_CLASSIC = {
    "cpu": ["--use_xnnpack=true"],
    "cpu_fp16": ["--use_xnnpack=true", "--xnnpack_force_fp16=true"],
    "builtin": ["--use_xnnpack=false"],
    "gpu": ["--use_gpu=true", "--gpu_precision_loss_allowed=true"],
    "gpu_fp32": ["--use_gpu=true", "--gpu_precision_loss_allowed=false"],
    "npu": ["--external_delegate_path={library}"],
}
# LiteRT adds the CPU to every accelerator unless it is told otherwise.
_ONLY = ["--use_cpu=false", "--require_full_delegation=true"]
_LITERT = {
    "cpu": ["--use_cpu=true"],
    "gpu": ["--use_gpu=true", *_ONLY],
    "gpu_fp32": ["--use_gpu=true", "--allow_fp16=false", *_ONLY],
    "npu": ["--use_npu=true", "--dispatch_library_path={folder}", *_ONLY],
}
DELEGATES = {"classic": _CLASSIC, "litert": _LITERT}
HALF_PRECISION = frozenset({"cpu_fp16", "gpu", "npu"})
# The delegate's name in the tool's words, where it must have executed.
EXPECTED = {
    "cpu": "XNNPACK",
    "cpu_fp16": "XNNPACK",
    "gpu": "GPU",
    "gpu_fp32": "GPU",
    "npu": "EXTERNAL",
}


@dataclasses.dataclass(frozen=True)
class Tool:
    """The user's `benchmark_model`.

    Attributes:
        path: the file here.
        kind: `classic` or `litert`.
        sha256: of the file.
        flags: names in its `--help`; empty where it did not tell.
    """

    path: pathlib.Path
    kind: str
    sha256: str
    flags: frozenset[str] = frozenset()

    def knows(self, flag: str) -> bool:
        """Whether an optional flag may be passed."""
        return flag in self.flags


@dataclasses.dataclass(frozen=True)
class Timing:
    """How long one process measures.

    Attributes:
        num_runs: at least so many runs,
        min_seconds: and at least so long,
        max_seconds: but no longer than this.
        warmup_seconds: before the measured runs.
        sustain_s: how long processes follow each other without a pause; 0:
            they do not.
    """

    num_runs: int = 50
    min_seconds: float = 1.0
    max_seconds: float = 150.0
    warmup_seconds: float = 0.5
    sustain_s: float = 0.0

    @property
    def slice_s(self) -> float:
        """How long each process of a sustained run measures.

        Long, so that few pauses between processes let the phone cool; but a
        curve needs points.
        """
        return min(self.sustain_s / 3, max(2.0, self.sustain_s / 30), 10.0)


def identify(path: pathlib.Path, kind: str = "auto") -> Tool:
    """Looks at a tool's bytes.

    Raises:
        BenchError: no such file, or neither of the two programs.
    """
    if not path.is_file():
        raise BenchError(
            "`--tool` must be the file of a benchmark_model for the phone "
            f"(docs/bench.md says where to get it). Received: {str(path)!r}"
        )
    if kind == "auto":
        data = path.read_bytes()
        kind = next(
            (name for name, marks in _MARKS if any(m in data for m in marks)),
            None,
        )
        if kind is None:
            raise BenchError(
                "`--tool` must be TFLite's or LiteRT's benchmark_model; set "
                f"--tool_kind to insist. Received: {str(path)!r}"
            )
    return Tool(path, kind, sha256(path))


def delegate_flags(
    kind: str, delegate: str, library: str | None, options: str = ""
) -> list[str]:
    """Flags that choose a delegate.

    Args:
        kind: `classic` or `litert`.
        delegate: a name of `DELEGATES`.
        library: the NPU's library on the device.
        options: of the NPU's external delegate, `key:value;key:value`.
    """
    known = DELEGATES[kind]
    if delegate not in known:
        raise BenchError(
            f"`--delegates` must be among {', '.join(known)} for the {kind} "
            f"tool. Received: {delegate!r}"
        )
    if delegate == "npu" and not library:
        raise BenchError(
            "delegate npu must come with `--npu_library`: the vendor's "
            "external delegate (classic tool) or dispatch library (LiteRT). "
            "Received: no library"
        )
    folder = str(pathlib.PurePosixPath(library or "").parent)
    flags = [
        flag.format(library=library, folder=folder) for flag in known[delegate]
    ]
    if delegate == "npu" and options:
        if kind != "classic":
            raise BenchError(
                "`--npu_options` must go with the classic tool's external "
                "delegate; LiteRT's tool takes them as --tool_flags. "
                f"Received: {options!r}"
            )
        flags.append(f"--external_delegate_options={options}")
    return flags


def input_flags(
    names: list[str], shapes: list[tuple[int, ...]], files: list[str]
) -> list[str]:
    """Flags of the classic tool that feed files to input tensors.

    Names and files share a flag, in which ':' separates: inside a name or a
    path it is written '::'.
    """
    pairs = [
        f"{name.replace(':', '::')}:{file.replace(':', '::')}"
        for name, file in zip(names, files, strict=True)
    ]
    return [
        f"--input_layer={','.join(names)}",
        "--input_layer_shape="
        + ":".join(",".join(map(str, shape)) for shape in shapes),
        f"--input_layer_value_files={','.join(pairs)}",
    ]


def pass_flags(
    tool: Tool, job_pass: str, timing: Timing, folder: str
) -> list[str]:
    """Flags of one job's kind; see `plan.Job`."""
    if job_pass == "output":
        return [
            "--num_runs=1",
            "--min_secs=0",
            "--warmup_runs=0",
            "--warmup_min_secs=0",
            f"--output_filepath={folder}/output.raw",
        ]
    if job_pass == "sustain":
        return [
            "--num_runs=1",
            f"--min_secs={timing.slice_s:g}",
            f"--max_secs={timing.max_seconds:g}",
            "--warmup_runs=0",
            "--warmup_min_secs=0",
        ]
    if job_pass == "memory":
        # The sampling thread disturbs latency: hence a pass of its own.
        peak = not tool.flags or tool.knows("report_peak_memory_footprint")
        return [
            "--num_runs=5",
            "--min_secs=0.5",
            "--warmup_runs=1",
            "--warmup_min_secs=0",
            *(["--report_peak_memory_footprint=true"] if peak else []),
        ]
    flags = [
        f"--num_runs={timing.num_runs}",
        f"--min_secs={timing.min_seconds:g}",
        f"--max_secs={timing.max_seconds:g}",
        f"--warmup_min_secs={timing.warmup_seconds:g}",
    ]
    if job_pass in ("latency", "reference_run"):
        return flags
    if tool.kind == "litert":
        return [*flags, "--use_profiler=true"]
    if tool.flags and not tool.knows("op_profiling_output_file"):
        return [
            *flags,
            "--enable_op_profiling=true",
            f"--profiling_output_csv_file={folder}/profile.csv",
        ]
    return [
        *flags,
        "--enable_op_profiling=true",
        "--op_profiling_output_mode=csv",
        f"--op_profiling_output_file={folder}/profile.csv",
    ]
