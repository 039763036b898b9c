"""How long a run takes on this machine, and what it leaves on the disk.

Both are measured: some steps of the real `fit` are timed, and the files are
made as the run makes them, in memory.
"""

import dataclasses
import time

from fanet_tf.training import checkpoint
from fanet_tf.training import distribution
from fanet_tf.training import member_phase
from fanet_tf.training import members
from fanet_tf.training import step_clock
from fanet_tf.training import trainer as trainer_lib
from fanet_tf.training import validation as validation_lib
from fanet_tf.training.feed.schedule import Phase
from fanet_tf.training.plan import Plan

# More than the batches that wait when the clock starts, so that a slow source
# shows.
_STEPS = 64
_SECONDS = 20.0


@dataclasses.dataclass(frozen=True)
class Estimate:
    """What a run takes.

    Attributes:
        plan: of the run.
        steps_per_second: of each phase.
        validation_seconds: of one validation.
        checkpoint_bytes: of one checkpoint.
        member_bytes: of the weights of a finished member.
    """

    plan: Plan
    steps_per_second: list[float]
    validation_seconds: float
    checkpoint_bytes: int
    member_bytes: int

    @property
    def checkpoints(self) -> int:
        """How many checkpoints a finished member keeps."""
        train = self.plan.config.train
        saved = -(-train.steps // train.checkpoint_every)
        return min(train.keep_checkpoints, saved)

    @property
    def bytes_on_disk(self) -> int:
        """Checkpoints and weights of all members of the run."""
        one = self.checkpoints * self.checkpoint_bytes + self.member_bytes
        return len(self.plan.chosen) * one

    def validations(self, done: int = 0) -> int:
        """Returns how many validations a member has after `done` steps."""
        steps = self.plan.config.train.steps
        every = self.plan.config.validation.every
        return steps // every - done // every + (steps % every > 0)

    def seconds(self, done: int = 0) -> float:
        """Returns how long a member takes from `done` steps to its end."""
        phases = zip(self.plan.phases, self.steps_per_second, strict=True)
        return self.validations(done) * self.validation_seconds + sum(
            max(phase.last - max(phase.first, done), 0) / rate
            for phase, rate in phases
        )


def measure(plan: Plan, bank, index: int, steps: int = _STEPS) -> Estimate:
    """Times some steps of each phase of a member, and one validation.

    Args:
        plan: of the run.
        bank: see `pipeline.build_bank`.
        index: of the member.
        steps: so many are timed, fewer where they take long.
    """
    config = plan.config
    with distribution.local():
        validation = validation_lib.Validation(
            config, plan.profile, plan.ranges[index]
        )
    rates = []
    for phase in plan.phases:
        with distribution.spread(phase.batch_size):
            trainer = member_phase.build_trainer(config, phase, index)
            rates.append(_rate(plan, trainer, phase, bank, index, steps))
            weights = trainer_lib.ema_weights(trainer)
    with distribution.local():
        half = config.data.patch_size // 2
        member = members.build(config.model, half, half)
        # The first frames trace the graph.
        validation.denoise(weights, validation.gains[0])
        start = time.perf_counter()
        validation.record(weights)
        seconds = time.perf_counter() - start
    state = trainer_lib.get_state(trainer)
    return Estimate(
        plan,
        rates,
        seconds,
        len(checkpoint.encode(config.train.steps, state)),
        len(members.saved(member)),
    )


def _rate(plan, trainer, phase: Phase, bank, index, steps) -> float:
    """Returns how many steps of a phase a second takes."""
    count = step_clock.WARM_UP + steps
    timed = dataclasses.replace(phase, last=phase.first + count)
    clock = step_clock.StepClock(steps, _SECONDS)
    member_phase.fit(
        trainer,
        member_phase.batches(plan, timed, index, bank, phase.first),
        phase.batch_size,
        count,
        [clock],
        lambda: (
            f"one of the batches of steps {timed.first + 1} to {timed.last}"
        ),
    )
    return clock.steps_per_second()
