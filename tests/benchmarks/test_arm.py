"""Laws of counting instructions on ARM cores."""

import json
import shutil
import subprocess

import pytest
from helpers import ROOT

from arm import user_space
from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.models import cost_table
from fanet_tf.models import instruction_counts

# Assembled with `llvm-mc -triple=aarch64 -show-encoding`.
_INSTRUCTIONS = {
    "fmla v0.4s, v1.4s, v2.4s": (0x4E22CC20, "fp32_mac"),
    "fmls v0.4s, v1.4s, v2.4s": (0x4EA2CC20, "fp32_mac"),
    "fmla v0.4s, v1.4s, v2.s[1]": (0x4FA21020, "fp32_mac"),
    "fmla v0.2d, v1.2d, v2.2d": (0x4E62CC20, "simd_other"),
    "fmla v0.8h, v1.8h, v2.8h": (0x4E420C20, "fp16_mac"),
    "fmla v0.8h, v1.8h, v2.h[1]": (0x4F121020, "fp16_mac"),
    "sdot v0.4s, v1.16b, v2.16b": (0x4E829420, "int8_dot"),
    "udot v0.4s, v1.16b, v2.16b": (0x6E829420, "int8_dot"),
    "sdot v0.4s, v1.16b, v2.4b[1]": (0x4FA2E020, "int8_dot"),
    "smmla v0.4s, v1.16b, v2.16b": (0x4E82A420, "int8_matmul"),
    "smlal v0.4s, v1.4h, v2.4h": (0x0E628020, "int_mac"),
    "smlal2 v0.4s, v1.8h, v2.h[3]": (0x4F722020, "int_mac"),
    "smull v0.8h, v1.8b, v2.8b": (0x0E22C020, "int_mac"),
    "fcvtn v0.4h, v1.4s": (0x0E216820, "fp16_convert"),
    "fcvtl v0.4s, v1.4h": (0x0E217820, "fp16_convert"),
    "fcvtn v0.2s, v1.2d": (0x0E616820, "simd_other"),
    "fadd v0.8h, v1.8h, v2.8h": (0x4E421420, "fp16_other"),
    "fabs v0.8h, v1.8h": (0x4EF8F820, "fp16_other"),
    "fadd v0.4s, v1.4s, v2.4s": (0x4E22D420, "simd_other"),
    "fmul v0.4s, v1.4s, v2.4s": (0x6E22DC20, "simd_other"),
    "dup v0.4s, v1.s[0]": (0x4E040420, "simd_other"),
    "ldr q0, [x0]": (0x3DC00000, "simd_load"),
    "ldp q0, q1, [x0], #32": (0xACC10400, "simd_load"),
    "ld1 {v0.4s}, [x0], #16": (0x4CDF7800, "simd_load"),
    "ld1r {v0.4s}, [x0]": (0x4D40C800, "simd_load"),
    "ldr s0, [x0], #4": (0xBC404400, "simd_load"),
    "str q0, [x0]": (0x3D800000, "simd_store"),
    "stp q0, q1, [x0]": (0xAD000400, "simd_store"),
    "st1 {v0.4s}, [x0]": (0x4C007800, "simd_store"),
    "ldr x0, [x1]": (0xF9400020, "load_store"),
    "str x0, [x1]": (0xF9000020, "load_store"),
    "ldp x0, x1, [x2]": (0xA9400440, "load_store"),
    "add x0, x1, x2": (0x8B020020, "total"),
    "b.ne #-4": (0x54FFFFE1, "total"),
    "subs x0, x0, #1": (0xF1000400, "total"),
}
# The emulator's side of the interface, which nothing calls here.
_HARNESS = """
#include <stdlib.h>
#include "count_instructions.c"
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t i, translated f)
  { (void)i, (void)f; }
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t i, called f)
  { (void)i, (void)f; }
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *b)
  { (void)b; return 0; }
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb *b, size_t k) { (void)b, (void)k; return 0; }
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *n)
  { return n; }
void qemu_plugin_register_vcpu_tb_exec_inline(
    struct qemu_plugin_tb *b, int o, void *p, uint64_t n)
  { (void)b, (void)o, (void)p, (void)n; }
int main(int argc, char **argv) {
  for (int k = 1; k < argc; k++)
    puts(names[class_of(strtoul(argv[k], 0, 16))]);
}
"""


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_the_plugin_knows_the_class_of_an_instruction(tmp_path):
    (tmp_path / "harness.c").write_text(_HARNESS)
    subprocess.run(
        ["gcc", "-Wall", "-Werror", f"-I{ROOT}/benchmarks/arm", "harness.c"],
        cwd=tmp_path,
        check=True,
    )
    words = [f"{word:08x}" for word, _ in _INSTRUCTIONS.values()]
    said = subprocess.run(
        ["./a.out", *words],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    expected = [name for _, name in _INSTRUCTIONS.values()]
    assert dict(zip(_INSTRUCTIONS, said, strict=True)) == dict(
        zip(_INSTRUCTIONS, expected, strict=True)
    )


def test_a_folder_of_somebody_else_is_refused_and_kept(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(user_space.BuildError, match="must be empty"):
        user_space.build(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_wheels_are_those_of_the_lock():
    with pytest.raises(user_space.BuildError, match="Received: nothing-such"):
        user_space.build("/nonexistent", ("numpy", "nothing-such"))


def test_the_guests_python_chooses_among_locked_versions():
    entries = [
        "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:00",
        "numpy==2.5.5 ; python_full_version >= '3.12' \\\n    --hash=sha256:11",
        "flatbuffers==25.12.19 \\\n    --hash=sha256:22",
    ]
    chosen = [user_space._for_python(entry, "3.11") for entry in entries]
    assert chosen == [
        "numpy==2.4.6 \\\n    --hash=sha256:00",
        "",
        "flatbuffers==25.12.19 \\\n    --hash=sha256:22",
    ]


def test_counts_belong_to_one_exact_network(tmp_path):
    path = tmp_path / "instructions.json"
    model = {"name": "gated", "widths": (8, 16)}
    one = {"cortex-a76": {"float32": {"total": 1000.0}}}
    assert instruction_counts.read(model, path) == {}
    for counts in (one, {"cortex-a76": {"float16": {"total": 900.0}}}):
        record = instruction_counts.merge(path, "mine", model, counts)
        path.write_text(json.dumps(record))
    known = instruction_counts.read({**model, "widths": [8, 16]}, path)
    assert set(known["cortex-a76"]) == {"float32", "float16"}
    wider = {**model, "widths": (8, 24)}
    assert instruction_counts.read(wider, path) == {}
    record = instruction_counts.merge(path, "mine", wider, one)
    assert set(record["mine"]["millions_per_mp"]["cortex-a76"]) == {"float32"}


def test_a_broken_file_of_counts_is_named(tmp_path):
    path = tmp_path / "instructions.json"
    path.write_text("{")
    with pytest.raises(InputError, match=r"instructions\.json"):
        instruction_counts.read({}, path)


def test_the_table_shows_what_was_counted():
    half = variants.get("fan_half").model
    reports = [
        cost_table.report("fan_half", half, with_radius=False),
        cost_table.report("mine", {**half, "fa_hidden": 16}, False),
    ]
    header, counted, other = cost_table.table(reports)
    column = header.split().index("M/MP") + 1  # After the name.
    column -= header.split()[:column].count("%")  # "diff %" is one column.
    assert int(counted.split()[column].replace(",", "")) < 1150
    assert other.split()[column] == "-"
    record = cost_table.as_record(reports[0])["instructions_m_per_mp"]
    assert record["cortex-a76"]["static_wi8_ai8"] < 650
