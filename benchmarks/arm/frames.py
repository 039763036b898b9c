"""Runs `fanet-denoise` on an emulated core, on frames of two file formats."""

import dataclasses
import os
import pathlib
import subprocess
import sys

import numpy as np

from arm import guest_denoise
from arm import user_space
from export.contract import golden
from fanet_tf.denoising import agreement
from fanet_tf.files import dng
from fanet_tf.files import reader
from fanet_tf.raw import cfa

_SECONDS = 1800
# Gain 16 of the stand-in profile.
_A, _B = 3.36e-3, 2.06e-5


@dataclasses.dataclass(frozen=True)
class Frame:
    """A frame that is denoised here and on a core.

    Attributes:
        core: one of `user_space.CORES`.
        suffix: of its file, `".npy"` (float32) or `".dng"` (10-bit counts).
        recipe: of the bundle.
        bundle: its folder.
    """

    core: str
    suffix: str
    recipe: str
    bundle: pathlib.Path

    @property
    def name(self) -> str:
        """As people are told."""
        return f"fanet-denoise {self.suffix} {self.recipe} on {self.core}"


def compare(
    space: user_space.UserSpace, frame: Frame, folder: pathlib.Path
) -> tuple[agreement.Difference | None, tuple[str, ...]]:
    """Denoises a frame on both; returns the difference, and what is wrong.

    Args:
        space: a finished user space.
        frame: to denoise.
        folder: for the files.
    """
    source = folder / f"frame{frame.suffix}"
    _write(source)
    arguments = [
        f"--bundle={frame.bundle}",
        f"--recipe={frame.recipe}",
        f"--noise={_A},{_B}",
        "--threads=1",
    ]
    here, there = (folder / f"{n}{frame.suffix}" for n in ("here", "there"))
    launcher = space.launcher(frame.core)
    for command in (
        [sys.executable, "-m", "fanet_tf.cli.denoise", source, here],
        [launcher, guest_denoise.__file__, launcher, source, there],
    ):
        done = subprocess.run(
            [os.fspath(part) for part in (*command, *arguments)],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd=user_space.REPOSITORY,
        )
        if done.returncode:
            said = " ".join(done.stderr.split())[-200:]
            return None, (f"ended with {done.returncode}: {said}",)
    found = agreement.difference(
        _planes(there), _planes(here), 1 / _A, _B / _A**2
    )
    changed = agreement.difference(
        _planes(here), _planes(source), 1 / _A, _B / _A**2
    )
    faults = []
    limits = agreement.limits(frame.recipe)
    if not found.within(limits):
        faults.append(f"must be within {limits}. Received: {found}")
    if not changed.rms > 0.5:
        faults.append(f"must take noise away. Received: {changed}")
    return found, tuple(faults)


def _write(path) -> None:
    """Writes 128 x 128 pixels with noise."""
    mosaic = cfa.unpack(golden.noisy_tile(_A, _B, 0, "signed")[None])
    mosaic = np.ascontiguousarray(mosaic[0, :, :, 0])
    if path.suffix == ".npy":
        np.save(path, mosaic)
    else:
        dng.write(path, dng.synthetic(mosaic, (_A, _B)))


def _planes(path) -> np.ndarray:
    return cfa.pack(reader.read(path).normalized()[None, :, :, None])
