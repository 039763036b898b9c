"""Damaged inputs: refused in one line, or denoised into a valid output.

Each case runs the command in a process forked from this one, so that a crash,
a hang or a flood of memory is seen and the imports are paid once.
"""

import contextlib
import os
import pathlib
import resource
import shutil
import signal
import sys
import time
import traceback

import bundles
import numpy as np
import pytest
import raw_files
from absl import flags

from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.files import tiff
from fanet_tf.files import writer

SECONDS = 10.0
BYTES = 2 << 30


def cut(rng, data):
    """Truncates at one of the 64ths."""
    return data[: len(data) * int(rng.integers(0, 64)) // 64]


def flip(rng, data):
    data = bytearray(data)
    # Half of the damage where the structure is.
    end = len(data) if rng.random() < 0.5 else min(len(data), 6000)
    for _ in range(rng.integers(1, 32)):
        data[rng.integers(0, end)] ^= 1 << rng.integers(0, 8)
    return bytes(data)


def zero(rng, data):
    data = bytearray(data)
    start = int(rng.integers(0, min(len(data), 6000)))
    size = int(rng.choice([1, 2, 4, 12, 64, 1024]))
    data[start : start + size] = bytes(min(size, len(data) - start))
    return bytes(data)


def absurd(rng, data):
    """Puts an extreme number somewhere in the structure."""
    data = bytearray(data)
    size = int(rng.choice([2, 4, 8]))
    number = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF]))
    start = int(rng.integers(0, min(len(data), 6000) - size)) // 2 * 2
    data[start : start + size] = bytes([number]) * size
    return bytes(data)


def entry(rng, data):
    """Damages one field of one tag of a TIFF structure."""
    order = "little" if data[:2] == b"II" else "big"
    data = bytearray(data)
    table = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[table : table + 2], order)
    start = table + 2 + 12 * int(rng.integers(0, count))
    place, size = ((0, 2), (2, 2), (4, 4), (8, 4), (8, 2))[rng.integers(0, 5)]
    value = int(rng.choice([0, 1, 2, 5, 255, 65535, 1 << 31, (1 << 32) - 1]))
    value &= (1 << 8 * size) - 1
    data[start + place : start + place + size] = value.to_bytes(size, order)
    return bytes(data)


def pattern(rng, data):
    """Replaces the CFA pattern."""
    place = data.find(bytes([0, 1, 1, 2]))
    cells = bytes(rng.integers(0, 4, 4).tolist())
    return data[:place] + cells + data[place + 4 :] if place > 0 else data


class Case:
    """One kind of input: what is damaged and how the command is called."""

    def __init__(self, folder, name, kind, damages):
        self.folder, self.name, self.kind = folder, name, kind
        self.damages = damages
        self.data = (folder / name).read_bytes()

    def damage(self, rng, target):
        """Writes a damaged copy; returns the command's arguments."""
        data = rng.choice(self.damages)(rng, self.data)
        array = bundles.small(branch=0.0).folder
        source = target.parent / f"in{pathlib.Path(self.name).suffix}"
        flags = ["--threads=1"]
        if self.kind == "bundle":
            array = shutil.copytree(self.folder, target.parent / "bundle")
            (array / self.name).write_bytes(data)
            source = target.parent / "in.npy"
            np.save(source, np.full((20, 30), 0.25, np.float32))
            flags.append("--gain=4")
        else:
            source.write_bytes(data)
        if self.kind == "dump":
            flags += ["--width=88", "--height=60", "--bits=10", "--gain=4"]
        if self.kind == "npy":
            flags += ["--noise=1e-3,1e-6"]
        return [str(source), str(target), f"--bundle={array}", *flags]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    mosaic = raw_files.scene(60, 88, black=64, white=1000)
    raw_files.camera_dng(folder / "a.dng", mosaic)
    raw_files.camera_dng(
        folder / "b.dng", mosaic, "GRBG", ">", active=(3, 5, 57, 80)
    )
    writer.write(folder / "c.dng", reader.read(folder / "a.dng"))
    (folder / "a.raw").write_bytes(raw_files.pack_mipi(mosaic, 10).tobytes())
    (folder / "a.raw16").write_bytes(mosaic.tobytes())
    np.save(folder / "a.npy", (mosaic / 1023).astype(np.float32))
    array = bundles.small(branch=0.0).folder
    any_damage = [cut, flip, zero, absurd]
    return [
        *(
            Case(folder, name, "dng", [*any_damage, entry, entry, pattern])
            for name in ("a.dng", "b.dng", "c.dng")
        ),
        Case(folder, "a.raw", "dump", any_damage),
        Case(folder, "a.raw16", "dump", any_damage),
        Case(folder, "a.npy", "npy", any_damage),
        Case(array, "manifest.json", "bundle", any_damage),
        Case(array, "member_0_float32.tflite", "bundle", any_damage),
    ]


def forget_commands():
    """Undoes imports of other commands' modules: they share names of flags."""
    for module, defined in flags.FLAGS.flags_by_module_dict().items():
        if module.startswith("fanet_tf."):
            for flag in list(defined):
                delattr(flags.FLAGS, flag.name)
    for module in [m for m in sys.modules if m.startswith("fanet_tf.cli")]:
        del sys.modules[module]


def command(arguments, stderr):
    """Runs in the child: the command, with its messages in a file."""
    try:
        with open(stderr, "wb") as stream:
            os.dup2(stream.fileno(), 2)
        with open(os.devnull, "wb") as stream:
            os.dup2(stream.fileno(), 1)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        # pytest turns some warnings into errors; users do not.
        import warnings

        warnings.resetwarnings()
        forget_commands()
        from fanet_tf.cli import denoise

        sys.argv = ["fanet-denoise", *arguments]
        denoise.cli()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else (end.code and 1) or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    os._exit(code)


def run(arguments, stderr):
    """Returns exit code, CPU seconds and the largest memory of the processes.

    CPU seconds, since this machine may have other things to do; what waits
    for nothing is ended after twice as long by the clock.
    """
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        command(arguments, stderr)
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            seconds = usage.ru_utime + usage.ru_stime
            code = os.waitstatus_to_exitcode(status)
            return code, seconds, usage.ru_maxrss * 1024
        seconds = time.monotonic() - start
        if seconds > 2 * SECONDS:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hang", seconds, 0
        time.sleep(0.005)


def check(cases, seed, folder):
    """Runs one damaged input; returns its exit code."""
    rng = np.random.default_rng([2026, seed])
    case = cases[seed % len(cases)]
    folder.mkdir()
    # A DNG is read again below, which takes a while.
    target = folder / ("out.dng" if seed % 3 == 0 else "out.npy")
    arguments = case.damage(rng, target)
    code, seconds, size = run(arguments, folder / "stderr")
    said = (folder / "stderr").read_text(errors="replace")
    about = f"seed {seed}, {case.name}: code {code}, {seconds:.1f} s: {said}"
    assert code in (0, 2), about
    assert "Traceback" not in said, about
    assert seconds < SECONDS, about
    assert size < BYTES, about
    assert not list(folder.glob(".*.part")), about
    if code == 2:
        assert not target.exists(), about
        assert len(said.strip().splitlines()) == 1, about
    elif target.suffix == ".npy":
        mosaic = np.load(target)
        assert mosaic.ndim == 2 and np.isfinite(mosaic).all(), about
    else:
        # LibRaw refuses the smallest frames, however valid.
        try:
            assert reader.read(target).mosaic.size, about
        except InputError:
            main = tiff.read(target).ifds[0]
            raw = main.children[tiff.SUB_IFDS][0].tags
            sides = [tiff.values(raw[n], "<")[0] for n in (256, 257)]
            assert min(sides) < 32, about
    shutil.rmtree(folder)
    return code


def check_many(cases, seeds, tmp_path):
    resource.setrlimit(
        resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1])
    )
    codes = [check(cases, seed, tmp_path / str(seed)) for seed in seeds]
    # Both ways out really occur.
    assert 0.05 < codes.count(0) / len(codes) < 0.95
    return codes


def test_damaged_inputs_are_refused_or_denoised(cases, tmp_path):
    check_many(cases, range(40), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_2000_damaged_inputs_are_refused_or_denoised(cases, part, tmp_path):
    codes = check_many(cases, range(250 * part, 250 * (part + 1)), tmp_path)
    print(f"{codes.count(2)} refused, {codes.count(0)} denoised")
