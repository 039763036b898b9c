"""The folder of a run: its files, and the config that it belongs to."""

import json
import pathlib

from ml_collections import ConfigDict

from fanet_tf import config as config_lib
from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json
from fanet_tf.files import values

_NAMES = ("teacher.json", "training.html")

# Fields that may change between two starts of the same run.
_FREE = {
    ("nsma", "only"),
    ("train", "keep_checkpoints"),
    ("data", "service"),
}


def member_folder(workdir, index: int) -> pathlib.Path:
    """Returns the folder of one member."""
    return pathlib.Path(workdir) / f"member_{index}"


def is_finished(workdir, index: int) -> bool:
    """Tells whether a member has its final weights."""
    return (member_folder(workdir, index) / "member.json").exists()


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


def claim(config: ConfigDict, workdir) -> bool:
    """Writes `config.json`, or compares with the one that is there.

    Returns:
        Whether this starts a new run.

    Raises:
        InputError: names each field that differs.
    """
    path = pathlib.Path(workdir) / "config.json"
    mine = json.loads(config.to_json())
    for field, value in _flat(mine).items():
        values.check_flag(f"--config.{'.'.join(field)}", value)
    if not path.exists():
        _check_new(workdir)
        atomic.write_json(path, mine)
        return True
    changed = _differences(read_config(workdir).to_dict(), mine)
    if changed:
        raise InputError(
            f"{workdir}: the config must be the one the run was started with; "
            "another folder, or this one deleted, starts a new run. "
            f"Received: {'; '.join(changed)}"
        )
    return False


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


def _differences(theirs, mine) -> list[str]:
    """Returns a sentence for each field that differs."""
    theirs = _flat(json.loads(json.dumps(theirs)))
    mine = _flat(mine)
    # A field that is younger than the run had its default.
    defaults = _flat(json.loads(config_lib.default_config().to_json()))
    differences = []
    for field in sorted({*theirs, *mine} - _FREE):
        there = theirs.get(field, defaults.get(field))
        now = mine.get(field)
        if there != now:
            name = ".".join(field)
            differences.append(f"{name}: {there!r} there, {now!r} now")
    return differences


def _flat(record) -> dict[tuple, object]:
    """Turns sections of fields into `(section, field)`."""
    flat = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat.update({(name, field): v for field, v in value.items()})
        else:
            flat[(name,)] = value
    return flat
