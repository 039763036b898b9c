import io

import pytest
from tqdm import tqdm

from android_bench import bundle as bundles
from android_bench import plan
from android_bench import runner
from android_bench.errors import AdbError
from android_bench.errors import BenchError
from android_bench.results import store as stores
from android_bench.runner import Gate

HEADER = {"type": "run", "schema_version": 1, "identity": {}}
COOL = {"thermal_status": 0, "skin_c": 31.0}
HOT = {"thermal_status": 2, "skin_c": 45.0}


class Target:
    """Answers with prepared conditions and records; keeps what was done."""

    def __init__(self, conditions=(), after=(), fails=None):
        self.conditions, self.after = list(conditions), list(after)
        self.fails = fails
        self.done = []

    def condition(self):
        return self.conditions.pop(0) if self.conditions else COOL

    def start(self):
        self.done.append("start")
        return {}

    def run(self, job):
        self.done.append(job.id)
        if self.fails and len(self.done) > 2:
            raise self.fails
        after = self.after.pop(0) if self.after else COOL
        return {"status": "ok", "after": after, "latency": {"median_us": 1.0}}

    def close(self):
        self.done.append("close")


@pytest.fixture
def jobs(bundle):
    return plan.build(
        bundles.read(bundle), ["cpu"], [1], 1, ["output", "latency"], 0
    )


def execute(target, jobs, path, resume=False, gate=None):
    store = stores.Store(path, HEADER, resume)
    pauses = []
    progress = tqdm(total=len(jobs), file=io.StringIO())
    runner.execute(target, jobs, store, gate or Gate(), progress, pauses.append)
    return store, pauses


def test_every_job_runs_once_and_the_phone_is_left(jobs, tmp_path):
    target = Target()
    store, pauses = execute(target, jobs, tmp_path / "r.jsonl")
    assert target.done == ["start", *[job.id for job in jobs], "close"]
    assert list(store.jobs) == [job.id for job in jobs]
    assert pauses == []


def test_hot_phone_is_waited_for(jobs, tmp_path):
    target = Target(conditions=[HOT, HOT])
    store, pauses = execute(target, jobs, tmp_path / "r.jsonl")
    assert pauses == [10.0, 10.0]
    assert sum(record["cooled_s"] for record in store.jobs.values()) == 20


def test_process_that_heated_the_phone_is_repeated(jobs, tmp_path):
    # The first two jobs are output checks; the third is a reference run.
    target = Target(after=[COOL, COOL, HOT, COOL])
    store, _ = execute(target, jobs, tmp_path / "r.jsonl")
    reference = store.jobs[jobs[2].id]
    assert reference["tries"] == 2
    assert "throttled" not in reference


def test_phone_that_heats_up_each_time_is_marked(jobs, tmp_path):
    target = Target(after=[COOL, COOL, HOT, HOT, HOT])
    store, _ = execute(target, jobs, tmp_path / "r.jsonl")
    reference = store.jobs[jobs[2].id]
    assert reference["tries"] == 3
    assert "thermal status 2" in reference["throttled"]


def test_cool_down_is_bounded():
    pauses = []
    gate = Gate(timeout_s=60, poll_s=20)
    with pytest.raises(BenchError, match="within 60 s.*thermal status 2"):
        gate.wait(lambda: HOT, lambda text: None, pauses.append)
    assert pauses == [20, 20, 20]


def test_warm_skin_is_too_hot_and_unknown_is_not():
    gate = Gate(max_c=40)
    assert gate.too_hot({"skin_c": 40.5})
    assert gate.too_hot({"battery_c": 41.0})
    assert gate.too_hot({}) is None


def test_low_battery_stops_the_run():
    with pytest.raises(BenchError, match="at least 20 %.*Received: 7 %"):
        Gate().wait(lambda: {"battery_percent": 7}, print)


def test_failure_keeps_what_was_done_and_resumes(jobs, tmp_path):
    path = tmp_path / "r.jsonl"
    target = Target(fails=AdbError("lost for good"))
    with pytest.raises(AdbError, match="lost for good"):
        execute(target, jobs, path)
    assert target.done[-1] == "close"
    again = Target()
    store, _ = execute(again, jobs, path, resume=True)
    assert again.done == ["start", *[j.id for j in jobs[1:]], "close"]
    assert list(store.jobs) == [job.id for job in jobs]


def test_both_failures_are_told(jobs, tmp_path):
    class Stuck(Target):
        def close(self):
            raise AdbError("cannot restore")

    with pytest.raises(BenchError, match="lost.*; then: cannot restore"):
        execute(Stuck(fails=AdbError("lost")), jobs, tmp_path / "r.jsonl")


def test_finished_run_touches_nothing(jobs, tmp_path):
    path = tmp_path / "r.jsonl"
    execute(Target(), jobs, path)
    again = Target()
    execute(again, jobs, path, resume=True)
    assert again.done == []


class Wrong(Target):
    """Gives wrong outputs of the models whose name ends so."""

    def __init__(self, ending):
        super().__init__()
        self.ending = ending

    def run(self, job):
        record = super().run(job)
        if job.kind == "output" and job.model.name.endswith(self.ending):
            record.update(status="failed", reason="wrong")
        return record


def test_a_model_with_a_wrong_output_is_not_timed(jobs, tmp_path):
    target = Wrong("float32")
    store, _ = execute(target, jobs, tmp_path / "r.jsonl")
    timed = [record for record in store.jobs.values() if "latency" in record]
    assert {r["recipe"] for r in timed if r["kind"] == "latency"} == {
        "dynamic_wi8_afp32"
    }
    # The reference run of the others stays, though it is that model.
    assert [r["kind"] for r in timed].count("reference_run") == 2
    again = Target()
    execute(again, jobs, tmp_path / "r.jsonl", resume=True)
    assert again.done == []


def test_nothing_is_timed_when_every_output_is_wrong(jobs, tmp_path):
    target = Wrong("")
    store, _ = execute(target, jobs, tmp_path / "r.jsonl")
    assert {record["kind"] for record in store.jobs.values()} == {"output"}
