"""Says what a training would do, and trains nothing: `fanet-train --dry_run`.

Refuses what the training would refuse. Of the run's folder it only reads.
"""

from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from fanet_tf import variants
from fanet_tf.files import atomic
from fanet_tf.models import cost_table
from fanet_tf.training import estimate as estimate_lib
from fanet_tf.training import example_batch
from fanet_tf.training import member_phase
from fanet_tf.training import page
from fanet_tf.training import plan as plan_lib
from fanet_tf.training import run_folder
from fanet_tf.training import teacher
from fanet_tf.training.feed import inventory
from fanet_tf.training.feed import pipeline
from fanet_tf.training.plan import Plan

_MB = 1e6


def lines(config: ConfigDict, workdir, picture) -> Iterator[str]:
    """Yields what would be trained, line by line, as it is found.

    Args:
        config: see `config.default_config`.
        workdir: of the run, or None; where a run is, its steps are counted.
        picture: of the example batch, a PNG; written last.

    Raises:
        InputError: the config is impossible, not that of `workdir`, or
            `picture` lies where something else is.
        callbacks.NonFiniteError: a batch is not a number.
    """
    picture = atomic.resolve(picture)
    example_batch.check_output(picture)
    plan, done = _check(config, workdir)
    if not done:
        yield f"{workdir} is finished."
        return
    if config.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    yield _line("Network", _network(config.model.to_dict()))
    yield _line("Noise", _noise(plan))
    yield _line("Camera", config.data.camera)
    yield _line("Members", _members(plan, done))
    yield _line("Steps", _steps(plan))
    bank = pipeline.build_bank(config.data, plan.phases, config.seed)
    largest = max(phase.patch_size for phase in plan.phases)
    for entry in inventory.take(config.data, bank, largest, config.seed):
        yield _line("Source", _source(entry))
    first = next(iter(done))
    estimate = estimate_lib.measure(plan, bank, first)
    yield _line("Time", _time(estimate, done))
    yield _line("Disk", _disk(estimate))
    rendered = example_batch.render(
        plan, bank, member_phase.seed(config, first)
    )
    example_batch.write(picture, rendered)
    rows = ", ".join(f"{gain:g}" for gain in example_batch.gains(plan))
    yield _line("Picture", f"{picture}: clean, noisy at gains {rows}")


def _check(config, workdir) -> tuple[Plan, dict[int, int]]:
    """Returns the plan, and the steps done of each member that has some left.

    Refuses what the training refuses before it loads images.
    """
    run_folder.check(config, workdir)
    teacher.check(config.loss.teacher, workdir)
    plan = plan_lib.of(config)
    if workdir is None:
        return plan, dict.fromkeys(plan.chosen, 0)
    if atomic.resolve(workdir).exists():
        page.place(workdir)
    todo = run_folder.unfinished(workdir, plan.chosen, config.train.steps)
    return plan, {i: run_folder.last_checkpoint(workdir, i)[0] for i in todo}


def _line(title: str, text: str) -> str:
    return f"{title:<9} {text}"


def _network(model: dict) -> str:
    name = variants.title(model) or model["name"]
    cost = cost_table.report(name, model, with_radius=False).cost
    return (
        f"{name}: {cost.parameters:,} parameters, "
        f"{cost.gmacs_per_mp:.2f} GMACs/MP"
    )


def _noise(plan: Plan) -> str:
    profile, data = plan.profile, plan.config.data
    low, high = profile.gain_range
    law = data.read_noise_law
    if law == "auto":
        law = profile.default_read_noise_law()
    return (
        f"{profile.sensor} ({profile.status}), gains {low:g} to {high:g}, "
        f"read_noise_law {law}, realism {data.realism}"
    )


def _members(plan: Plan, done: dict[int, int]) -> str:
    members = []
    for index, steps in done.items():
        low, high = (float(plan.profile.gain(a)) for a in plan.ranges[index])
        begun = f", {steps:,} steps done" * bool(steps)
        members.append(f"{index} (gains {low:.3g} to {high:.3g}{begun})")
    return f"{len(done)} of {len(plan.ranges)}: {', '.join(members)}"


def _steps(plan: Plan) -> str:
    parts = [
        f"{p.last - p.first:,} on {p.batch_size} crops of {p.patch_size} x "
        f"{p.patch_size} pixels"
        for p in plan.phases
    ]
    return ", then ".join(parts)


def _source(entry: inventory.Entry) -> str:
    images = f"{entry.count:,} image" + "s" * (entry.count != 1)
    text = f"{entry.name}: {images}, {entry.share:.0%} of crops"
    if entry.sharpness.size:
        low, middle, high = np.percentile(entry.sharpness, (25, 50, 75))
        text += f", sharpness {middle:.2f} ({low:.2f} to {high:.2f})"
    if entry.brightness.size:
        text += f", mean {np.median(entry.brightness):.2f}"
    return text


def _time(estimate: estimate_lib.Estimate, done: dict[int, int]) -> str:
    rates = ", then ".join(f"{r:.3g}" for r in estimate.steps_per_second)
    count = sum(map(estimate.validations, done.values()))
    return (
        f"{_duration(sum(map(estimate.seconds, done.values())))}: {rates} "
        f"steps a second on this machine, {count:,} validations of "
        f"{estimate.validation_seconds:.2g} s"
    )


def _duration(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds / 60:.1f} minutes"
    return f"{seconds / 3600:,.1f} hours"


def _disk(estimate: estimate_lib.Estimate) -> str:
    return (
        f"{estimate.bytes_on_disk / _MB:,.1f} MB: for each member "
        f"{estimate.checkpoints} checkpoints of "
        f"{estimate.checkpoint_bytes / _MB:.1f} MB and weights of "
        f"{estimate.member_bytes / _MB:.1f} MB"
    )
