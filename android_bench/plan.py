"""What is measured, and in which order.

Repeats are separate processes and are interleaved: every round measures each
configuration once, in a shuffled order that the seed fixes, so a phone that
slows down slows all of them alike. A reference run (the
first model on the CPU) precedes and follows every round; when it slows down,
the round must not be compared.
"""

import dataclasses
import random

from android_bench.bundle import Bundle
from android_bench.bundle import Model
from android_bench.errors import BenchError

PASSES = ("output", "latency", "memory", "profile")


@dataclasses.dataclass(frozen=True)
class Job:
    """One process of the measuring tool.

    Attributes:
        model: what it runs; of a `matmul` the first, which does not run.
        delegate: who executes.
        threads: on the CPU.
        kind: `output`, `latency`, `reference_run`, `matmul`, `memory`
            or `profile`.
        round: of the repeats, from 0.
    """

    model: Model
    delegate: str
    threads: int
    kind: str
    round: int = 0

    @property
    def id(self) -> str:
        """Unique in a plan, stable between runs, safe in a file name."""
        config = f"{self.model.name}.{self.delegate}.t{self.threads}"
        return f"{self.kind}.{config}.r{self.round}"


def build(
    bundle: Bundle,
    delegates: list[str],
    threads: list[int],
    repeats: int,
    passes: list[str],
    seed: int,
    matmul: bool = False,
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
    """
    unknown = sorted(set(passes) - set(PASSES))
    if unknown:
        raise BenchError(
            f"`--passes` must be among {', '.join(PASSES)}. "
            f"Received: {', '.join(unknown)}"
        )
    configs = [
        (model, delegate, count)
        for model in bundle.models
        for delegate in delegates
        for count in (threads if _on_cpu(delegate) else threads[:1])
    ]
    jobs = []
    if "output" in passes:
        jobs += [
            Job(model, delegate, threads[0], "output")
            for model in bundle.models
            for delegate in delegates
        ]
    if "latency" in passes:
        generator = random.Random(seed)
        reference = (bundle.models[0], "cpu", threads[0])
        timed = [(*config, "latency") for config in configs]
        if matmul:
            timed += [(*reference[:2], n, "matmul") for n in threads]
        for number in range(repeats):
            jobs.append(Job(*reference, "reference_run", number))
            order = generator.sample(timed, len(timed))
            jobs += [Job(*config, number) for config in order]
        jobs.append(Job(*reference, "reference_run", repeats))
    for kind in ("memory", "profile"):
        if kind in passes:
            jobs += [Job(*config, kind) for config in configs]
    return jobs


def _on_cpu(delegate: str) -> bool:
    return not delegate.startswith(("gpu", "npu"))
