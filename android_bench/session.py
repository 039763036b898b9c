"""One run of `fanet-bench`: from its settings to its results on disk."""

import contextlib
import dataclasses
import datetime
import pathlib
from collections.abc import Mapping

from android_bench import plan
from android_bench import run_ids
from android_bench import runner
from android_bench.bundle import Bundle
from android_bench.errors import BenchError
from android_bench.phone.adb import Adb
from android_bench.plan import Job
from android_bench.results import baseline as baselines
from android_bench.results import fields
from android_bench.results import outputs
from android_bench.results import ratios
from android_bench.results import rows as row_maker
from android_bench.results import store as stores
from android_bench.results.baseline import Comparison
from android_bench.targets import host
from android_bench.targets import phone
from android_bench.targets.launcher import PhoneOptions
from android_bench.tool.tool import Timing
from android_bench.tool.tool import Tool
from fanet_tf import progress_bar
from fanet_tf.denoising import macs as macs_lib
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import own_folder


@dataclasses.dataclass(frozen=True)
class Choice:
    """What is measured.

    Attributes:
        delegates: who executes.
        threads: numbers of CPU threads.
        passes: of `plan.PASSES`.
        repeats: processes a configuration.
        seed: of the order within a round.
    """

    delegates: list[str]
    threads: list[int]
    passes: list[str]
    repeats: int
    seed: int


@dataclasses.dataclass(frozen=True)
class Connection:
    """How a phone is reached; see `Adb`."""

    serial: str | None
    executable: str
    retries: int


@dataclasses.dataclass(frozen=True)
class Settings:
    """Everything that the flags say of a run.

    Attributes:
        bundle: the models.
        tool: the measuring tool; None for this machine.
        choice: what is measured.
        affinities: on which cores of a phone; see `cores.WORDS`.
        timing: how long a process measures.
        connection: how the phone is reached.
        phone: how it is treated.
        gate: when it is cool enough.
        output: folder of the results; None for one named after the time.
        resume: whether the run in `output` is continued.
        save_raw: whether what the tool prints is kept.
        baseline: an older results file, or None.
        frame: packed height and width of a whole frame.
        spread_limit: rows that spread more are not comparable.
        flags: the flags that a run must be continued with, and their values.
    """

    bundle: Bundle
    tool: Tool | None
    choice: Choice
    affinities: list[str]
    timing: Timing
    connection: Connection
    phone: PhoneOptions
    gate: runner.Gate
    output: str | None
    resume: bool
    save_raw: bool
    baseline: str | None
    frame: tuple[int, int]
    spread_limit: float
    flags: Mapping[str, object]


@dataclasses.dataclass(frozen=True)
class Results:
    """What a finished run left.

    Attributes:
        folder: that holds the files.
        header: the `run` line.
        rows: one a configuration.
        compared: the rows against the baseline, where there is one.
    """

    folder: pathlib.Path
    header: dict
    rows: list[dict]
    compared: Comparison | None


def dry_run(settings: Settings) -> None:
    """Prints every adb command of a run, and runs none."""
    adb = _adb(settings, echo=print)
    target = phone.Phone(
        adb,
        settings.tool,
        settings.timing,
        settings.phone,
        run_ids.new(),
    )
    target.identify()
    jobs = _jobs(settings, target)
    target.start()
    for job in jobs:
        target.run(job)
    target.close()


def run(settings: Settings) -> Results:
    """Measures, or continues to, and writes the results.

    Raises:
        BenchError: names what the user can mend; what was measured is kept.
    """
    baseline = None
    if settings.baseline:
        baseline = stores.read(pathlib.Path(settings.baseline))
    output = output_folder(settings.output, "bench")
    path = output / stores.RESULTS
    run_id = _run_id(settings, path)
    raw = outputs.no_raw
    if settings.save_raw:
        raw = outputs.raw_writer(output)
    target = _target(settings, run_id, raw)
    device = target.identify()
    jobs = _jobs(settings, target)
    identity = _identity(settings, device, jobs)
    header = outputs.header(
        settings.bundle, settings.tool, device, run_id, identity
    )
    if baseline is not None:
        baselines.compare([], header, baseline)  # Refuses before measuring.
    stores.check_free(output, settings.resume)
    with claims.claim(own_folder.make_folder(output)):
        store = stores.Store(path, header, settings.resume)
        with _told_how_to_continue(store):
            with progress_bar.Bar(total=len(jobs), unit="job") as progress:
                gate = settings.gate if settings.tool else None
                runner.execute(target, jobs, store, gate, progress)
        rows = _rows(settings, store)
        compared = None
        if baseline is not None:
            compared = baselines.compare(rows, store.header, baseline)
        store.finish(rows)
        outputs.write(output, store, rows, compared)
    return Results(output, store.header, rows, compared)


def output_folder(given: str | None, kind: str) -> pathlib.Path:
    """Returns the folder for results; without a name it is that of the time."""
    stamp = datetime.datetime.now().strftime(f"{kind}-%Y%m%d-%H%M%S")
    return atomic.resolve(stamp if given is None else given)


def _adb(settings: Settings, **options) -> Adb:
    return Adb(**dataclasses.asdict(settings.connection), **options)


def _target(settings: Settings, run_id: str, raw) -> phone.Phone | host.Host:
    if settings.tool is None:
        return host.Host(settings.timing, raw)
    return phone.Phone(
        _adb(settings),
        settings.tool,
        settings.timing,
        settings.phone,
        run_id,
        raw,
    )


def _jobs(settings: Settings, target: phone.Phone | host.Host) -> list[Job]:
    choice = settings.choice
    return plan.build(
        settings.bundle,
        choice.delegates,
        choice.threads,
        choice.repeats,
        choice.passes,
        choice.seed,
        matmul=settings.tool is None,
        affinities={a: target.most_threads(a) for a in settings.affinities},
        sustain=settings.timing.sustain_s > 0,
    )


def _run_id(settings: Settings, path: pathlib.Path) -> str:
    if not settings.resume:
        return run_ids.new()
    if not path.exists():
        raise BenchError(
            "`--resume` must meet a run in `--output`. Received: "
            f"{settings.output!r} without {stores.RESULTS}"
        )
    return run_ids.checked(stores.read(path)[0].get("run_id"))


def _identity(settings: Settings, device: dict, jobs: list[Job]) -> dict:
    """What must be the same for a run to be continued."""
    return {
        "device": device.get("fingerprint") or device.get("model"),
        "serial": device.get("serial"),
        "bundle": settings.bundle.sha256,
        "tool": settings.tool and settings.tool.sha256,
        "jobs": [job.id for job in jobs],
        "affinity": ",".join(settings.affinities),
        "tool_flags": list(settings.phone.tool_flags),
        "flags": dict(settings.flags),
    }


def _rows(settings: Settings, store: stores.Store) -> list[dict]:
    models = settings.bundle.models
    jobs = list(store.jobs.values())
    rows = row_maker.summarise(
        jobs,
        {model.name: model.tile for model in models},
        settings.frame,
        settings.spread_limit,
    )
    measured = models if settings.tool is None else ()
    macs = {model.name: macs_lib.total(model.path) for model in measured}
    ratios.add(rows, jobs, macs)
    of_run = fields.of_run(store.header)
    return [{**row, **of_run} for row in rows]


@contextlib.contextmanager
def _told_how_to_continue(store: stores.Store):
    try:
        yield
    except BenchError as error:
        if not store.jobs or "--resume" in str(error):
            raise
        raise BenchError(
            f"{error}; the finished jobs are kept, and the same command with "
            "--resume continues"
        ) from None
