"""Judges what a finished process of the tool left; pure functions."""

import dataclasses

from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.errors import ToolError
from android_bench.phone.adb import Shell
from android_bench.tool import parse
from android_bench.tool import verify

_EXITS = {
    134: "it aborted (SIGABRT): an input of the wrong size, or a failed check",
    137: "it was killed (SIGKILL): out of memory, or by the system",
    139: "it crashed (SIGSEGV)",
    127: "it, taskset (--affinity=all does without) or a library is missing",
    126: "it is not executable on this ABI",
}


def latency(result: Shell, kind: str, delegate: str) -> parse.Latency:
    """Latency of a process that did what it was asked for.

    Args:
        result: how it ended and what it printed.
        kind: of the tool, `classic` or `litert`.
        delegate: who was asked to execute.

    Raises:
        ToolError: it failed, did not know a flag, stopped in mid-sentence,
            or somebody else executed the graph.
    """
    text = result.stdout + "\n" + result.stderr
    if result.code:
        errors = [
            line.strip()
            for line in text.splitlines()
            if line.startswith(("ERROR", "FATAL", "CANNOT", "Fatal"))
        ]
        said = errors[0] if errors else "nothing about it"
        why = _EXITS.get(result.code, "it failed")
        raise ToolError(
            f"the tool must exit 0; {why}. Received: code {result.code}, {said}"
        )
    unknown = parse.unconsumed(text)
    if unknown:
        raise ToolError(
            f"the tool must know every flag. Received: unknown {unknown}"
        )
    answered = parse.kind(result.stdout, result.stderr)
    found = parse.latency(result.stdout, result.stderr)
    if answered not in (None, kind):
        raise ToolError(
            f"the tool must be the {kind} one. Received: output of the "
            f"{answered} one"
        )
    wrong = verify.executed(delegate, parse.delegation(text), kind)
    if wrong:
        raise ToolError(wrong)
    return found


def latency_record(latency: parse.Latency) -> dict:
    """For the results; builds from before percentiles have the mean only."""
    record = dataclasses.asdict(latency)
    if latency.median_us is None:
        record["median_us"] = latency.mean_us
        record["source"] += ", mean for median"
    return record


def memory(result: Shell) -> dict[str, float]:
    """Memory in MB, by name."""
    found = parse.memory(result.stdout, result.stderr)
    if not found:
        raise ToolError(
            "the memory pass must print a footprint. Received: none"
        )
    return found


def profile(text: str, kind: str) -> list[dict[str, str]]:
    """Operators of a run; LiteRT's tool lists none that can be read."""
    rows = parse.profile(text) if kind == "classic" else []
    if not rows and kind == "classic":
        raise ToolError("the profile pass must list operators. Received: none")
    return rows


def check(
    data: bytes, model: Model, host: verify.Reference, delegate: str
) -> dict:
    """Compares a dump with this machine's output, and that with the bundle's.

    Raises:
        ToolError: one of the two differs by more than it may.
    """
    own = verify.golden(model, host)
    if own is not None and not own.passed:
        raise ToolError(
            "this machine must give the bundle's golden output within "
            f"{own.limit:g} {own.unit}. Received: {own.error:.3g}"
        )
    try:
        output = verify.from_bytes(data, host)
    except BenchError as error:
        raise ToolError(str(error)) from None
    found = verify.compare(output, host, delegate)
    if not found.passed:
        raise ToolError(
            f"the output must be within {found.limit:g} {found.unit} of this "
            f"machine's. Received: {found.error:.3g}"
        )
    return dataclasses.asdict(found)
