"""What a folder tree holds, so that every change to it can be seen."""

import hashlib
import os
import stat
from typing import NamedTuple


class Entry(NamedTuple):
    """One file, folder or link.

    Attributes:
        kind: `folder`, `file`, `link` or `other`.
        content: digest of a file, target of a link, empty for the rest.
        mode: permission bits.
        owner: user and group.
        mtime_ns: time of the last change.
    """

    kind: str
    content: str
    mode: int
    owner: tuple[int, int]
    mtime_ns: int


def _entry(path) -> Entry:
    found = os.lstat(path)
    kind, content = "other", ""
    if stat.S_ISLNK(found.st_mode):
        kind, content = "link", os.readlink(path)
    elif stat.S_ISDIR(found.st_mode):
        kind = "folder"
    elif stat.S_ISREG(found.st_mode):
        kind = "file"
        with open(path, "rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
    return Entry(
        kind,
        content,
        stat.S_IMODE(found.st_mode),
        (found.st_uid, found.st_gid),
        found.st_mtime_ns,
    )


def snapshot(folder) -> dict[str, Entry]:
    """Returns absolute path -> entry of a folder and all below it."""
    entries = {os.fspath(folder): _entry(folder)}
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files):
            whole = os.path.join(path, name)
            entries[whole] = _entry(whole)
    return entries


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or something in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def changes(before: dict, after: dict) -> dict[str, str]:
    """Returns path -> how it changed.

    A folder's time alone is no change of its own: it tells that an entry came
    or went, and a temporary one may have. A pipe's tells that it was used.
    """
    found = {}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None:
            found[path] = f"a new {new.kind}"
        elif new is None:
            found[path] = f"a {old.kind} that is gone"
        elif old.kind == new.kind and old.kind in ("folder", "other"):
            if (old.mode, old.owner) != (new.mode, new.owner):
                found[path] = f"a {old.kind} with another mode or owner"
        elif old != new:
            names = [
                n for n in Entry._fields if getattr(old, n) != getattr(new, n)
            ]
            found[path] = f"a {old.kind} with another {', '.join(names)}"
    return found
