"""Counts the instructions that a flatbuffer's inference executes on a core.

A count is no time: it knows neither caches nor pipelines. It says what an
x86-64 machine hides: how well a network's shapes fit registers of four lanes.
"""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np

from arm import user_space

_HERE = pathlib.Path(__file__).parent
_MARK = "COUNTS"
# One inference of a 128 x 128 tile takes seconds; a minute is another fault.
_SECONDS_EACH = 120


@dataclasses.dataclass(frozen=True)
class Count:
    """One inference of one flatbuffer.

    Attributes:
        instructions: by class, see `count_instructions.c`; `"total"` is all.
        delegate_nodes: of XNNPACK; 1 if it runs the whole graph.
        output: what the flatbuffer gave.
    """

    instructions: dict[str, int]
    delegate_nodes: int
    output: np.ndarray


def count(
    space: user_space.UserSpace,
    core: str,
    flatbuffers: list[bytes],
    inputs: list[dict[str, np.ndarray]],
) -> list[Count]:
    """Runs flatbuffers on an emulated core and counts.

    Args:
        space: a finished user space.
        core: one of `user_space.CORES`.
        flatbuffers: contents of `.tflite` files.
        inputs: of each flatbuffer, by a part of the tensor's name.

    Raises:
        BuildError: there is no compiler, or the emulated run failed.
    """
    plugin = _plugin(space)
    with tempfile.TemporaryDirectory(prefix="fanet-arm-") as folder:
        folder = pathlib.Path(folder)
        jobs = []
        for index, (content, values) in enumerate(
            zip(flatbuffers, inputs, strict=True)
        ):
            model = folder / f"{index}.tflite"
            model.write_bytes(content)
            np.savez(folder / f"{index}.npz", **values)
            values = str(folder / f"{index}.npz")
            jobs.append([str(model), values, "xnnpack"])
        (folder / "jobs.json").write_text(json.dumps(jobs))
        result = subprocess.run(
            space.command(
                core,
                _HERE / "guest.py",
                folder / "jobs.json",
                folder,
                plugin=plugin,
            ),
            capture_output=True,
            text=True,
            timeout=60 + _SECONDS_EACH * len(jobs),
            check=False,
        )
        marks = [
            _counters(line)
            for line in result.stderr.splitlines()
            if line.startswith(_MARK)
        ]
        # The emulator may segfault after its work is done; what counts is
        # whether every job has reported.
        if len(marks) != 2 * len(jobs):
            said = " ".join(result.stderr.split())
            raise user_space.BuildError(
                f"{core}: job {len(marks) // 2} failed under emulation: "
                f"{said[-300:]}"
            )
        records = [json.loads(line) for line in result.stdout.splitlines()]
        return [
            Count(
                {
                    name: value - marks[2 * index][name]
                    for name, value in marks[2 * index + 1].items()
                },
                records[index]["delegate_nodes"],
                np.load(folder / f"{index}.npy"),
            )
            for index in range(len(jobs))
        ]


def _counters(line) -> dict[str, int]:
    pairs = (field.split("=") for field in line.split()[1:])
    return {name: int(value) for name, value in pairs}


def _plugin(space) -> pathlib.Path:
    """Compiles the plugin when its source is newer."""
    source = _HERE / "count_instructions.c"
    plugin = space.root / "count_instructions.so"
    if (
        plugin.is_file()
        and plugin.stat().st_mtime_ns > source.stat().st_mtime_ns
    ):
        return plugin
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise user_space.BuildError(
            "gcc or clang must be installed to compile the counting plugin."
        )
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-o", plugin, source], check=True
    )
    return plugin
