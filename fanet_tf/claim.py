"""A run's folder belongs to one config."""

import json

from fanet_tf import config as config_lib
from fanet_tf import members
from fanet_tf.errors import InputError
from fanet_tf.files import atomic

# Fields that may change between two starts of the same run.
_FREE = {
    ("nsma", "only"),
    ("train", "keep_checkpoints"),
    ("data", "service"),
}


def claim(config, workdir) -> None:
    """Writes `config.json`, or compares with the one that is there.

    Raises:
        InputError: names each field that differs.
    """
    path = workdir / "config.json"
    mine = json.loads(config.to_json())
    if not path.exists():
        workdir.mkdir(parents=True, exist_ok=True)
        with atomic.writing(path) as stream:
            stream.write((json.dumps(mine, indent=2) + "\n").encode())
        return
    changed = _differences(members.read_config(workdir).to_dict(), mine)
    if changed:
        raise InputError(
            f"{workdir}: the config must be the one the run was started with; "
            "another folder, or this one deleted, starts a new run. "
            f"Received: {'; '.join(changed)}"
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
