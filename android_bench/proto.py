"""Reads the result file of `--result_file_path` without protobuf.

The message is `tflite.tools.benchmark.BenchmarkResult` (proto2): a name, then
latency in milliseconds, memory and miscellany, each a message of scalars.
"""

import struct

from android_bench.errors import ToolError
from android_bench.parse import Latency

_LATENCY = (
    "avg min max stddev median p5 p95 init first_inference average_warm_up"
).split()


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a varint must end within ten bytes")


def fields(data: bytes) -> dict[int, float | int | bytes]:
    """Field number to value; the last one wins, as in proto2."""
    found = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 1:
            (value,) = struct.unpack_from("<d", data, at)
            at += 8
        elif wire == 2:
            length, at = _varint(data, at)
            value = data[at : at + length]
            if len(value) != length:
                raise ValueError("a field must hold its length in bytes")
            at += length
        elif wire == 5:
            (value,) = struct.unpack_from("<f", data, at)
            at += 4
        else:
            raise ValueError(f"unknown wire type {wire}")
        found[number] = value
    return found


def result(data: bytes) -> tuple[Latency, dict[str, float]]:
    """Latency and memory in a result file.

    Raises:
        ToolError: the bytes are cut off or hold no measured run.
    """
    try:
        outer = fields(data)
        latency = {
            _LATENCY[number - 1]: value
            for number, value in fields(outer[2]).items()
            if number <= len(_LATENCY)
        }
        kilobytes = fields(outer.get(3, b""))
        misc = fields(outer.get(4, b""))
    except (ValueError, IndexError, KeyError, TypeError, struct.error):
        raise ToolError(
            "a result file must hold a whole BenchmarkResult. Received: "
            f"{len(data)} bytes that do not"
        ) from None
    if not misc.get(2) or "avg" not in latency:
        raise ToolError(
            "a result file must hold at least one measured run. Received: "
            f"num_runs={misc.get(2)}"
        )

    def us(name: str) -> float | None:
        return 1000 * latency[name] if name in latency else None

    memory = {}
    for number, name in ((1, "init_mb"), (2, "overall_mb")):
        if number in kilobytes:
            memory[name] = kilobytes[number] / 1024
    if kilobytes.get(3):
        memory["peak_mb"] = kilobytes[3]
    return (
        Latency(
            num_runs=int(misc[2]),
            mean_us=us("avg"),
            median_us=us("median"),
            p5_us=us("p5"),
            p95_us=us("p95"),
            min_us=us("min"),
            max_us=us("max"),
            std_us=us("stddev"),
            first_us=us("first_inference"),
            init_us=us("init"),
            warmup_us=us("average_warm_up"),
            source="proto",
        ),
        memory,
    )
