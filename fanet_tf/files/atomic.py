"""The one way to write a file: whole or not at all, and nobody else's.

A new file is written beside its place under a name of our own that cannot be
guessed, locked while its process lives, and put in place when it is complete.
So a full disk, an interrupt or a kill leaves the old file, and a link that
somebody laid under a temporary name is never followed. These rules hold:

* an existing file is replaced only if `is_ours` recognises it, or with
  `overwrite`; it keeps its mode and, where the system allows it, its owner;
* a file that its owner made read-only, a folder, a link and a block device are
  refused; `resolve` follows the links of a path that the user has named;
* where the user has named the path, a pipe or a terminal, such as
  `/dev/stdout`, is written `through`;
* what a killed process left behind is deleted before the first write into a
  folder.

`folders` replaces whole folders in the same manner, `claims` reserves them, and
`own_folder` writes inside of them.
"""

import contextlib
import errno
import io
import json
import os
import pathlib
import secrets
import stat
from collections.abc import Callable
from collections.abc import Iterator
from typing import BinaryIO

from fanet_tf.errors import InputError
from fanet_tf.files import locks

# Every temporary file, folder and lock of ours begins with it.
PREFIX = ".fanet-tf-"
_PART = ".part"

Predicate = Callable[[pathlib.Path], bool]


def _no_observer(step: str, path: pathlib.Path) -> None:
    """Production watches no step."""


# Tests put their own here, to raise or to kill at each step of a write.
observer: Callable[[str, pathlib.Path], None] = _no_observer


def at(step: str, path) -> None:
    """Tells `observer` that a step of a write has just been done."""
    observer(step, pathlib.Path(path))


def temporary_name(kind: str) -> str:
    """Returns a name of ours that nobody can have laid out before."""
    return f"{PREFIX}{secrets.token_hex(8)}{kind}"


def resolve(path) -> pathlib.Path:
    """Returns where an output that the user has named will really be written.

    Links and `.` are followed, as a shell's `>` follows them. Names such as
    `/dev/stdout` stay: they are not a place but an open file.

    Raises:
        InputError: the path is empty, holds a NUL, or has `..` behind a folder
            that does not exist, so that the system would not find the output.
    """
    text = os.fspath(path)
    if not text or "\0" in text:
        raise InputError(f"An output must be a path. Received: {text!r}")
    if _is_magic(text):
        return pathlib.Path(text)
    parts = pathlib.Path(text).parts
    for place, part in enumerate(parts):
        before = os.path.join(".", *parts[:place])
        if part == ".." and not os.path.isdir(before):
            raise InputError(f"{text}: the folder before `..` must exist.")
    return pathlib.Path(os.path.realpath(text))


def _is_magic(path) -> bool:
    """Whether a path is a link to a file that a process has open."""
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    in_system = folder == "/dev" or folder.startswith(("/dev/fd", "/proc/"))
    return in_system and os.path.islink(path)


def is_stream(path) -> bool:
    """Whether `writing` writes through: a pipe, a terminal, `/dev/stdout`."""
    if _is_magic(path):
        return True
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def check(
    path,
    *,
    is_ours: Predicate | None = None,
    overwrite: bool = False,
    through: bool = False,
) -> None:
    """Refuses an output that `writing` would refuse; for before the work.

    Args:
        path: see `writing`.
        is_ours: see `writing`.
        overwrite: see `writing`.
        through: see `writing`.

    Raises:
        InputError: the file is somebody else's, or cannot be a file.
        OSError: the folder does not exist or is not writable.
    """
    path = pathlib.Path(path)
    if through and is_stream(path):
        return
    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"{path}: its folder must exist.")
    check_access(folder, os.W_OK | os.X_OK)
    _checked(path, is_ours, overwrite)


def check_access(path, mode: int) -> None:
    """Raises `OSError`, with the reason, unless `mode` of `os.access` holds."""
    if os.access(path, mode):
        return
    read_only = os.statvfs(path).f_flag & os.ST_RDONLY
    code = errno.EROFS if read_only else errno.EACCES
    raise OSError(code, os.strerror(code), os.fspath(path))


def _checked(path, is_ours, overwrite) -> os.stat_result | None:
    """Returns the `lstat` of a file that may be replaced, None for no file."""
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found.st_mode):
        raise InputError(f"{path}: must be a file. Received: a folder")
    if not stat.S_ISREG(found.st_mode):
        kind = "link" if stat.S_ISLNK(found.st_mode) else "pipe or device"
        raise InputError(f"{path}: must be a plain file. Received: a {kind}")
    check_access(path, os.W_OK)
    if not overwrite and not (is_ours is not None and is_ours(path)):
        raise InputError(
            f"{path}: must be a new file, or one that this command wrote "
            "before; --overwrite replaces it. Received: a file of another "
            "origin"
        )
    return found


@contextlib.contextmanager
def writing(
    path,
    *,
    is_ours: Predicate | None = None,
    overwrite: bool = False,
    through: bool = False,
) -> Iterator[BinaryIO]:
    """Opens a new file that takes its place at `path` when the block ends.

    If the block raises (a full disk, an interrupt), the new file is deleted
    and the old one stays as it was.

    Args:
        path: of the file. Its folder must exist.
        is_ours: tells from a path whether its file may be replaced, because
            this command wrote it.
        overwrite: replaces any regular file; for a user who has said so, and
            for files in a folder that is ours.
        through: writes into a pipe or a terminal instead of refusing it; for
            a path that the user has named.

    Yields:
        A binary file open for reading and writing, seekable.

    Raises:
        InputError: see `check`.
    """
    path = pathlib.Path(path)
    if through and is_stream(path):
        with _through(path) as stream:
            yield stream
        return
    if not path.parent.is_dir():
        raise InputError(f"{path}: its folder must exist.")
    found = _checked(path, is_ours, overwrite)
    _sweep_once(path.parent)
    stream, beside = _open_beside(path, found)
    try:
        with stream:
            at("created", path)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            at("written", path)
            # Minutes may have passed: another may have put a file there.
            found = _checked(path, is_ours, overwrite)
            _put(beside, path, found is None)
            at("in place", path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _open_beside(path, found):
    """Creates and locks a temporary file that is as private as the old one."""
    mode = 0o666 if found is None else 0o600
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        beside = path.with_name(temporary_name(_PART))
        try:
            handle = os.open(beside, flags, mode)
        except OSError as error:
            error.filename = os.fspath(path)  # The name that the user knows.
            raise
        locks.take(handle)
        if locks.is_at(handle, beside):
            break
        os.close(handle)  # A sweep came before the lock.
    if found is not None:
        _keep_mode(handle, found)
    return os.fdopen(handle, "w+b"), beside


def _keep_mode(handle, found):
    now = os.fstat(handle)
    if (now.st_uid, now.st_gid) != (found.st_uid, found.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(handle, found.st_uid, found.st_gid)
    with contextlib.suppress(PermissionError):  # FAT has no modes.
        os.fchmod(handle, found.st_mode & 0o777)


def _put(beside, path, new: bool):
    if new:
        # Unlike a rename, a hard link never replaces a file.
        try:
            os.link(beside, path)
        except FileExistsError:
            raise InputError(
                f"{path}: must be a new file. Received: one that appeared "
                "while it was being written"
            ) from None
        except OSError:
            pass  # A file system without hard links.
        else:
            os.unlink(beside)
            return
    os.replace(beside, path)


@contextlib.contextmanager
def _through(path):
    """Collects the bytes, then appends them to an open file or a pipe."""
    buffer = io.BytesIO()
    yield buffer
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "wb") as stream:
        stream.write(buffer.getbuffer())


_swept: set[str] = set()


def _sweep_once(folder) -> None:
    """Sweeps a folder once a process: many files may be written into it."""
    place = os.path.realpath(folder)
    if place not in _swept:
        _swept.add(place)
        sweep(folder)


def sweep(folder) -> None:
    """Deletes temporary files of `writing` whose process was killed.

    A file that a living process still writes is locked and stays, and so does
    everything that does not have a name of ours.
    """
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        name = entry.name
        if not (name.startswith(PREFIX) and name.endswith(_PART)):
            continue
        if entry.is_file(follow_symlinks=False):
            with contextlib.suppress(OSError):
                _sweep_file(entry.path)


def _sweep_file(path):
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if locks.take(handle, in_doubt=False) and locks.is_at(handle, path):
            os.unlink(path)
    finally:
        os.close(handle)


def write_bytes(path, content: bytes, **policy) -> None:
    """Writes a file of these bytes; `policy` as of `writing`."""
    with writing(path, **policy) as stream:
        stream.write(content)


def encoded(text: str) -> bytes:
    """Returns text as UTF-8; bytes of names that are none come out escaped."""
    return text.encode("utf-8", "backslashreplace")


def write_text(path, text: str, **policy) -> None:
    """Writes UTF-8 text; `policy` as of `writing`."""
    write_bytes(path, encoded(text), **policy)


def write_json(path, record, indent: int | None = 2, **policy) -> None:
    """Writes JSON text; `policy` as of `writing`.

    Raises:
        ValueError: a number is NaN or infinite, which JSON does not have.
    """
    text = json.dumps(record, indent=indent, allow_nan=False)
    write_text(path, text + "\n", **policy)
