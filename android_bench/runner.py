"""Takes a plan through, job by job, and keeps what was finished."""

import dataclasses
import signal
import time
from collections.abc import Callable

from android_bench.errors import BenchError
from android_bench.plan import Job
from android_bench.results.fields import hottest_c
from android_bench.results.store import Store

# A closed terminal or a lost ssh session sends SIGHUP, where there is one.
ENDING_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP")
    if hasattr(signal, name)
)
_TRIES = 3


@dataclasses.dataclass(frozen=True)
class Gate:
    """When a phone is cool enough to be measured.

    Attributes:
        max_status: Android's thermal status: 0 none, 1 light, 2 moderate...
        max_c: of the skin, else of the battery.
        min_battery_percent: low batteries slow phones down.
        timeout_s: how long a cool-down may take.
        poll_s: between two looks.
    """

    max_status: int = 0
    max_c: float = 40.0
    min_battery_percent: int = 20
    timeout_s: float = 900.0
    poll_s: float = 10.0

    def too_hot(self, sample: dict) -> str | None:
        """Why the phone is too hot, or None."""
        status = sample.get("thermal_status", 0)
        if status > self.max_status:
            return f"thermal status {status} (at most {self.max_status})"
        celsius = hottest_c(sample)
        if celsius is not None and celsius > self.max_c:
            return f"{celsius:.1f} degrees (at most {self.max_c:g})"
        return None

    def wait(
        self,
        sample: Callable[[], dict],
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> float:
        """Waits until the phone is ready.

        Returns:
            Seconds waited.

        Raises:
            BenchError: it stayed hot for too long, or its battery is low.
        """
        waited = 0.0
        while True:
            now = sample()
            percent = now.get("battery_percent", 100)
            if percent < self.min_battery_percent:
                raise BenchError(
                    "the battery must hold at least "
                    f"{self.min_battery_percent} %; charge it, then --resume. "
                    f"Received: {percent} %"
                )
            reason = self.too_hot(now)
            if reason is None:
                return waited
            if waited >= self.timeout_s:
                raise BenchError(
                    f"the phone must cool down within {self.timeout_s:g} s; "
                    f"let it rest, then --resume. Received: {reason}"
                )
            say(f"cooling, {reason}")
            sleep(self.poll_s)
            waited += self.poll_s


def execute(
    target,
    jobs: list[Job],
    store: Store,
    gate: Gate | None,
    progress,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Runs the jobs that the store does not hold yet.

    Args:
        target: a `Phone` or a `Host`, identified.
        jobs: in order.
        store: receives a record a job, at once.
        gate: None on machines that have no thermal status.
        progress: a tqdm bar over `jobs`.
        sleep: stands in for `time.sleep` in tests.
    """
    todo = _todo(jobs, store)
    progress.update(len(jobs) - len(todo))
    if not todo:
        return
    try:
        store.header["environment"] = target.start()
        while todo:
            job = todo[0]
            progress.set_description_str(f"{job.kind} {job.model.name}")
            store.add(_run(target, job, gate, progress, sleep))
            left, todo = len(todo), _todo(jobs, store)
            progress.update(left - len(todo))
    except BaseException as error:
        _close(target, error)
        raise
    _close(target, None)


def _todo(jobs: list[Job], store: Store) -> list[Job]:
    """Returns the jobs that are still worth their time.

    A model whose output is wrong is not timed; and without a model to time, no
    reference run is needed.
    """
    failed = {
        (record["model"], record["delegate"])
        for record in store.jobs.values()
        if record["kind"] == "output" and record["status"] == "failed"
    }
    kept = [
        job
        for job in jobs
        if job.kind in ("output", "reference_run", "matmul")
        or (job.model.name, job.delegate) not in failed
    ]
    if not any(job.kind == "latency" for job in kept):
        kept = [job for job in kept if job.kind != "reference_run"]
    return [job for job in kept if job.id not in store.jobs]


def _run(target, job: Job, gate: Gate | None, progress, sleep) -> dict:
    timed = job.kind in ("latency", "reference_run")
    # A sustained run begins cool, and is meant to grow hot.
    begins_cool = timed or job.kind == "sustain"
    cooled = 0.0
    for attempt in range(_TRIES):
        if gate is not None and begins_cool:
            cooled += gate.wait(
                target.condition, progress.set_postfix_str, sleep
            )
            progress.set_postfix_str("")
        started = time.time()
        record = target.run(job)
        hot = gate.too_hot(record.get("after", {})) if gate and timed else None
        if hot is None or attempt == _TRIES - 1:
            break
    return {
        "id": job.id,
        "kind": job.kind,
        "model": job.model.name,
        "member": job.model.member,
        "recipe": job.model.recipe,
        "delegate": job.delegate,
        "threads": job.threads,
        "affinity": job.affinity,
        "round": job.round,
        "started": started,
        "cooled_s": cooled,
        "tries": attempt + 1,
        **({"throttled": hot} if hot else {}),
        **record,
    }


def _close(target, error: BaseException | None) -> None:
    """Leaves the phone as it was; a second Ctrl-C does not stop that."""
    previous = {
        number: signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGINT, *ENDING_SIGNALS)
    }
    try:
        target.close()
    except BenchError as second:
        if error is None or str(error) == str(second):
            raise
        raise BenchError(f"{error}; then: {second}") from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
