r"""What a bundle computes on ARM cores, beside what it computes here.

Every flatbuffer of a bundle runs its golden tile on emulated cores, in an
aarch64 user space under qemu's user-mode emulator, and `fanet-denoise` runs
there on a small .npy and a small DNG. Each output must be that of this machine
and the golden one of the bundle, within the limits of `denoising.agreement`, in
as many nodes of the delegate. Files of float run in half precision, too, where
the core has it. This shows that the arithmetic is right; nothing here is a
time, and no phone took part.

The first run builds the user space in --root: 20 seconds, 130 MB of downloads
(Debian on x86-64, no root). The shipped array then takes about 10 minutes of
processor time, shared by --processes; --members takes less.

Exit code 1 if an output or a file of the bundle is wrong, and 2 if the user
space cannot be built here.

Example:

    python benchmarks/arm_outputs.py
    python benchmarks/arm_outputs.py --bundle=runs/bundle --members=0 \
        --recipes=float16 --cores=cortex-a76 --nodenoise
"""

import collections
import concurrent.futures
import itertools
import os
import pathlib
import tempfile
import time

import numpy as np
from absl import app
from absl import flags

from arm import frames
from arm import outputs
from arm import user_space
from export.contract import checksums
from fanet_tf.denoising import agreement
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.errors import InputError

_BUNDLE = flags.DEFINE_string(
    "bundle", None, "Folder of the bundle; default: the array that ships."
)
_MEMBERS = flags.DEFINE_list("members", [], "Indices; default: all.")
_RECIPES = flags.DEFINE_list("recipes", [], "Names; default: all.")
_CORES = flags.DEFINE_list("cores", list(user_space.CORES), "Cores to emulate.")
_DENOISE = flags.DEFINE_bool("denoise", True, "Runs fanet-denoise, too.")
_BUILTIN = flags.DEFINE_bool(
    "builtin", False, "Runs the runtime's own kernels on this machine, too."
)
_ROOT = flags.DEFINE_string(
    "root", str(user_space.DEFAULT_ROOT), "Folder of the user space."
)
_PROCESSES = flags.DEFINE_integer(
    "processes",
    len(os.sched_getaffinity(0)),
    "Emulated processes at a time.",
    lower_bound=1,
)
_RECORD = flags.DEFINE_string(
    "record",
    None,
    "Keeps the differences from this machine on the golden crops, in "
    "deviations, in this .npz: what a test of limits should take for right.",
)

flags.register_validator(
    "cores",
    lambda names: names and set(names) <= set(user_space.CORES),
    f"must be of {', '.join(user_space.CORES)}",
)

# Cores that have half precision.
_HALF = ("cortex-a76",)
_SHOWN = ("rms", "db", "largest", "bias")


class _Progress:
    """Says what is over, of how much."""

    def __init__(self, total):
        self._total, self._over, self._start = total, 0, time.monotonic()

    def __call__(self, verdict):
        self.say(verdict.job.name, verdict.from_here, verdict.faults)

    def say(self, name, found, faults):
        """Prints what was found of something."""
        self._over += 1
        seconds = time.monotonic() - self._start
        print(
            f"[{self._over}/{self._total}, {seconds:.0f} s] {name}: "
            f"{'WRONG' if faults else 'right'}"
            + (f", {found}" if found else ""),
            flush=True,
        )
        for fault in faults:
            print(f"    {fault}", flush=True)


def _jobs(cases):
    """Returns the jobs in groups that run in one process, the longest first."""
    groups = collections.defaultdict(list)
    for case, core in itertools.product(cases, _CORES.value):
        for kernels in case.kernels:
            if kernels != "half" or core in _HALF:
                job = outputs.Job(case, core, kernels)
                groups[core, case.member].append(job)
    return sorted(groups.values(), key=_cost, reverse=True)


def _cost(jobs):
    return sum(5 if job.kernels == "half" else 2 for job in jobs)


def _frames(folder, recipes):
    """Returns one frame of each format, on one core each."""
    if not _DENOISE.value:
        return []
    found = []
    for index, suffix in enumerate((".npy", ".dng")):
        cores = _CORES.value
        core, recipe = cores[index % len(cores)], recipes[index % len(recipes)]
        found.append(frames.Frame(core, suffix, recipe, folder))
    return found


def _table(verdicts):
    """Prints the worst of all members, by recipe and core."""
    worst = collections.defaultdict(list)
    for verdict in verdicts:
        if verdict.from_here is not None:
            job = verdict.job
            worst[job.case.recipe, job.core, job.kernels].append(verdict)
    print("\n| recipe | core | rms | dB | largest | plane's mean | nodes |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for (recipe, core, kernels), found in sorted(worst.items()):
        figures = [
            f"{max(getattr(v.from_here, name) for v in found):.2g}"
            for name in _SHOWN
        ]
        nodes = "/".join(
            str(n) for n in sorted({v.nodes for v in found} - {-1})
        )
        name = {"xnnpack": ""}.get(kernels, f", {kernels}")
        print(
            f"| `{recipe}`{name} | {core} | {' | '.join(figures)} "
            f"| {nodes or '-'} |"
        )
    print(
        "\nDifferences from this machine's output in deviations of the noise, "
        "the worst of the members."
    )


def _record(path, results):
    """Keeps each difference on the golden crop."""
    kept = {}
    for job, (output, here) in results.items():
        if output.denoised is None or output is here:
            continue
        y, x, height, width = job.case.crop
        crop = np.s_[0, y : y + height, x : x + width]
        error = agreement.error(
            output.denoised[crop], here.denoised[crop], *job.case.noise
        )
        name = f"{job.case.recipe}/{job.core}/{job.kernels}/{job.case.member}"
        kept[name] = error.astype(np.float16)
    np.savez_compressed(path, **kept)


def _run_here(cases, progress, scratch):
    """Runs the cases on this machine; returns outputs by case, and verdicts."""
    here, verdicts, results = {}, [], {}
    for kernels in ("xnnpack", *(["builtin"] if _BUILTIN.value else [])):
        jobs = [outputs.Job(case, outputs.HERE, kernels) for case in cases]
        for output in outputs.run(outputs.Here(), jobs, scratch):
            case = output.job.case
            here.setdefault(case, output)
            verdict = outputs.judge(output, here[case])
            verdicts.append(verdict)
            results[output.job] = output, here[case]
            progress(verdict)
    return here, verdicts, results


def _run_there(space, groups, here, shown, progress, scratch):
    """Runs groups of jobs and frames; returns verdicts, outputs, bad frames."""
    verdicts, results = [], {}

    def group(index, jobs):
        own = scratch / f"group_{index}"
        own.mkdir()
        for output in outputs.run(space, jobs, own):
            reference = here[output.job.case]
            verdict = outputs.judge(output, reference)
            verdicts.append(verdict)
            results[output.job] = output, reference
            progress(verdict)

    def frame(index, one):
        own = scratch / f"frame_{index}"
        own.mkdir()
        found, faults = frames.compare(space, one, own)
        progress.say(one.name, found, faults)
        return one.name if faults else None

    with concurrent.futures.ThreadPoolExecutor(_PROCESSES.value) as pool:
        running = [pool.submit(group, *item) for item in enumerate(groups)]
        framed = [pool.submit(frame, *item) for item in enumerate(shown)]
        for future in running:
            future.result()
        bad = [future.result() for future in framed]
    return verdicts, results, [name for name in bad if name]


def _check(folder, scratch) -> list[str]:
    """Runs everything and prints it; returns the names of what is wrong."""
    cases = outputs.cases(folder, _MEMBERS.value, _RECIPES.value)
    if not cases:
        raise app.UsageError(
            "`--members` and `--recipes` must name some of the bundle. "
            f"Received: {_MEMBERS.value}, {_RECIPES.value}"
        )
    groups = _jobs(cases)
    shown = _frames(folder, list(dict.fromkeys(c.recipe for c in cases)))
    progress = _Progress(
        (1 + _BUILTIN.value) * len(cases) + sum(map(len, groups)) + len(shown)
    )
    here, verdicts, results = _run_here(cases, progress, scratch)
    bad = []
    # What is wrong here already is not worth the minutes of emulation.
    if not any(verdict.faults for verdict in verdicts):
        start = time.monotonic()
        space = user_space.build(_ROOT.value)
        print(f"{space.root}: ready in {time.monotonic() - start:.0f} s")
        there, more, bad = _run_there(
            space, groups, here, shown, progress, scratch
        )
        verdicts, results = verdicts + there, results | more
    _table(verdicts)
    if _RECORD.value:
        _record(_RECORD.value, results)
    return [v.job.name for v in verdicts if v.faults] + bad


def main(argv):
    """Checks; returns the exit code."""
    del argv
    folder = bundle_reader.locate(_BUNDLE.value)
    try:
        checksums.check(folder)
        with tempfile.TemporaryDirectory(prefix="fanet-arm-") as scratch:
            wrong = _check(folder.resolve(), pathlib.Path(scratch))
    except (InputError, outputs.RefusedError) as error:
        print(f"arm_outputs.py: {error}")
        return 1
    except user_space.BuildError as error:
        print(f"arm_outputs.py: no aarch64 user space: {error}")
        return 2
    if wrong:
        print(f"arm_outputs.py: wrong: {'; '.join(wrong)}")
        return 1
    print("Every output is right.")
    return 0


if __name__ == "__main__":
    app.run(main)
