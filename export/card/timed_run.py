"""Runs `fanet-denoise` as a user does, in a process that is timed."""

import os
import pathlib
import subprocess
import time
from typing import NamedTuple

from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.denoising.bundle import Bundle
from fanet_tf.errors import InputError
from fanet_tf.files import children
from fanet_tf.files import own_folder
from fanet_tf.files import reader
from fanet_tf.files.raw_image import RawImage

_OUTPUT = "denoised.dng"
RUNS = 3
# A child begins with the peak of the process that forks it: a small one does.
_LAUNCHER = """
import resource, subprocess, sys
module = [sys.executable, "-P", "-m", "fanet_tf.cli.denoise"]
code = subprocess.run([*module, *sys.argv[1:]]).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
sys.exit(code)
"""


class Run(NamedTuple):
    """What `fanet-denoise` did.

    Attributes:
        command: as typed.
        printed: on standard output.
        seconds: from start to end.
        busy: seconds that processors worked for it.
        peak_mb: greatest memory of its process.
        denoised: the file that it wrote.
    """

    command: str
    printed: str
    seconds: float
    busy: float
    peak_mb: float
    denoised: RawImage


def denoise(array: Bundle, frame: pathlib.Path) -> Run:
    """Runs the command on a copy of a file, and keeps the fastest run.

    Args:
        array: denoises.
        frame: a RAW file that LibRaw reads.

    Raises:
        InputError: the command did not take it.
    """
    arguments = [frame.name, _OUTPUT, "--noise=estimate"]
    bundle = []
    if array.folder != bundle_lib.load().folder:
        bundle.append(f"--bundle={array.folder}")
    folder_of_array = array.folder.resolve()
    runs = []
    with own_folder.scratch() as folder:
        own_folder.create(folder / frame.name, frame.read_bytes())
        for _ in range(RUNS):
            start = time.perf_counter()
            done = subprocess.run(
                children.python(
                    "-c", _LAUNCHER, *arguments, f"--bundle={folder_of_array}"
                ),
                cwd=folder,
                env=children.environment(),
                capture_output=True,
                text=True,
            )
            seconds = time.perf_counter() - start
            if done.returncode:
                raise InputError(
                    "fanet-denoise must take the file. Received: "
                    f"{done.stderr.strip() or done.returncode}"
                )
            *lines, usage = done.stdout.splitlines()
            runs.append((seconds, *map(float, usage.split()), lines))
        denoised = reader.read(folder / _OUTPUT)
        seconds, peak_kb, busy, lines = min(runs)
        printed = "\n".join(lines).replace(f"{os.path.realpath(folder)}/", "")
    command = " ".join(["fanet-denoise", *arguments, *bundle])
    peak_mb = peak_kb * 1024 / 1e6
    return Run(command, printed, seconds, busy, peak_mb, denoised)
