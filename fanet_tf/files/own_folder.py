"""Writing inside of a folder that is ours: claimed, or new.

There no file can be anybody else's, so these ask less than `atomic.writing`;
still, none of them follows a link.
"""

import contextlib
import os
import pathlib
import stat
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import atomic


@contextlib.contextmanager
def creating(path) -> Iterator[BinaryIO]:
    """Opens a file that must be new, in a folder that is only ours.

    For the parts of `folders.replacing`, which brings all to the disk.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(path, flags, 0o666)
    with os.fdopen(handle, "wb") as stream:
        atomic.at("created", path)
        yield stream
    atomic.at("written", path)


def create(path, content: bytes | str) -> None:
    """Writes a new file of these bytes, or of this text as UTF-8."""
    if isinstance(content, str):
        content = atomic.encoded(content)
    with creating(path) as stream:
        stream.write(content)


def create_array(path, array: np.ndarray) -> None:
    """Writes a new `.npy`."""
    array = np.ascontiguousarray(array)
    header = np.lib.format.header_data_from_array_1_0(array)
    with creating(path) as stream:
        # Not numpy.save: it does not say why a write failed.
        np.lib.format.write_array_header_1_0(stream, header)
        stream.write(memoryview(array).cast("B"))


def append(path, text: str) -> None:
    """Appends text to a file of ours in one call; makes the file if missing.

    Raises:
        OSError: the path is a link, or not a regular file.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    with os.fdopen(handle, "ab", buffering=0) as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise InputError(f"{path}: must be a plain file.")
        content = memoryview(atomic.encoded(text))
        while content:
            content = content[stream.write(content) :]
    atomic.at("appended", path)


def make_parent(path) -> None:
    """Makes the folder of an output that the user has named, if missing."""
    parent = pathlib.Path(path).parent
    if not parent.is_dir():
        make_folder(parent)


def create_folder(path) -> pathlib.Path:
    """Makes a folder that must be new."""
    path = pathlib.Path(path)
    path.mkdir()
    return path


def remove(path) -> None:
    """Deletes a file that this project has written; of a link, the link.

    The caller knows that it is ours: by its name, in a folder that is claimed.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
        atomic.at("removed", path)


def remove_empty(folder) -> None:
    """Deletes a folder if nothing is in it."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def make_folder(path) -> pathlib.Path:
    """Makes a folder, and those above it, unless it exists.

    Raises:
        InputError: it is a link or a file. Use `resolve` for a path that the
            user has named; below that, links would lead out of the output.
    """
    path = pathlib.Path(path)
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise InputError(
            f"{path}: must be a folder. Received: "
            + ("a link" if path.is_symlink() else "a file")
        )
    path.mkdir(parents=True, exist_ok=True)
    return path


def scratch_file() -> BinaryIO:
    """Opens a private file without a name; it is gone when it is closed."""
    return tempfile.TemporaryFile()


@contextlib.contextmanager
def scratch() -> Iterator[pathlib.Path]:
    """Yields a private folder for programs that want paths; then deletes it."""
    with tempfile.TemporaryDirectory(prefix="fanet-tf-") as folder:
        yield pathlib.Path(folder)
