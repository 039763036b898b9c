"""Results as JSON lines.

The file holds a `run` line (everything needed to repeat the run), a `job` line
for each finished process and, once the plan is through, a `row` line for each
configuration. It is written beside and renamed, so there is never a half of
one.
"""

import errno
import json
import os
import pathlib

from android_bench.errors import BenchError
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import inputs
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json

SCHEMA_VERSION = 1
# What a run writes beside the results file.
RESULTS = "results.jsonl"
_BESIDE = ("results.csv", "results.md", "report.html", "raw")


def read(path: pathlib.Path) -> list[dict]:
    """The lines of a results file.

    Raises:
        BenchError: no such file, or not one of ours.
    """
    try:
        if not path.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        lines = [
            strict_json.loads(line, path)
            for line in inputs.read_text(path).splitlines()
            if line.strip()
        ]
        version = lines[0]["schema_version"] if lines else None
    except OSError as error:
        raise BenchError(
            f"a results file must be readable. Received: {path} "
            f"({error.strerror})"
        ) from None
    except (InputError, ValueError, KeyError, TypeError):
        version = None
    if version != SCHEMA_VERSION:
        raise BenchError(
            "a results file must be JSON lines of fanet-bench, schema "
            f"version {SCHEMA_VERSION}. Received: {path}"
        )
    return lines


class Store:
    """The results file of one run.

    Args:
        path: the file.
        header: the `run` line; `identity` in it must be the same on resuming.
        resume: go on with the file that is there.
    """

    def __init__(self, path: pathlib.Path, header: dict, resume: bool):
        self.path = path
        self.header = header
        self.jobs: dict[str, dict] = {}
        self.rows: list[dict] = []
        check_free(path.parent, resume)
        if path.exists():
            self._resume(read(path))

    def _resume(self, lines: list[dict]) -> None:
        old, *others = lines
        if not _is_of_a_run(old, others):
            raise BenchError(
                "`--resume` must meet the whole lines of a run. Received: "
                f"{self.path}"
            )
        unlike = _unlike(old["identity"], self.header["identity"])
        if unlike:
            raise BenchError(
                "`--resume` must come with the flags of the run it continues. "
                f"Received: {'; '.join(unlike)}"
            )
        self.header = {**self.header, **old}
        self.jobs = {
            line["id"]: line for line in others if line["type"] == "job"
        }

    def add(self, record: dict) -> None:
        """Keeps a finished job; on disk when this returns."""
        self.jobs[record["id"]] = {"type": "job", **record}
        self.save()

    def finish(self, rows: list[dict]) -> None:
        """Adds the rows: the run is complete."""
        self.rows = rows
        self.save()

    def save(self) -> None:
        """Writes all lines."""
        own_folder.make_folder(self.path.parent)
        lines = [
            self.header,
            *self.jobs.values(),
            *({"type": "row", **row} for row in self.rows),
        ]
        text = "".join(
            json.dumps(line, allow_nan=False) + "\n" for line in lines
        )
        atomic.write_text(self.path, text, overwrite=True)


def check_free(folder: pathlib.Path, resume: bool) -> None:
    """Refuses a folder that holds something where the results would go.

    Args:
        folder: `--output`.
        resume: whether the run that lies there is gone on with.

    Raises:
        BenchError: names what is in the way.
    """
    if (folder / RESULTS).exists():
        if resume:
            return
        raise BenchError(
            "`--output` must be a new folder, or come with --resume to "
            f"continue the run in it. Received: {folder}"
        )
    for name in _BESIDE:
        if (folder / name).exists():
            raise BenchError(
                "`--output` must be a new folder, or one without results. "
                f"Received: {folder} with {name}"
            )


def _is_of_a_run(header: dict, others: list) -> bool:
    """Whether lines can be gone on with: anybody may have written them."""
    identity = header.get("identity")
    return (
        isinstance(identity, dict)
        and isinstance(identity.get("flags"), dict | None)
        and all(
            isinstance(line, dict)
            and line.get("type") in ("job", "row")
            and (line["type"] == "row" or isinstance(line.get("id"), str))
            for line in others
        )
    )


def _unlike(old: dict, new: dict) -> list[str]:
    """Lists what differs between two identities; flags by their names."""
    flags = [
        f"--{name}={_short(value)} (was {_short(before)})"
        for name, value, before in _pairs(old.get("flags"), new.get("flags"))
    ]
    others = [
        f"another {name}, {_short(value)} (was {_short(before)})"
        for name, value, before in _pairs(old, new)
        if name not in ("flags", "jobs")
    ]
    if flags or others or old.get("jobs") == new.get("jobs"):
        return flags + others
    return ["another list of jobs, of another version perhaps"]


def _pairs(old: dict | None, new: dict | None) -> list[tuple]:
    """Names, values now and before; of names that both have."""
    old, new = old or {}, new or {}
    return [
        (name, value, old[name])
        for name, value in new.items()
        if name in old and old[name] != value
    ]


def _short(value: object) -> str:
    if isinstance(value, list):
        value = ",".join(map(str, value))
    text = "none" if value in (None, "") else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
