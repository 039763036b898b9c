"""Files that come from outside, opened safely.

Only regular files are read: a pipe or a device may never end, and reading some
devices does something. The name may hold any bytes.
"""

import os
import stat
from typing import BinaryIO

from fanet_tf.errors import InputError


def check_regular(path) -> os.stat_result:
    """Refuses what is not a regular file, without opening it.

    Returns:
        Its status; links are followed.

    Raises:
        InputError: no such file, a folder, a pipe, a device or a socket.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"{path}: must be a file that exists.") from None
    except ValueError:
        raise InputError(
            f"A path must hold no NUL. Received: {os.fspath(path)!r}"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "pipe or device"
        raise InputError(f"{path}: must be a regular file. Received: a {kind}")
    return found


def open_regular(path) -> BinaryIO:
    """Opens a regular file for reading; never waits for a writer.

    Raises:
        InputError: see `check_regular`.
    """
    check_regular(path)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # It was changed just now.
        os.close(handle)
        raise InputError(f"{path}: must be a regular file.")
    return os.fdopen(handle, "rb")


def read_bytes(path, limit: int) -> bytes:
    """Reads a whole regular file.

    Args:
        path: of the file.
        limit: most bytes it may have.

    Raises:
        InputError: see `check_regular`; or the file is larger.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > limit:
            raise InputError(
                f"{path}: must have at most {limit:,} bytes. "
                f"Received: {size:,} bytes"
            )
        return stream.read(limit)


def read_text(path, limit: int = 64 << 20) -> str:
    """Reads a UTF-8 text file, with or without a byte-order mark.

    Raises:
        InputError: see `read_bytes`; or it is not UTF-8.
    """
    try:
        return read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path}: must be UTF-8 text. Received: byte "
            f"{error.object[error.start]:#04x} at {error.start}"
        ) from None
