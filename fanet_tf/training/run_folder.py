"""The folder of a run: its files, and the config that it belongs to."""

import dataclasses
import json
import pathlib

from absl import logging
from ml_collections import ConfigDict

from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import inputs
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json
from fanet_tf.files import values
from fanet_tf.training import changes as changes_lib
from fanet_tf.training import checkpoint

_NAMES = ("teacher.json", "training.html")
# What a member's folder holds before its first checkpoint.
_BEFORE_STEPS = ("metrics.jsonl", "tensorboard", "checkpoints")


def member_folder(workdir, index: int) -> pathlib.Path:
    """Returns the folder of one member."""
    return pathlib.Path(workdir) / f"member_{index}"


def is_finished(workdir, index: int, steps: int = 0) -> bool:
    """Tells whether a member has the final weights of so many steps.

    A member whose run is being extended keeps those that it had until then.
    """
    trained = _trained_steps(member_folder(workdir, index), steps)
    return trained is not None and trained >= steps


def unfinished(workdir, chosen: list[int], steps: int) -> list[int]:
    """Returns those of the chosen members that have steps left."""
    return [i for i in chosen if not is_finished(workdir, i, steps)]


def _trained_steps(folder, default: int) -> int | None:
    """Returns the steps of a finished member; None: it is not finished."""
    path = folder / "member.json"
    if not path.exists():
        return None
    # A run may be older than the field.
    steps = strict_json.read_object(path).get("steps", default)
    return values.integer("steps", steps, low=0)


def steps_done(workdir) -> dict[int, int]:
    """Returns the steps of every member of a run that has done some."""
    done = {}
    for folder in pathlib.Path(workdir).glob("member_*"):
        number = folder.name.removeprefix("member_")
        if number.isdecimal():
            saved = checkpoint.latest(folder / "checkpoints") or (0, None)
            steps = max(saved[0], _trained_steps(folder, 0) or 0)
            if steps:
                done[int(number)] = steps
    return dict(sorted(done.items()))


def last_checkpoint(workdir, index: int):
    """Returns `(step, arrays)` of a member's last checkpoint, or `(0, None)`.

    Raises:
        InputError: the member is finished and has lost its checkpoint.
    """
    folder = member_folder(workdir, index)
    step, arrays = checkpoint.latest(folder / "checkpoints") or (0, None)
    if not step and is_finished(workdir, index):
        raise InputError(
            f"{folder}: a finished member must have a checkpoint to be trained "
            "further; another --workdir starts from its weights with "
            f"--config.train.init_from={workdir}. Received: none"
        )
    return step, arrays


def read_config(workdir) -> ConfigDict:
    """Reads the config of a run from its folder.

    An older run's sections come in today's fields.
    """
    path = pathlib.Path(workdir) / "config.json"
    if not path.exists():
        raise InputError(
            f"{workdir}: must be the folder of a run, with a config.json."
        )
    record = strict_json.read_object(path)
    if "model" in record:
        record["model"] = variants.current(record["model"])
    data = record.get("data", {})
    if "b_law" in data:  # Its name until 0.1.
        data["read_noise_law"] = data.pop("b_law")
    return ConfigDict(record)


def trained_file(source, index: int, field: str) -> pathlib.Path:
    """Returns the `.keras` file that a config's field names.

    Args:
        source: a `.keras` file, or the folder of a finished run: its member
            `index`, or its first one, since a shared start has no other.
        index: of the member that wants it.
        field: of the config, for the refusal.
    """
    path = pathlib.Path(source)
    if path.is_dir():
        own = member_folder(path, index) / "member.keras"
        path = own if own.exists() else member_folder(path, 0) / "member.keras"
    if not path.is_file():
        raise InputError(
            f"`{field}` must be a .keras file or the folder of a finished "
            f"run. Received: {source!r}"
        )
    return path


@dataclasses.dataclass
class Claim:
    """A run's folder with the config that it is started with.

    Attributes:
        workdir: the folder.
        new: whether this starts a new run.
        done: member -> steps done when the run was started.
        before: file -> its text, of those that the start has changed.
    """

    workdir: pathlib.Path
    new: bool
    done: dict[int, int] = dataclasses.field(default_factory=dict)
    before: dict[pathlib.Path, str] = dataclasses.field(default_factory=dict)

    def withdraw(self) -> None:
        """Leaves the folder as it was; nothing happens after the first step."""
        if self.new:
            release(self.workdir)
        elif self.before and steps_done(self.workdir) == self.done:
            for path, text in self.before.items():
                atomic.write_text(path, text, overwrite=True)


def claim(config: ConfigDict, workdir) -> Claim:
    """Writes `config.json`, or compares with the one that is there.

    What may change for the steps to come (`changes`) is written into the
    config and into the journal of every member that has begun. A run whose
    members have done no step can be corrected in every field.

    Raises:
        InputError: names each field that may not change, and the way out.
    """
    workdir = pathlib.Path(workdir)
    path = workdir / "config.json"
    mine = _record(config)
    found = []
    if path.exists():
        found = changes_lib.between(read_config(workdir).to_dict(), mine)
        if found and _is_untrained(workdir):
            release(workdir)
    if not path.exists():
        _check_new(workdir)
        atomic.write_json(path, mine)
        return Claim(workdir, True)
    if not found:
        return Claim(workdir, False)
    return _change(found, mine, workdir)


def check(config: ConfigDict, workdir=None) -> None:
    """Refuses what `claim` refuses; writes nothing.

    Args:
        config: of the run.
        workdir: need not exist; None looks at the config alone.
    """
    mine = _record(config)
    if workdir is None:
        return
    workdir = pathlib.Path(workdir)
    if (workdir / "config.json").exists():
        found = changes_lib.between(read_config(workdir).to_dict(), mine)
        if found and not _is_untrained(workdir):
            changes_lib.check(found, workdir, steps_done(workdir))
    elif workdir.exists():
        _check_new(workdir)


def _record(config: ConfigDict) -> dict:
    """Returns a config as JSON has it; refuses numbers that are none."""
    record = json.loads(config.to_json())
    for field, value in changes_lib.flat(record).items():
        values.check_flag(f"--config.{'.'.join(field)}", value)
    return record


def _change(found, mine, workdir) -> Claim:
    """Gives a run the fields that may change; refuses the others."""
    done = steps_done(workdir)
    changes_lib.check(found, workdir, done)
    claimed = Claim(workdir, False, done)
    for index, step in done.items():
        folder = member_folder(workdir, index)
        path = folder / "metrics.jsonl"
        claimed.before[path] = inputs.read_text(path) if path.exists() else ""
        changes_lib.record(found, folder, step)
    path = workdir / "config.json"
    claimed.before[path] = inputs.read_text(path)
    atomic.write_json(path, mine, overwrite=True)
    logging.warning(
        "%s goes on with another config: %s.",
        workdir,
        "; ".join(map(str, found)),
    )
    return claimed


def _is_untrained(workdir) -> bool:
    """Tells whether a run has been started and no member has done a step."""
    members = list(workdir.glob("member_*"))
    return bool(members) and all(_has_no_step(folder) for folder in members)


def _has_no_step(folder) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    names = {entry.name for entry in folder.iterdir()}
    saved = list(folder.glob("checkpoints/*.ckpt"))
    return names <= set(_BEFORE_STEPS) and not saved


def release(workdir) -> None:
    """Gives up a claim, so that a corrected config can have the folder.

    Nothing happens where a member has a checkpoint: that run can be resumed.
    """
    workdir = pathlib.Path(workdir)
    if list(workdir.glob("member_*/checkpoints/*.ckpt")):
        return
    for name in ("config.json", "teacher.json"):
        own_folder.remove(workdir / name)
    # The run was new, so these are its own: `_check_new` has seen to it.
    for folder in workdir.glob("member_*"):
        own_folder.remove(folder / "metrics.jsonl")
        for events in folder.glob("tensorboard/events.out.tfevents.*"):
            own_folder.remove(events)
        for empty in (folder / "tensorboard", folder / "checkpoints", folder):
            own_folder.remove_empty(empty)


def _check_new(workdir) -> None:
    """Refuses a folder in which something has a name that a run needs."""
    for name in sorted(entry.name for entry in workdir.iterdir()):
        if name in _NAMES or name.startswith("member_"):
            raise InputError(
                f"{workdir}: must be a new folder, or that of a run with its "
                f"config.json. Received: a folder with {name}"
            )
