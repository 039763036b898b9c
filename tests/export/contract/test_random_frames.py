"""Random frames through the C header, under sanitizers, touch no byte else."""

import dataclasses
import pathlib
import subprocess

import app_code
import bundles
import pytest
import selector_questions

_PROGRAM = pathlib.Path(__file__).with_name("random_frames.c")
_SANITIZERS = (
    "-fsanitize=address,undefined,float-divide-by-zero,float-cast-overflow",
    "-fno-sanitize-recover=all",
)
# What nsma_plan can refuse a frame for: gain, noise, CFA, format, levels, size,
# buffer, shading, defects.
_REFUSALS = {1, 3, 5, 6, 7, 8, 9, 16, 17}


@dataclasses.dataclass(frozen=True)
class Counted:
    """How many frames were denoised, or refused and with which status."""

    good: int
    shaded: int
    defective: int
    refused: dict[int, int]


def manifest():
    """Of small tiles. Members that clip would change what comes out."""
    side = {"height": 32, "width": 48}
    tile = {**side, "halo": bundles.HALO, "stride": bundles.STRIDE}
    file = {"float32": {"file": "none.tflite", "sha256": ""}}
    members = [
        {"index": i, "tile": tile, "below_black": "signed", "recipes": file}
        for i in range(4)
    ]
    return {**selector_questions.manifest(), "members": members}


def random_frames(folder, number, *command, emulator=()):
    """Compiles the program with a command, and runs it."""
    app_code.write(folder, manifest())
    made = subprocess.run(
        [*command, "-I.", _PROGRAM, "-o", "random_frames", "-lm"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if "cannot find" in made.stderr and "clang_rt" in made.stderr:
        pytest.skip("needs the sanitizers of clang (libclang-rt-dev)")
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [*emulator, folder / "random_frames", str(number)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    frames, statuses = done.stdout.splitlines()
    numbers = enumerate(map(int, statuses.split()))
    refused = {status: n for status, n in numbers if status and n}
    return Counted(*map(int, frames.split()), refused)


def check_inside(folder, compiler, number, level):
    """Checks that the frames were of every kind."""
    compiler = app_code.compiler(compiler)
    command = (compiler, "-std=c99", level, "-g", *_SANITIZERS)
    counted = random_frames(folder, number, *command)
    assert counted.good > 0.7 * number
    assert counted.shaded > 0.3 * number
    assert counted.defective > 0.3 * number
    assert set(counted.refused) == _REFUSALS
    assert sum(counted.refused.values()) > 0.1 * number


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_2_000_random_frames_stay_inside_of_their_buffers(tmp_path, compiler):
    check_inside(tmp_path, compiler, 2000, "-O1")


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_100_000_random_frames_stay_inside(tmp_path, compiler):
    check_inside(tmp_path, compiler, 100_000, "-O2")


@pytest.mark.slow
def test_random_frames_on_an_emulated_arm_core(tmp_path):
    """Static, so that the emulator needs no libraries of that system."""
    emulator = app_code.compiler("qemu-aarch64")
    compiler = app_code.compiler("aarch64-linux-gnu-gcc")
    command = (compiler, "-std=c99", "-O3", "-static")
    counted = random_frames(tmp_path, 500, *command, emulator=(emulator,))
    assert counted.good > 350
