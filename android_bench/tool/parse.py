"""Reads what the measuring tools print; pure functions.

Two programs are called `benchmark_model`. The classic one (TFLite Interpreter)
prints its results on stdout; the LiteRT one (CompiledModel) prints a block of
labels on stderr, but both print two `count=` lines on stdout, warm-up first,
in microseconds. Those lines carry the median, so they are read before
everything else. Both streams are handed in as one text where the order of the
streams does not matter.
"""

import dataclasses
import math
import re

from android_bench.errors import ToolError

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)"
_PREFIX = r"^(?:INFO: )?(?:\[[^\]]*\] )?"


@dataclasses.dataclass(frozen=True)
class Latency:
    """Latency of one process, in microseconds; None where not printed."""

    num_runs: int
    mean_us: float
    median_us: float | None = None
    p5_us: float | None = None
    p95_us: float | None = None
    min_us: float | None = None
    max_us: float | None = None
    std_us: float | None = None
    first_us: float | None = None
    init_us: float | None = None
    warmup_us: float | None = None
    source: str = "text"


@dataclasses.dataclass(frozen=True)
class Delegation:
    """Who executed the graph, as far as the tool said.

    Attributes:
        delegate: name in the tool's words (`XNNPACK`, `GPU`, ...).
        extent: `full`, `partial` or `none`.
        detail: the sentence it was read from.
    """

    delegate: str
    extent: str
    detail: str


def counts(text: str) -> list[dict[str, float]]:
    """All `count=` lines: warm-up first, then the measured runs.

    A field that is not a number by itself loses its remark
    (`curr=5(all same)`); missing fields are missing in the answer.
    """
    found = []
    for line in text.splitlines():
        match = re.match(_PREFIX + r"(count=\d.*)$", line.strip())
        if not match:
            continue
        pairs = re.findall(rf"(\w+)=({_NUMBER})", match[1])
        found.append({name: _finite(value) for name, value in pairs})
    return found


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ToolError(
            f"the tool must print finite numbers. Received: {text!r}"
        )
    return value


def kind(stdout: str, stderr: str) -> str | None:
    """Which program answered: `classic`, `litert` or None."""
    text = stdout + "\n" + stderr
    if "BENCHMARK RESULTS" in text:
        return "litert"
    if "Inference timings in us" in text:
        return "classic"
    return None


def _labels(text: str) -> dict[str, float]:
    """The LiteRT tool's block: label to number, in the printed unit."""
    labels = {}
    for line in text.splitlines():
        match = re.match(
            _PREFIX + rf"([A-Z][\w ]*(?:\([a-z0-9]+\))?):\s+({_NUMBER})\b",
            line.strip(),
        )
        if match:
            labels[match[1]] = _finite(match[2])
        runs = re.search(r"Inference \(avg\):.*\((\d+) runs\)", line)
        if runs:
            labels["runs"] = _finite(runs[1])
    return labels


def _timings(text: str) -> dict[str, float]:
    match = re.search(r"Inference timings in us: (.*)$", text, re.MULTILINE)
    if not match:
        return {}
    pairs = re.findall(rf"([A-Z][\w ()]*?): ({_NUMBER})", match[1])
    return {name: _finite(value) for name, value in pairs}


def latency(stdout: str, stderr: str) -> Latency:
    """Latency of the measured runs, from either program's text.

    Raises:
        ToolError: the text is cut off or holds no measured run.
    """
    text = stdout + "\n" + stderr
    found = counts(text)
    timings = _timings(text)
    labels = _labels(text)
    if len(found) >= 2 and found[-1].get("count", 0) > 0:
        measured = found[-1]
        init = timings.get("Init")
        if init is None and "Model initialization" in labels:
            init = 1000 * labels["Model initialization"]
        if init is None and "BENCHMARK RESULTS" not in text:
            raise ToolError(
                "the tool's output must end with its results. Received: "
                "output that stops after the `count=` lines"
            )
        return Latency(
            num_runs=int(measured["count"]),
            mean_us=measured.get("avg", measured.get("curr", math.nan)),
            median_us=measured.get("median"),
            p5_us=measured.get("p5"),
            p95_us=measured.get("p95"),
            min_us=measured.get("min", measured.get("curr")),
            max_us=measured.get("max", measured.get("curr")),
            std_us=measured.get("std"),
            first_us=found[0].get("first", found[0].get("curr")),
            init_us=init,
            warmup_us=timings.get("Warmup (avg)", found[0].get("avg")),
            source="count",
        )
    if "Inference (avg)" in timings:
        return Latency(
            num_runs=int(found[-1].get("count", 0)) if found else 0,
            mean_us=timings["Inference (avg)"],
            first_us=timings.get("First inference"),
            init_us=timings.get("Init"),
            warmup_us=timings.get("Warmup (avg)"),
            source="timings",
        )
    if labels.get("runs") and "Inference (avg)" in labels:
        scaled = {name: 1000 * value for name, value in labels.items()}
        return Latency(
            num_runs=int(labels["runs"]),
            mean_us=scaled["Inference (avg)"],
            median_us=scaled.get("Inference (median)"),
            p5_us=scaled.get("Inference (p5)"),
            p95_us=scaled.get("Inference (p95)"),
            min_us=scaled.get("Inference (min)"),
            max_us=scaled.get("Inference (max)"),
            std_us=scaled.get("Inference (std)"),
            first_us=scaled.get("Warmup (first)"),
            init_us=scaled.get("Model initialization"),
            warmup_us=scaled.get("Warmup (avg)"),
            source="labels",
        )
    raise ToolError(
        "the tool's output must hold two `count=` lines or a result block. "
        f"Received: {len(found)} `count=` lines, "
        f"{len(text.splitlines())} lines in all"
    )


def memory(stdout: str, stderr: str) -> dict[str, float]:
    """Memory in MB: `init`, `overall` (deltas) and `peak`, where printed."""
    text = stdout + "\n" + stderr
    result = {}
    delta = re.search(
        rf"Memory footprint delta from the start of the tool \(MB\): "
        rf"init=({_NUMBER}) overall=({_NUMBER})",
        text,
    )
    if delta:
        result = {"init_mb": _finite(delta[1]), "overall_mb": _finite(delta[2])}
    peak = re.search(
        rf"Overall peak memory footprint \(MB\)[^:]*: ({_NUMBER})", text
    )
    if peak:
        result["peak_mb"] = _finite(peak[1])
    names = {
        "Init footprint": "init_mb",
        "Overall footprint": "overall_mb",
        "Peak memory": "peak_mb",
    }
    for label, value in _labels(text).items():
        if label in names:
            result[names[label]] = value
    return result


def unconsumed(text: str) -> str | None:
    """The flags the tool did not know, or None."""
    match = re.search(r"Unconsumed cmdline flags: *(.*)$", text, re.MULTILINE)
    return match[1].strip() if match else None


def flags(text: str) -> frozenset[str]:
    """Names of the flags in the tool's `--help`."""
    return frozenset(
        re.findall(
            r"^\s+--(\w+)=.*\t(?:bool|int32|int64|float|string)\t",
            text,
            re.MULTILINE,
        )
    )


def delegation(text: str) -> list[Delegation]:
    """What was said about delegates, in the order it was said."""
    found = []
    for line in text.splitlines():
        match = re.search(
            r"(\w+) delegate(?: is explicitly applied)?, and the model graph "
            r"will be (completely|partially) executed",
            line,
        )
        if match:
            extent = "full" if match[2] == "completely" else "partial"
            found.append(Delegation(match[1], extent, line.strip()))
            continue
        match = re.search(
            r"Though (\w+) delegate is (?:explicitly )?applied, the model "
            r"graph will not be executed",
            line,
        )
        if match:
            found.append(Delegation(match[1], "none", line.strip()))
            continue
        match = re.search(
            r"Replacing (\d+) out of (\d+) node\(s\) with delegate \((\w+)\)",
            line,
        )
        if match:
            taken, total = int(match[1]), int(match[2])
            extent = "full" if taken == total else "partial"
            if not taken:
                extent = "none"
            found.append(Delegation(match[3], extent, line.strip()))
    return found


def taken(text: str) -> list[int] | None:
    """How many operators the delegates took, and of how many.

    Each delegate tells it once a subgraph, of the operators that are left.
    """
    found = re.findall(
        r"Replacing (\d+) out of (\d+) node\(s\) with delegate", text
    ) or re.findall(r"(\d+) nodes delegated out of (\d+) nodes", text)
    if not found:
        return None
    numbers = [(int(number), int(total)) for number, total in found]
    return [sum(n for n, _ in numbers), max(n for _, n in numbers)]


def gpu_api(text: str) -> str | None:
    """The interface that a GPU delegate ran on: `OpenCL` or `OpenGL`."""
    said = re.findall(r"Initialized (OpenCL|OpenGL)-based API", text)
    return said[-1] if said else None
