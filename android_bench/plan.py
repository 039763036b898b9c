"""What is measured, and in which order.

Repeats are separate processes and are interleaved: every round measures each
configuration once, in a shuffled order that the seed fixes, so a phone that
slows down slows all of them alike. A reference run (the first model on the
CPU) precedes and follows every round; when it slows down, the round must not
be compared. Sustained runs heat the phone: they come last.
"""

import dataclasses
import random
from collections.abc import Mapping

from android_bench.bundle import Bundle
from android_bench.bundle import Model
from android_bench.errors import BenchError
from android_bench.phone.cores import FAST

PASSES = ("output", "latency", "memory", "profile")


@dataclasses.dataclass(frozen=True)
class Job:
    """One process of the measuring tool.

    Attributes:
        model: what it runs; of a `matmul` the first, which does not run.
        delegate: who executes.
        threads: on the CPU.
        kind: `output`, `latency`, `reference_run`, `matmul`, `memory`,
            `profile` or `sustain`.
        round: of the repeats, from 0.
        affinity: on which cores of a phone; empty on this machine.
    """

    model: Model
    delegate: str
    threads: int
    kind: str
    round: int = 0
    affinity: str = ""

    @property
    def id(self) -> str:
        """Unique in a plan, stable between runs, safe in a file name."""
        config = f"{self.model.name}.{self.delegate}.t{self.threads}"
        if self.affinity not in ("", FAST):
            config += f".{self.affinity}"
        return f"{self.kind}.{config}.r{self.round}"


def build(
    bundle: Bundle,
    delegates: list[str],
    threads: list[int],
    repeats: int,
    passes: list[str],
    seed: int,
    matmul: bool = False,
    affinities: Mapping[str, int | None] | None = None,
    sustain: bool = False,
) -> list[Job]:
    """Every job in the order it runs.

    Args:
        bundle: the models.
        delegates: names of delegates; `gpu` and `npu` run once for all
            numbers of threads.
        threads: numbers of CPU threads.
        repeats: processes a configuration.
        passes: those of `PASSES` to run.
        seed: of the order within a round.
        matmul: also measure the machine's matrix product in every round, with
            each number of threads.
        affinities: the cores of a phone, one after another, and how many
            threads have room on each; None: any number. The first serves
            delegates that are not on the CPU.
        sustain: also run each configuration without a pause.
    """
    unknown = sorted(set(passes) - set(PASSES))
    if unknown:
        raise BenchError(
            f"`--passes` must be among {', '.join(PASSES)}. "
            f"Received: {', '.join(unknown)}"
        )
    bindings = _bindings(threads, affinities or {"": None})
    configs = [
        (model, delegate, *binding)
        for model in bundle.models
        for delegate in delegates
        for binding in (bindings if _on_cpu(delegate) else bindings[:1])
    ]
    jobs = []
    if "output" in passes:
        jobs += [
            _job(model, delegate, *bindings[0], "output")
            for model in bundle.models
            for delegate in delegates
        ]
    if "latency" in passes:
        generator = random.Random(seed)
        reference = (bundle.models[0], "cpu", *bindings[0])
        timed = [(*config, "latency") for config in configs]
        if matmul:
            timed += [(*reference[:2], *b, "matmul") for b in bindings]
        for number in range(repeats):
            jobs.append(_job(*reference, "reference_run", number))
            order = generator.sample(timed, len(timed))
            jobs += [_job(*config, number) for config in order]
        jobs.append(_job(*reference, "reference_run", repeats))
    others = [kind for kind in ("memory", "profile") if kind in passes]
    for kind in [*others, *(["sustain"] if sustain else [])]:
        jobs += [_job(*config, kind) for config in configs]
    return jobs


def _bindings(
    threads: list[int], affinities: Mapping[str, int | None]
) -> list[tuple[int, str]]:
    """Numbers of threads on each kind of cores, as many as have room there."""
    return list(
        dict.fromkeys(
            (count if most is None else min(count, most), affinity)
            for affinity, most in affinities.items()
            for count in threads
        )
    )


def _job(
    model: Model,
    delegate: str,
    threads: int,
    affinity: str,
    kind: str,
    number: int = 0,
) -> Job:
    return Job(model, delegate, threads, kind, number, affinity)


def _on_cpu(delegate: str) -> bool:
    return not delegate.startswith(("gpu", "npu"))
