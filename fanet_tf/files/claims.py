"""Folders that one process has to itself.

Two trainings in one folder would write every step twice, and two benchmarks
would lose each other's results. A claim is a lock on a small file. The system
gives the lock back when its process ends, however it ends, so that a killed
run never bars the next one.
"""

import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import socket
import stat
from collections.abc import Iterator

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import locks

NAME = f"{atomic.PREFIX}lock"
_MAX_BYTES = 4096


@contextlib.contextmanager
def claim(folder) -> Iterator[None]:
    """Reserves a folder that exists, until the block ends.

    Raises:
        InputError: another process has it: "in use by process N since ...".
    """
    folder = pathlib.Path(folder)
    with _locked(folder / NAME, folder):
        yield


def is_left_behind(path) -> bool:
    """Whether a file is the lock of a claim whose process was killed."""
    if pathlib.Path(path).name != NAME:
        return False
    handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return locks.take(handle, in_doubt=False)
    finally:
        os.close(handle)


@contextlib.contextmanager
def claim_beside(folder) -> Iterator[None]:
    """The same for a folder that will be replaced: the lock lies beside it."""
    folder = pathlib.Path(folder)
    name = f"{atomic.PREFIX}{digest(folder)}.lock"
    with _locked(folder.with_name(name), folder):
        yield


def digest(folder) -> str:
    """Returns a short name for what belongs to one folder beside it."""
    return hashlib.sha256(os.fsencode(pathlib.Path(folder).name)).hexdigest()[
        :16
    ]


@contextlib.contextmanager
def _locked(path, folder):
    handle = _acquire(path, folder)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(_about()).encode(), 0)
        atomic.at("claimed", folder)
        yield
    finally:
        # First the name, then the lock: who waits for it looks again.
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _acquire(path, folder):
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    while True:
        handle = os.open(path, flags | os.O_CLOEXEC, 0o666)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise InputError(f"{path}: must be a plain file.")
            if not locks.take(handle):
                raise InputError(
                    f"{folder}: must be free. Received: {_holder(handle)}"
                )
            if locks.is_at(handle, path):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # Its owner has just given it back.


def _about() -> dict:
    now = datetime.datetime.now().isoformat(" ", "seconds")
    return {"process": os.getpid(), "since": now, "host": socket.gethostname()}


def _holder(handle) -> str:
    try:
        about = json.loads(os.pread(handle, _MAX_BYTES, 0))
        text = f"in use by process {int(about['process'])}"
        if about["host"] != socket.gethostname():
            text += f" on {about['host']}"
        return f"{text} since {about['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "in use by another process"
