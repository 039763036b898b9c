"""Laws of the proof on ARM; this machine stands in for the emulated cores."""

import functools
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from helpers import ROOT

from arm import outputs
from export.contract import checksums
from export.flatbuffer import graph
from fanet_tf.denoising import bundle as bundle_reader

PROGRAM = ROOT / "benchmarks/arm_outputs.py"
# Starts the program with this machine in the place of the user space.
STAND_IN = """
import sys
sys.path.insert(0, {benchmarks!r})
from absl import app
from arm import outputs, user_space
class Space(outputs.Here):
    root = "stand-in"
user_space.build = lambda root: Space()
import arm_outputs
app.run(arm_outputs.main)
"""
# What `guest.py` becomes; `run` and `KERNELS` are its own.
WRONG = {
    "gain": "output = 1.02 * output",
    "nan": "output[0, 7, 7, 1] = float('nan')",
    "death": "os._exit(7) if index == 1 else None",
}


def program(*arguments, code=None):
    start = ["-c", code] if code else [str(PROGRAM)]
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=3600,
        check=False,
    )


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(bundle_reader.locate(), tmp_path / "bundle")


def test_what_ships_is_right_and_the_table_says_how_far_it_is(bundle):
    code = STAND_IN.format(benchmarks=str(PROGRAM.parent))
    chosen = (f"--bundle={bundle}", "--members=3", "--nodenoise")
    done = program(*chosen, code=code)
    assert done.returncode == 0, done.stdout + done.stderr
    # Two recipes here, on two cores, and one in half precision.
    assert "[7/7, " in done.stdout
    for row in (
        "| `dynamic_wi8_afp32` | cortex-a53 | 0 | 0 | 0 | 0 | 1 |",
        "| `float16`, half | cortex-a76 | 0.00",
    ):
        assert row in done.stdout


def test_a_changed_byte_is_exit_1_and_names_the_file(bundle):
    path = bundle / "member_1_float16.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    done = program(f"--bundle={bundle}")
    assert done.returncode == 1 and not done.stderr
    assert "member_1_float16.tflite" in done.stdout


def test_a_machine_without_the_emulator_is_exit_2_and_says_why(tmp_path):
    (tmp_path / "mine").touch()
    done = program("--members=3", "--recipes=float16", f"--root={tmp_path}")
    assert done.returncode == 2
    assert "no aarch64 user space" in done.stdout
    assert "must be empty" in done.stdout


def test_a_changed_kernel_whose_checksums_agree_is_found_here(bundle, tmp_path):
    path = bundle / "member_3_float16.tflite"
    content = path.read_bytes()
    kernel = max(
        (t.data for t in graph.read(content).tensors if t.dtype == "FLOAT16"),
        key=lambda data: 0 if data is None else data.size,
    )
    changed = kernel.copy()
    changed.view(np.uint8).ravel()[-1] ^= 0x40  # Of an exponent: 2^16.
    assert content.count(kernel.tobytes()) == 1
    path.write_bytes(content.replace(kernel.tobytes(), changed.tobytes()))
    manifest = bundle / bundle_reader.MANIFEST
    old = bundle_reader.read_manifest(bundle)["members"][3]["recipes"][
        "float16"
    ]
    new = bundle_reader.sha256(path)
    manifest.write_text(manifest.read_text().replace(old["sha256"], new))
    checksums.write(bundle)
    (case,) = outputs.cases(bundle, ["3"], ["float16"])
    job = outputs.Job(case, outputs.HERE, "xnnpack")
    (output,) = outputs.run(outputs.Here(), [job], tmp_path)
    (fault,) = outputs.judge(output, output).faults
    assert fault.startswith("must be the golden output within")


class Core(outputs.Here):
    """A core whose results are changed, or that dies."""

    def __init__(self, folder, change):
        self._guest = folder / "guest_with_a_fault.py"
        self._guest.write_text(
            (PROGRAM.parent / "arm/guest.py")
            .read_text()
            .replace("        np.save(", f"        {change}\n        np.save(")
        )

    def command(self, core, guest, *arguments):
        return super().command(core, self._guest, *arguments)


@functools.cache
def shipped():
    """Returns what this machine gives for two flatbuffers."""
    cases = outputs.cases(bundle_reader.locate(), ["3"])
    jobs = [outputs.Job(case, outputs.HERE, "xnnpack") for case in cases]
    with tempfile.TemporaryDirectory() as folder:
        return list(outputs.run(outputs.Here(), jobs, pathlib.Path(folder)))


def judged(kind, folder, order):
    here = [shipped()[index] for index in order]
    jobs = [outputs.Job(x.job.case, "cortex-a53", "xnnpack") for x in here]
    there = list(outputs.run(Core(folder, WRONG[kind]), jobs, folder))
    assert [output.job for output in there] == jobs
    return list(map(outputs.judge, there, here))


@pytest.mark.parametrize("kind", ["gain", "nan"])
def test_a_core_that_computes_wrongly_is_found(kind, tmp_path):
    for verdict in judged(kind, tmp_path, [0, 1]):
        assert "must be this machine's output" in " ".join(verdict.faults)
    assert verdict.job.name == "member 3 dynamic_wi8_afp32 on cortex-a53"


def test_a_flatbuffer_that_ends_the_run_is_named_and_the_others_run(tmp_path):
    first, second, third = judged("death", tmp_path, [0, 1, 0])
    assert first.faults == third.faults == ()
    assert second.faults[0].startswith("ended with 7")


@pytest.mark.slow
def test_every_recipe_is_right_on_emulated_cores():
    """On the small members of the export's tests."""
    import exports  # Loads TensorFlow.

    folder = exports.small()[2]
    done = program(f"--bundle={folder}", "--builtin")
    if done.returncode == 2:
        pytest.skip(done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout + done.stderr
    for suffix in (".npy", ".dng"):
        assert f"fanet-denoise {suffix}" in done.stdout
    recipes = {
        recipe
        for member in bundle_reader.load(folder).manifest["members"]
        for recipe in (*member["recipes"], *member["core"])
    }
    assert done.stdout.count("| cortex-a53 |") == len(recipes)
    in_half = 2  # Float recipes, which run in half precision as well.
    assert done.stdout.count("| cortex-a76 |") == len(recipes) + in_half
