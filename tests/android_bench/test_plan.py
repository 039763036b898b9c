import collections

import pytest

from android_bench import bundle as bundles
from android_bench import plan
from android_bench.errors import BenchError


@pytest.fixture
def pair(make_bundle):
    return bundles.read(make_bundle(members=2))


def build(models, **changes):
    options = {
        "delegates": ["cpu", "gpu"],
        "threads": [1, 4],
        "repeats": 3,
        "passes": list(plan.PASSES),
        "seed": 0,
    }
    return plan.build(models, **{**options, **changes})


def test_matrix_product_is_measured_in_every_round(pair):
    jobs = build(pair, matmul=True)
    assert len({job.id for job in jobs}) == len(jobs)
    products = [(j.round, j.threads) for j in jobs if j.kind == "matmul"]
    assert sorted(products) == [(n, t) for n in range(3) for t in (1, 4)]


def test_every_configuration_is_measured_once_a_round(pair):
    jobs = build(pair)
    assert len({job.id for job in jobs}) == len(jobs)
    counted = collections.Counter(job.kind for job in jobs)
    # Two members in two recipes; CPU with 1 and 4 threads, GPU once.
    assert counted == {
        "output": 8,
        "latency": 36,
        "reference_run": 4,
        "memory": 12,
        "profile": 12,
    }
    for number in range(3):
        configs = [
            (j.model.name, j.delegate, j.threads)
            for j in jobs
            if j.kind == "latency" and j.round == number
        ]
        assert len(configs) == len(set(configs)) == 12


def test_rounds_are_interleaved_between_canaries(pair):
    kinds = [
        job.kind
        for job in build(pair)
        if job.kind in ("latency", "reference_run")
    ]
    assert kinds == (["reference_run"] + ["latency"] * 12) * 3 + [
        "reference_run"
    ]


def test_order_follows_the_seed(pair):
    assert build(pair, seed=1) == build(pair, seed=1)
    assert build(pair, seed=1) != build(pair, seed=2)
    orders = [
        [j.model.name for j in build(pair) if j.kind == "latency"][s : s + 12]
        for s in (0, 12)
    ]
    assert orders[0] != orders[1]


def test_unknown_pass_is_refused(pair):
    with pytest.raises(BenchError, match="Received: speed"):
        build(pair, passes=["speed"])


def test_clusters_are_measured_with_as_many_threads_as_have_room(pair):
    jobs = build(
        pair,
        affinities={"big": 1, "mid": 3, "little": 4},
        passes=["output", "latency"],
    )
    assert len({job.id for job in jobs}) == len(jobs)
    timed = {
        (job.affinity, job.threads)
        for job in jobs
        if (job.kind, job.delegate) == ("latency", "cpu")
    }
    # Of --threads=1,4.
    assert timed == {
        ("big", 1),
        ("mid", 1),
        ("mid", 3),
        ("little", 1),
        ("little", 4),
    }
    others = {
        (job.affinity, job.threads)
        for job in jobs
        if job.kind in ("output", "reference_run") or job.delegate == "gpu"
    }
    assert others == {("big", 1)}


def test_sustained_runs_come_last(pair):
    kinds = [job.kind for job in build(pair, sustain=True)]
    assert kinds[-12:] == ["sustain"] * 12
    assert "sustain" not in kinds[:-12]


def test_the_usual_cores_leave_no_mark_in_a_job(pair):
    plain = [job.id for job in build(pair)]
    assert plain == [job.id for job in build(pair, affinities={"fast": None})]
