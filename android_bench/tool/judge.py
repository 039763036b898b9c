"""Judges what a finished process of the tool left; pure functions."""

import dataclasses
import re

from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.errors import ToolError
from android_bench.phone.adb import Shell
from android_bench.tool import operators
from android_bench.tool import parse
from android_bench.tool import reasons
from android_bench.tool import verify

# How tools printed their result before 2020. They cannot be fed files and know
# no XNNPACK, so nothing they print can be checked.
_OF_2019 = re.compile(r"^.*Average inference timings in us: .*$", re.MULTILINE)


def latency(
    result: Shell, kind: str, delegate: str, opengl: bool = False
) -> parse.Latency:
    """Latency of a process that did what it was asked for.

    Args:
        result: how it ended and what it printed.
        kind: of the tool, `classic` or `litert`.
        delegate: who was asked to execute.
        opengl: whether a GPU may run OpenGL, because it was asked for.

    Raises:
        ToolError: it failed, did not know a flag, stopped in mid-sentence,
            or somebody else executed the graph.
    """
    text = result.stdout + "\n" + result.stderr
    if result.code:
        raise ToolError(_failed(result.code, text))
    unknown = parse.unconsumed(text)
    if unknown:
        raise ToolError(
            f"the tool must know every flag. Received: unknown {unknown}"
        )
    old = _OF_2019.search(text)
    if old:
        raise ToolError(
            "the tool must be of 2020 or newer. Received: the output of 2019, "
            f"{old[0].strip()!r}"
        )
    answered = parse.kind(result.stdout, result.stderr)
    try:
        found = parse.latency(result.stdout, result.stderr)
    except ToolError as error:
        cause = reasons.deciding(text)
        raise ToolError(_with(str(error), cause)) from None
    if answered not in (None, kind):
        raise ToolError(
            f"the tool must be the {kind} one. Received: output of the "
            f"{answered} one"
        )
    wrong = verify.executed(delegate, parse.delegation(text), kind)
    if wrong:
        cause = reasons.unsupported(text) or reasons.deciding(text)
        raise ToolError(_with(wrong, cause))
    if parse.gpu_api(text) == "OpenGL" and not opengl:
        raise ToolError(
            _with(
                f"asked for {delegate} in OpenCL, OpenGL ran "
                "(--tool_flags=--gpu_backend=gl measures OpenGL)",
                reasons.deciding(text),
            )
        )
    return found


def check_starts(result: Shell) -> None:
    """Refuses a tool that cannot even print its help on the phone.

    Raises:
        BenchError: the phone's shell or linker will not run it; every row
            would fail alike.
    """
    text = result.stdout + "\n" + result.stderr
    if result.code in (126, 127) or (
        result.code > 128 and not parse.flags(text)
    ):
        raise BenchError(_failed(result.code, text))


def _failed(code: int, text: str) -> str:
    cause = reasons.deciding(text)
    meaning = cause.meaning if cause else ""
    said = cause.line if cause else "nothing about it"
    return (
        f"the tool must exit 0; {meaning or reasons.of_exit(code)}. "
        f"Received: {reasons.named(code)}, {said}"
    )


def _with(message: str, cause: reasons.Cause | None) -> str:
    """Adds what the log says to a message."""
    if cause is None or cause.line in message:
        return message
    meaning = f" ({cause.meaning})" if cause.meaning else ""
    return f"{message}; the log says {cause.line!r}{meaning}"


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


def profile(text: str, kind: str) -> dict[str, list]:
    """Operators of a run, and those that a delegate lists of its inside.

    LiteRT's tool lists none that can be read.
    """
    if kind != "classic":
        return {"profile": []}
    found = {"profile": operators.profile(text)}
    if not found["profile"]:
        raise ToolError("the profile pass must list operators. Received: none")
    inside = operators.inside(text)
    return {**found, **({"inside": inside} if inside else {})}


def executors(text: str) -> dict[str, object]:
    """What the tool says of who executed, beside the delegate's name.

    Returns:
        `gpu_api`: `OpenCL` or `OpenGL`; `delegated`: how many operators the
        delegates took, and of how many. Missing where the tool does not say.
    """
    fields = {"gpu_api": parse.gpu_api(text), "delegated": parse.taken(text)}
    return {name: value for name, value in fields.items() if value}


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
            f"{own.limits}. Received: {own.difference}"
        )
    try:
        output = verify.from_bytes(data, host)
    except BenchError as error:
        raise ToolError(str(error)) from None
    found = verify.compare(output, host, delegate)
    if not found.passed:
        raise ToolError(
            f"the output must be that of this machine within {found.limits}. "
            f"Received: {found.difference}"
        )
    return found.record()
