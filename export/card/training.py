"""Reads from the folders of runs how an array was trained.

A run's `config.json` has its settings, its members' `member.json` the PSNR that
they reached. `train.init_from` leads from the array's run to the one it started
from, as far back as the folders exist.
"""

import json
import pathlib
import runpy
from collections.abc import Iterator

from fanet_tf.errors import InputError
from fanet_tf.files import strict_json

_ROOT = pathlib.Path(__file__).parents[2]
# A command is shown as its difference from the nearest of these: file, stages.
_BASES = (("configs/imx258.py", ("shared", "array")), ("configs/fan.py", ()))


def stages(workdir: str | pathlib.Path) -> list[dict]:
    """Returns a record of each stage, the first one first.

    Args:
        workdir: folder of the array's finished run, or of its Keras members if
            the run's `config.json` lies there.
    """
    records, seen = [], set()
    folder = pathlib.Path(workdir)
    while folder.resolve() not in seen:
        seen.add(folder.resolve())
        records.append(_stage(folder))
        start = strict_json.read_object(folder / "config.json")
        source = pathlib.Path(start["train"]["init_from"] or "-")
        if not (source / "config.json").is_file():
            break
        folder = source
    return records[::-1]


def _stage(folder) -> dict:
    path = folder / "config.json"
    if not path.is_file():
        raise InputError(f"{folder}: must be a run. Missing: {path}")
    config = _without_places(strict_json.read_object(path))
    members = [
        strict_json.read_object(file)
        for file in sorted(folder.glob("member_*/member.json"))
    ]
    if len(members) != config["nsma"]["members"]:
        raise InputError(
            f"{folder}: must hold {config['nsma']['members']} finished "
            f"members. Received: {len(members)}"
        )
    # All members are there, whichever was trained alone last.
    config["nsma"]["only"] = -1
    return {
        "workdir": f"runs/{folder.resolve().name}",
        "config": config,
        "command": _command(config, f"runs/{folder.resolve().name}"),
        # A member may be trained alone, and longer than the others.
        "steps": [
            member.get("steps", config["train"]["steps"]) for member in members
        ],
        # A member of an earlier run that a later one did not better.
        "kept": {
            str(member["index"]): member["run"]
            for member in members
            if "run" in member
        },
        # What of a member's run changed on the way.
        "changed": {
            str(member["index"]): _without_places(member["changed"])
            for member in members
            if "changed" in member
        },
        "reached": {
            gain: psnr
            for member in members
            for gain, psnr in member.get("psnr", {}).items()
        },
    }


def _without_places(value):
    """Shortens the paths of one machine to those of any: `data/...`."""
    if isinstance(value, dict):
        return {key: _without_places(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_without_places(v) for v in value]
    if not isinstance(value, str) or "/" not in value:
        return value
    parts = pathlib.PurePosixPath(value).parts
    for root in ("data", "runs", "fanet_tf"):
        if root in parts:
            last = len(parts) - 1 - parts[::-1].index(root)
            return "/".join(parts[last:])
    return parts[-1] if parts[0] in ("/", "..") else value


def flat(config: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yields the dotted name and the value of every field."""
    for key, value in config.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _bases():
    """Yields the name and the flat fields of each known config."""
    for file, names in _BASES:
        # In a checkout; a folder `configs` beside an installation is not ours.
        if (_ROOT / "setup.py").is_file() and (_ROOT / file).is_file():
            get_config = runpy.run_path(str(_ROOT / file))["get_config"]
            for name in names or ("",):
                config = get_config(name) if name else get_config()
                fields = json.loads(config.to_json())
                shown = f"{file}:{name}" if name else file
                yield shown, dict(flat(_without_places(fields)))


def _command(config, workdir) -> str:
    """Returns the command of a run, from the config that is nearest to it."""
    fields = dict(flat(config))
    nearest = None
    for name, base in _bases():
        changes = {
            key: value
            for key, value in fields.items()
            if key in base and base[key] != value
        }
        if nearest is None or len(changes) < len(nearest[1]):
            nearest = name, changes
    if nearest is None:
        return ""
    name, changes = nearest
    lines = [f"fanet-train --config={name} --workdir={workdir}"]
    lines += [f"--config.{k}={_argument(v)}" for k, v in changes.items()]
    return " \\\n    ".join(lines)


def _argument(value) -> str:
    if isinstance(value, list):
        inner = ",".join(repr(v) for v in value)
        return f'"({inner}{"," * (len(value) == 1)})"'
    return str(value)
