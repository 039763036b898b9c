"""Runs the flatbuffers of a bundle on emulated cores and judges the outputs.

Each flatbuffer gets the golden tile of its member. What a core gives is
compared with what this machine gives, over the whole tile, and with the golden
output of the bundle, over its crop; both in deviations of the noise
(`denoising.agreement`).
"""

import dataclasses
import functools
import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterator

import numpy as np

from arm import guest
from export.contract import golden
from export.flatbuffer import core as core_lib
from export.flatbuffer import runtime
from fanet_tf.denoising import agreement
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising import quantized
from fanet_tf.files import npy

HERE = "x86-64"  # This machine, among the cores.

# Recipes that compute in float, and so in half precision when they are told to.
_FLOAT = ("float32", "float16")
# One tile takes a minute on a busy machine.
_SECONDS_EACH = 900
_MOST_VALUES = 1 << 20  # Of a golden file.


class RefusedError(Exception):
    """The runtime does not load a flatbuffer; names it."""


class Here:
    """This machine in the place of a user space."""

    def command(self, core: str, *arguments) -> list[str]:
        """Returns the command line of this machine's Python."""
        del core
        return [sys.executable, *map(os.fspath, arguments)]


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One flatbuffer and the golden tile of its member.

    Attributes:
        member: its index.
        recipe: its number formats.
        path: the flatbuffer.
        transform: of the member; the case computes it for a core.
        inputs: of the member, by name.
        expected: the golden output, `[h, w, 4]`.
        crop: `y, x, h, w` of the golden output in the tile.
    """

    member: int
    recipe: str
    path: pathlib.Path
    transform: str
    inputs: dict[str, np.ndarray]
    expected: np.ndarray
    crop: tuple[int, int, int, int]

    @property
    def name(self) -> str:
        """As people are told."""
        return f"member {self.member} {self.recipe}"

    @property
    def kernels(self) -> tuple[str, ...]:
        """Those that the recipe is made for."""
        return ("xnnpack", "half") if self.recipe in _FLOAT else ("xnnpack",)

    @functools.cached_property
    def _details(self):
        try:
            runner = runtime.Runner(self.path.read_bytes(), 1)
            ((_, output),) = runner.outputs.items()
        except (RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            raise RefusedError(f"{self.name}: does not load: {said}") from error
        return runner.inputs, output

    def feeds(self) -> dict[str, np.ndarray]:
        """Returns what the flatbuffer takes, in its number format, by name."""
        details, _ = self._details
        values = self.inputs
        if core_lib.is_core(details):
            values = core_lib.feeds(details, values, self.transform)
        return {
            name: quantized.stored(values[name], detail)
            for name, detail in details.items()
        }

    def denoised(self, output: np.ndarray) -> np.ndarray:
        """Returns `[1, h, w, 4]` in 0..1 for what the flatbuffer gave."""
        details, detail = self._details
        output = quantized.real(output, detail)
        if not core_lib.is_core(details):
            return output
        stabilised, unit = core_lib.stabilise(self.inputs, self.transform)
        return core_lib.restore(
            self.inputs, stabilised, unit, output, self.transform
        )

    def difference(
        self, output: np.ndarray, reference: np.ndarray
    ) -> agreement.Difference:
        """Measures one output against another."""
        return agreement.difference(output, reference, *self.noise)

    @property
    def noise(self) -> tuple[float, float]:
        """`scale` and `offset` of the golden tile."""
        scale, offset = (
            float(np.ravel(self.inputs[name])[0])
            for name in ("scale", "offset")
        )
        return scale, offset


@dataclasses.dataclass(frozen=True)
class Job:
    """A flatbuffer on a core.

    Attributes:
        case: the flatbuffer.
        core: one of `user_space.CORES`, or `HERE`.
        kernels: one of `guest.KERNELS`.
    """

    case: Case
    core: str
    kernels: str

    @property
    def name(self) -> str:
        """As people are told."""
        kernels = {
            "xnnpack": "",
            "half": ", half precision",
            "builtin": ", built-in kernels",
        }[self.kernels]
        return f"{self.case.name} on {self.core}{kernels}"


@dataclasses.dataclass(frozen=True)
class Output:
    """What a job gave.

    Attributes:
        job: the job.
        denoised: `[1, h, w, 4]` in 0..1; None if it died.
        nodes: of the delegate; -1 where nothing says how many.
        said: the last words of a run that died.
    """

    job: Job
    denoised: np.ndarray | None
    nodes: int = -1
    said: str = ""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """An output, judged.

    Attributes:
        job: the job.
        from_here: the difference from what this machine gives.
        from_golden: the difference from the golden output.
        nodes: of the delegate.
        faults: what is wrong, in words; empty if it is right.
    """

    job: Job
    from_here: agreement.Difference | None
    from_golden: agreement.Difference | None
    nodes: int
    faults: tuple[str, ...]


def cases(
    folder: pathlib.Path, members: list[str] = (), recipes: list[str] = ()
) -> list[Case]:
    """Returns the flatbuffers of a bundle, cores too.

    Args:
        folder: of the bundle.
        members: indices to keep; all when empty.
        recipes: names to keep; all when empty.

    Raises:
        InputError: the folder is no bundle, or a file is not the manifest's.
    """
    array = bundle_reader.load(folder)
    found = []
    for member in array.members:
        record = member.record
        if members and str(member.index) not in members:
            continue
        tile = golden.Golden(
            _read(array.folder / record["golden"]["noisy"]),
            record["golden"]["scale"],
            record["golden"]["offset"],
        )
        inputs = tile.inputs(member.tile.height, member.tile.width)
        for recipe, entry in {**record["recipes"], **record["core"]}.items():
            if recipes and recipe not in recipes:
                continue
            expected = record["golden"]["denoised"][recipe]
            found.append(
                Case(
                    member.index,
                    recipe,
                    (array.folder / entry["file"]).resolve(),
                    record["transform"],
                    inputs,
                    _read(array.folder / expected),
                    tuple(record["golden"]["crop"]),
                )
            )
    return found


def _read(path):
    return npy.read(path, _MOST_VALUES)


def run(space, jobs: list[Job], folder: pathlib.Path) -> Iterator[Output]:
    """Runs jobs of one core in another process; yields outputs as they come.

    Args:
        space: a finished `user_space.UserSpace`, or `Here()`.
        jobs: all of one core.
        folder: for their files; must exist.
    """
    while jobs:
        done = yield from _run(space, jobs, folder)
        # A run that dies takes the ones behind it along: they get another.
        jobs = jobs[done:]


def _run(space, jobs, folder):
    """Runs jobs in one process until one dies; returns how many are over."""
    listed = folder / "jobs.json"
    listed.write_text(json.dumps([_files(job, folder) for job in jobs]))
    command = space.command(jobs[0].core, guest.__file__, listed, folder)
    with (
        (folder / "messages").open("w+") as messages,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=messages, text=True
        ) as process,
    ):
        timer = threading.Timer(_SECONDS_EACH * len(jobs), process.kill)
        timer.start()
        done = 0
        try:
            for line in process.stdout:
                record = json.loads(line)
                output = np.load(folder / f"{done}.npy")
                job = jobs[done]
                done += 1
                yield Output(
                    job, job.case.denoised(output), record["delegate_nodes"]
                )
        finally:
            timer.cancel()
            process.kill()
        if done < len(jobs):
            messages.seek(0)
            said = " ".join(messages.read()[-2000:].split())[-200:]
            code = process.wait()
            yield Output(jobs[done], None, said=f"ended with {code}: {said}")
            done += 1
    return done


def _files(job, folder):
    """Writes a job's inputs; returns the guest's line of it."""
    case = job.case
    inputs = folder / f"{case.member}_{case.recipe}.npz"
    if not inputs.exists():
        np.savez(inputs, **case.feeds())
    return [os.fspath(case.path), os.fspath(inputs), job.kernels]


def judge(output: Output, here: Output) -> Verdict:
    """Judges an output.

    Args:
        output: of a job.
        here: of the same flatbuffer on this machine, in the arithmetic that
            it is made for.
    """
    job, case = output.job, output.job.case
    if output.denoised is None:
        return Verdict(job, None, None, -1, (output.said,))
    y, x, height, width = case.crop
    crop = output.denoised[0, y : y + height, x : x + width]
    limits = agreement.limits(case.recipe, job.kernels == "half")
    from_here = case.difference(output.denoised, here.denoised)
    from_golden = case.difference(crop, case.expected)
    faults = []
    if not np.isfinite(output.denoised).all():
        faults.append("not all of its values are finite")
    for found, what in (
        (from_here, "this machine's output"),
        (from_golden, "the golden output"),
    ):
        if not found.within(limits):
            faults.append(f"must be {what} within {limits}. Received: {found}")
    if job.kernels == "xnnpack" and output.nodes != here.nodes:
        faults.append(
            f"must run in {here.nodes} delegate nodes, as here. "
            f"Received: {output.nodes}"
        )
    if job.kernels == "half" and output.nodes != 1:
        faults.append("must be one delegate node in half precision")
    return Verdict(job, from_here, from_golden, output.nodes, tuple(faults))
