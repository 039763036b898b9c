"""What the flags of `fanet-bench` must hold; plain values in and out."""

import pathlib

from android_bench import plan
from android_bench.errors import BenchError
from android_bench.targets import host
from android_bench.tool import tool as tools


def threads(words: list[str]) -> list[int]:
    """Returns numbers of threads, each once."""
    if not all(word.isdigit() and int(word) for word in words):
        raise BenchError(
            "`--threads` must be positive whole numbers. "
            f"Received: {','.join(words)!r}"
        )
    return list(dict.fromkeys(int(word) for word in words))


def frame_size(text: str) -> tuple[int, int]:
    """Returns height and width in packed pixels, of HEIGHTxWIDTH in RAW."""
    words = text.split("x")
    if len(words) != 2 or not all(w.isdigit() and int(w) > 1 for w in words):
        raise BenchError(
            "`--frame_size` must be HEIGHTxWIDTH in RAW pixels. "
            f"Received: {text!r}"
        )
    return int(words[0]) // 2, int(words[1]) // 2


def affinity(text: str) -> str:
    """Returns `big`, `all` or a mask as taskset takes it."""
    try:
        if text not in ("big", "all") and int(text, 16) < 1:
            raise ValueError
    except ValueError:
        raise BenchError(
            "`--affinity` must be big, all or a mask in hexadecimal. "
            f"Received: {text!r}"
        ) from None
    return text.removeprefix("0x")


def files(names: list[str], flag: str) -> tuple[pathlib.Path, ...]:
    """Returns the paths that a flag names; they must be there."""
    for name in names:
        if not pathlib.Path(name).is_file():
            raise BenchError(f"`--{flag}` must name files. Received: {name!r}")
    return tuple(pathlib.Path(name) for name in names)


def passes(chosen: list[str] | None, on_host: bool) -> list[str]:
    """Returns the passes of a run, all that there are where none is named."""
    there = host.PASSES if on_host else plan.PASSES
    chosen = chosen or list(there)
    missing = [name for name in chosen if name not in there]
    if missing:
        raise BenchError(
            f"`--passes` must be among {', '.join(there)} here. "
            f"Received: {', '.join(missing)}"
        )
    return chosen


def check_host_delegates(delegates: list[str]) -> None:
    """Refuses delegates that this machine does not have."""
    wrong = [name for name in delegates if name not in host.DELEGATES]
    if wrong:
        raise BenchError(
            "`--delegates` must be cpu with --host. "
            f"Received: {', '.join(wrong)}"
        )


def tool(path, kind, delegates, npu_library) -> tools.Tool:
    """Returns the phone's benchmark tool, able to run the delegates."""
    if not path:
        raise BenchError(
            "`--tool` must name a benchmark_model for the phone "
            "(docs/bench.md says where to get it), or use --host. "
            "Received: neither"
        )
    found = tools.identify(pathlib.Path(path), kind)
    for delegate in delegates:
        tools.delegate_flags(found.kind, delegate, npu_library)
    return found
