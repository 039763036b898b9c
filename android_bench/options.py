"""What the flags of `fanet-bench` must hold; plain values in and out."""

import pathlib
import re

from android_bench import plan
from android_bench.errors import BenchError
from android_bench.phone import cores
from android_bench.targets import host
from android_bench.tool import tool as tools

ON_DEVICE = "device:"


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


def affinities(words: list[str]) -> list[str]:
    """Returns words of `cores.WORDS`, or masks as taskset takes them."""
    for word in words or [""]:
        mask = re.fullmatch(r"(0x)?0*[1-9a-fA-F][0-9a-fA-F]*", word)
        if word not in cores.WORDS and not mask:
            raise BenchError(
                f"`--affinity` must be among {', '.join(cores.WORDS)} or a "
                f"mask in hexadecimal. Received: {word!r}"
            )
    return list(dict.fromkeys(word.removeprefix("0x") for word in words))


def files(names: list[str], flag: str) -> tuple[pathlib.Path, ...]:
    """Returns the files that a flag names; a folder stands for its files.

    They lie in one folder on the phone, so no two may have the same name.
    """
    found = []
    for path in map(pathlib.Path, names):
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files = [file for file in inside if file.is_file()]
        if not files:
            raise BenchError(
                f"`--{flag}` must name files. Received: {str(path)!r}"
            )
        found += files
    base = [path.name for path in found]
    twice = sorted({name for name in base if base.count(name) > 1})
    if twice:
        raise BenchError(
            f"`--{flag}` must name each file once. Received: "
            f"{', '.join(twice)} twice"
        )
    return tuple(found)


def npu_library(name: str | None) -> pathlib.Path | str | None:
    """Returns a file here, or a path on the phone (`device:/vendor/...`)."""
    if name and name.startswith(ON_DEVICE):
        path = name.removeprefix(ON_DEVICE)
        if not re.fullmatch(r"/[\w./+-]+", path):
            raise BenchError(
                f"`--npu_library={ON_DEVICE}...` must be a whole path on the "
                f"phone. Received: {path!r}"
            )
        return path
    return files([name], "npu_library")[0] if name else None


def environment(words: list[str]) -> tuple[tuple[str, str], ...]:
    """Returns names and values of `NAME=VALUE`; the tool gets them."""
    pairs = []
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise BenchError(
                f"`--environment` must be NAME=VALUE. Received: {word!r}"
            )
        pairs.append((name, value))
    return tuple(pairs)


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


def check_host_sustain(seconds: float) -> None:
    """Refuses sustained runs of this machine, which nothing cools before."""
    if seconds:
        raise BenchError(
            f"`--sustain` must go with a phone. Received: {seconds:g} with "
            "--host"
        )


def tool(
    path: str | None,
    kind: str,
    delegates: list[str],
    library: str | None,
    npu_options: str,
) -> tools.Tool:
    """Returns the phone's benchmark tool, able to run the delegates."""
    if not path:
        raise BenchError(
            "`--tool` must name a benchmark_model for the phone "
            "(docs/bench.md says where to get it), or use --host. "
            "Received: neither"
        )
    found = tools.identify(pathlib.Path(path), kind)
    for delegate in delegates:
        tools.delegate_flags(found.kind, delegate, library, npu_options)
    return found
