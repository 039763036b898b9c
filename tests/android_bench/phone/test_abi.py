import pathlib
import struct
import sys

import pytest

from android_bench.errors import BenchError
from android_bench.phone import abi


def elf(path, machine, order="<"):
    ident = b"\x7fELF\x02" + (b"\x01" if order == "<" else b"\x02") + bytes(10)
    path.write_bytes(ident + struct.pack(f"{order}HH", 3, machine) + bytes(44))
    return path


@pytest.mark.parametrize(
    "machine, order, name",
    [
        (0xB7, "<", "arm64-v8a"),
        (0x28, "<", "armeabi-v7a"),
        (0x28, ">", "armeabi-v7a"),
        (0x3E, "<", "x86_64"),
        (164, "<", None),  # Hexagon: a library that the DSP loads.
    ],
)
def test_abi_is_read_from_the_head(tmp_path, machine, order, name):
    assert abi.of_file(elf(tmp_path / "f", machine, order)) == name


def test_this_interpreter_is_an_elf_and_a_script_is_none(tmp_path):
    if sys.platform == "linux":
        assert abi.of_file(pathlib.Path(sys.executable)) is not None
    script = tmp_path / "s"
    script.write_text("#!/bin/sh\n")
    assert abi.of_file(script) is None


def test_a_tool_for_another_processor_is_refused(tmp_path):
    tool = elf(tmp_path / "benchmark_model", 0x3E)
    phone = ("arm64-v8a", "armeabi-v7a")
    with pytest.raises(BenchError, match="arm64-v8a or armeabi.*for x86_64"):
        abi.check(tool, "tool", phone)
    abi.check(elf(tmp_path / "b", 0x28), "tool", phone)
    abi.check(tool, "tool", ())
