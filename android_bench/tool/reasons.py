"""Finds the line of a log that says why a run of the tool is no measurement.

A tool, the phone's shell, its linker and the drivers all write into one log,
and the last word is rarely the cause: `Benchmarking failed.` follows a library
that could not be opened. The causes are listed from what stops a program to
what makes it slow; the first that the log holds decides.
"""

import dataclasses
import re
import signal


@dataclasses.dataclass(frozen=True)
class Cause:
    """Why a run failed.

    Attributes:
        line: the deciding line of the log, without its level and place.
        meaning: what it means and how to mend it; empty where unknown.
    """

    line: str
    meaning: str = ""


_OTHER_ABI = "it is built for another ABI than the phone's"
_NO_FILE = (
    "it, its dynamic linker or `taskset` is missing (--affinity=all does "
    "without taskset)"
)
_HEXAGON = (
    "the Hexagon libraries (libhexagon_interface.so, libhexagon_nn_skel.so) "
    "are missing, or not for this chip"
)
_NO_LIBRARY = (
    "a library is missing on the phone or hidden from its shell; --libraries "
    "sends files along"
)
_MEMORY = "the phone ran out of memory"
_NO_OPERATOR = "the tool lacks an operator of the model: take a newer one"
_NO_OPENCL = "the phone's shell has no OpenCL, so the GPU fell back to OpenGL"
_CAUSES = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        (r"CANNOT LINK EXECUTABLE", _NO_LIBRARY),
        (
            r"position[ -]independent executables|unexpected e_type",
            "Android runs only position independent executables: build the "
            "tool with -fPIE -pie",
        ),
        (r"not executable: (\d+-bit|magic)|exec format error", _OTHER_ABI),
        (r"cannot execute binary file|unexpected e_machine", _OTHER_ABI),
        (r"bad ELF magic|is (64|32)-bit instead of", _OTHER_ABI),
        (r"^\S+: .*syntax error: .*unexpected", _OTHER_ABI),
        (
            r"^\S*(sh|env|taskset|setsid): .*permission denied|can't execute",
            "the phone's shell may not run it: its folder is mounted noexec, "
            "or a policy forbids it",
        ),
        (r"^\S*sh: .*(no such file|not found)", _NO_FILE),
        (r"^(env|taskset|setsid): .*(no such file|not found)", _NO_FILE),
        (r"text file busy", "another process still writes or runs it"),
        (r"bad_alloc|out of memory|cannot allocate memory", _MEMORY),
        (r"not enough memory|failed to allocate \d", _MEMORY),
        (
            r"no usable dispatch runtime|no dispatch library found"
            r"|unsupported dispatch runtime",
            "LiteRT found no dispatch library for this phone's NPU",
        ),
        (r"could not create hexagon|hexagon_nn_\w+ failed", _HEXAGON),
        (r"failed to fetch hexagon", _HEXAGON),
        (r"dlopen failed: (?!.*libOpenCL)", _NO_LIBRARY),
        (r"^(?!.*libOpenCL).*cannot open shared object file", _NO_LIBRARY),
        (r"(unable to|failed to|could not) load .*delegate", _NO_LIBRARY),
        (
            r"OpenGL ES 3\.1 or above is required",
            "the phone's shell has no OpenCL, and its GPU no OpenGL ES 3.1",
        ),
        (r"can ?not open OpenCL library", _NO_OPENCL),
        (r"didn't find op for builtin|unresolved custom op", _NO_OPERATOR),
        (r"op builtin_code out of range", _NO_OPERATOR),
        (r"regular tensorflow ops are not supported", _NO_OPERATOR),
        (
            r"could not open '|failed to load model|mmap of .* failed",
            "the tool could not read the model",
        ),
        (r"\b0 nodes delegated out of", "the delegate took no operator"),
    )
)
# What a tool says of every failure.
_GENERAL = re.compile(
    r"benchmarking failed|failed to apply|restored original execution plan"
    r"|falling back|failed to compile model|delegate (kernel )?(is|was) not "
    r"initialized|failed to prepare|failed to initialize",
    re.IGNORECASE,
)
_LEVEL = re.compile(
    r"^(?:(?:INFO|WARN|WARNING|ERROR|FATAL|VERBOSE):\s*)*(?:\[[^\]]*:\d+\]\s*)?"
)
_SIGNALS = {
    signal.SIGILL: "it used an instruction that this CPU lacks",
    signal.SIGTRAP: "a check of its own failed",
    signal.SIGABRT: "it aborted: an input of the wrong size, or a failed check",
    signal.SIGBUS: "it read memory that is not there, of a cut file perhaps",
    signal.SIGFPE: "it divided by zero",
    signal.SIGKILL: "it was killed: out of memory, or by the system",
    signal.SIGSEGV: "it crashed",
    signal.SIGSYS: "Android forbids a system call that it makes",
}
_EXITS = {126: "the phone's shell may not run it", 127: _NO_FILE}
_MOST_CHARACTERS = 200
_MOST_OPERATORS = 3


def deciding(text: str) -> Cause | None:
    """Returns the cause that a log names; None where it names none."""
    lines = [_LEVEL.sub("", line.strip()) for line in text.splitlines()]
    for pattern, meaning in _CAUSES:
        for line in lines:
            if pattern.search(line):
                return Cause(line[:_MOST_CHARACTERS], meaning)
    refused = unsupported(text)
    if refused:
        return refused
    errors = [
        _LEVEL.sub("", line.strip())
        for line in text.splitlines()
        if re.match(r"\s*(ERROR|FATAL|Fatal)\b", line)
    ]
    own = [line for line in errors if line and not _GENERAL.search(line)]
    for line in own or errors:
        return Cause(line[:_MOST_CHARACTERS])
    return None


def unsupported(text: str) -> Cause | None:
    """Returns the operators that the GPU delegate listed as its refusals."""
    found = re.search(
        r"operations are not supported by \w+ delegate:\n((?:[A-Z]\w*:.*\n)+)",
        text,
    )
    if not found:
        return None
    lines = [line.strip() for line in found[1].splitlines()]
    said = [line for line in lines if not line.endswith(":")] or lines
    listed = "; ".join(said[:_MOST_OPERATORS])
    return Cause(listed, "the delegate does not support every operator")


def of_exit(code: int) -> str:
    """Says what an exit code of the tool means."""
    if code in _EXITS:
        return _EXITS[code]
    try:
        number = signal.Signals(code - 128)
    except ValueError:
        return "it failed"
    return _SIGNALS.get(number, "a signal ended it")


def named(code: int) -> str:
    """Returns an exit code with the name of the signal in it."""
    try:
        return f"code {code} ({signal.Signals(code - 128).name})"
    except ValueError:
        return f"code {code}"
