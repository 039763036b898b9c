"""What of a run's config may change between two starts, and what it becomes.

A run keeps the fields that its steps were trained with. Some say nothing about
the steps done and may have another value from now on; `train.steps` is one of
them, as long as no member has done more:

* the steps done keep the rates that they had;
* step `k` from now on has the rate and the patches of step `k` of a run of the
  new length. A finished run of 1,000 steps that is raised to 2,000 goes on at
  half the peak rate, as a run of 2,000 has it there, and ends at 0 again.

Which rate a step has depends on the number of the step and the length in force
alone, so an extended run that is killed also ends with the same bits.
"""

import dataclasses
import json
import pathlib

from fanet_tf import config as config_lib
from fanet_tf.errors import InputError
from fanet_tf.models import own_network
from fanet_tf.training import journal_file

STEPS = ("train", "steps")

# Nothing that a run leaves behind depends on them.
_FREE = {
    ("nsma", "only"),
    ("train", "keep_checkpoints"),
    ("train", "checkpoint_every"),
    ("data", "service"),
}
# These decide what comes and not what was done; the journal says when they
# changed. So do all fields of `validation`.
_LATER = {
    STEPS,
    ("nsma", "reference_signal"),
    ("train", "log_every"),
    ("train", "deterministic"),
}


@dataclasses.dataclass(frozen=True)
class Change:
    """A field that differs between a run and the config it is started with.

    Attributes:
        field: `(section, name)`, or `(name,)`.
        there: its value in the run.
        now: the one it shall have.
    """

    field: tuple[str, ...]
    there: object
    now: object

    @property
    def name(self) -> str:
        """The field as a config has it."""
        return ".".join(self.field)

    @property
    def is_later(self) -> bool:
        """Whether it may change for the steps to come."""
        return self.field in _LATER or self.field[0] == "validation"

    def __str__(self):
        return f"{self.name}: {self.there!r} there, {self.now!r} now"


def flat(record: dict) -> dict[tuple[str, ...], object]:
    """Turns sections of fields into `(section, field)`."""
    fields = {}
    for name, value in record.items():
        if isinstance(value, dict):
            fields.update({(name, field): v for field, v in value.items()})
        else:
            fields[(name,)] = value
    return fields


def between(theirs: dict, mine: dict) -> list[Change]:
    """Returns the fields that differ and say something about the run.

    Args:
        theirs: the config of the run.
        mine: the one that it is started with, as JSON gives it.
    """
    there = flat(json.loads(json.dumps(theirs)))
    now = flat(mine)
    # A field that is younger than the run had its default.
    defaults = flat(json.loads(config_lib.default_config().to_json()))
    found = []
    for field in sorted({*there, *now} - _FREE):
        change = Change(
            field, there.get(field, defaults.get(field)), now.get(field)
        )
        if change.there != change.now:
            found.append(change)
    return found


def check(changes: list[Change], workdir, done: dict[int, int]) -> None:
    """Refuses a change of what the steps done were trained with.

    Args:
        changes: of `between`.
        workdir: folder of the run.
        done: member -> its steps done.

    Raises:
        InputError: names each such field, and the ways out.
    """
    refused = [change for change in changes if not change.is_later]
    if refused:
        raise InputError(
            f"{workdir}: a run must keep what its steps were trained with; "
            "train.steps, train.log_every and validation may change. Received: "
            f"{'; '.join(map(str, refused))}. {_way_out(refused, workdir)}"
        )
    most = max(done.values(), default=0)
    for change in changes:
        if change.field == STEPS and change.now < most:
            raise InputError(
                f"{workdir}: train.steps must be at least {most}, which a "
                f"member has done. Received: {change.now}"
            )


def _way_out(refused, workdir) -> str:
    if any(change.there == own_network.NAME for change in refused):
        return f"{own_network.FLAG} names the network of this run"
    if any(change.field[0] == "model" for change in refused):
        return "Another --workdir starts a new run"
    return (
        "Another --workdir starts a new run; with "
        f"--config.train.init_from={workdir} it starts from the weights of "
        "this one once it is finished (a smaller --config.train.steps "
        "finishes it sooner)"
    )


def record(changes: list[Change], folder: pathlib.Path, step: int) -> None:
    """Writes changes into the journal of a member, once.

    Args:
        changes: that have been checked.
        folder: of the member.
        step: that it has done.
    """
    changed = {c.name: [c.there, c.now] for c in changes}
    entry = {"step": step, "changed": changed}
    path = folder / "metrics.jsonl"
    records = [r for r in journal_file.read(path) if r["step"] <= step]
    if records[-1:] != [entry]:  # A kill may have come after it.
        journal_file.replace(path, [*records, entry])


def recorded(folder: pathlib.Path) -> list[dict]:
    """Returns the changes in the journal of a member, the oldest first.

    Each is `{"step": ..., "changed": {field: [before, after]}}`.
    """
    records = journal_file.read(folder / "metrics.jsonl")
    return [r for r in records if "changed" in r]
