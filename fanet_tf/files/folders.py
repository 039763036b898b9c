"""Whole folders that appear at once, and never take anything along.

A bundle or a paired set is made in a folder of its own beside its place. When
it is complete, the old one is renamed aside, the new one takes its place, and
only then the old one is deleted, file by file, each of a name that we know.
A process that was killed in between is made good by the next one: an old
folder whose new one never came is put back.
"""

import contextlib
import os
import pathlib
import stat
import warnings
from collections.abc import Callable
from collections.abc import Iterator

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims
from fanet_tf.files import own_folder

_PART, _OLD = ".part", ".old"
Known = Callable[[str], bool]


@contextlib.contextmanager
def replacing(
    folder, known: Known, check: Callable[[pathlib.Path], None]
) -> Iterator[pathlib.Path]:
    """Makes a folder that takes the place of `folder` when the block ends.

    Args:
        folder: its place, as `atomic.resolve` gives it; made if missing.
        known: tells from a relative name, with `/`, whether a file is one of
            those that such a folder is made of. No other is ever deleted.
        check: raises `InputError` unless the folder that is there is ours.
            It is asked only if that folder holds nothing but known files.

    Yields:
        A new, empty folder.

    Raises:
        InputError: the folder is in use, is not ours or holds foreign files.
    """
    folder = pathlib.Path(folder)
    if not folder.name:
        raise InputError(f"{folder}: must be a folder of its own.")
    if not folder.parent.is_dir():
        own_folder.make_folder(folder.parent)
    with claims.claim_beside(folder):
        _recover(folder)
        check_replaceable(folder, known, check)
        _sweep(folder, known)
        part = _beside(folder, _PART)
        part.mkdir()
        try:
            atomic.at("made", part)
            yield part
            _put(part, folder, known, check)
        except BaseException:
            _delete(part, known)
            raise


def check_replaceable(
    folder, known: Known, check: Callable[[pathlib.Path], None]
) -> None:
    """Raises `InputError` if `replacing` would refuse `folder`."""
    folder = pathlib.Path(folder)
    if not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(f"{folder}: must be a folder. Received: a file")
    if _holds_current(folder):
        raise InputError(f"{folder}: must not hold the current folder.")
    if os.path.ismount(folder):
        raise InputError(f"{folder}: must not be a mount point.")
    for path, _, _ in os.walk(folder):  # Else the old one could not go.
        atomic.check_access(path, os.W_OK | os.X_OK)
    strange = foreign(folder, known)
    if strange:
        raise InputError(
            f"{folder}: must be a new folder, or one that this command wrote "
            f"and nobody added to. Received: a folder with {strange[0]}"
        )
    for inside in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        # Put aside, it could not be deleted.
        if not os.access(inside, os.W_OK | os.X_OK, effective_ids=True):
            raise InputError(f"{inside}: must be writable.")
    if os.listdir(folder):
        check(folder)


def _holds_current(folder) -> bool:
    try:
        current = pathlib.Path(os.getcwd())
    except FileNotFoundError:
        return False
    return current.is_relative_to(os.path.realpath(folder))


def foreign(folder, known: Known) -> list[str]:
    """Returns the names in a folder that `known` does not know, sorted.

    Links and devices are foreign whatever they are called, and so is an empty
    folder. The lock that a killed command has left is not.
    """
    return sorted(_foreign(pathlib.Path(folder), "", known))


def _foreign(folder, prefix, known):
    for entry in os.scandir(folder):
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if next(os.scandir(entry.path), None) is None:
                yield f"{name}/"
            else:
                yield from _foreign(entry.path, f"{name}/", known)
        elif not entry.is_file(follow_symlinks=False):
            yield name
        elif not (known(name) or claims.is_left_behind(entry.path)):
            yield name


def _beside(folder, kind):
    name = f"{atomic.PREFIX}{claims.digest(folder)}"
    return folder.with_name(name + atomic.temporary_name(kind))


def _leftovers(folder, kind):
    prefix = f"{atomic.PREFIX}{claims.digest(folder)}{atomic.PREFIX}"
    return [
        pathlib.Path(entry.path)
        for entry in os.scandir(folder.parent)
        if entry.name.startswith(prefix)
        and entry.name.endswith(kind)
        and entry.is_dir(follow_symlinks=False)
    ]


def _recover(folder):
    """Puts an old folder back whose new one never came."""
    if os.path.lexists(folder):
        return
    old = _leftovers(folder, _OLD)
    if old:
        os.rename(max(old, key=lambda path: path.stat().st_mtime), folder)


def _sweep(folder, known):
    for kind in (_PART, _OLD):
        for path in _leftovers(folder, kind):
            _delete(path, known)


def _put(part, folder, known, check):
    _sync(part)
    check_replaceable(folder, known, check)  # Somebody may have added a file.
    if not os.path.lexists(folder):
        os.rename(part, folder)
        atomic.at("in place", folder)
        return
    os.chmod(part, stat.S_IMODE(os.stat(folder).st_mode))
    old = _beside(folder, _OLD)
    try:
        os.rename(folder, old)
        atomic.at("aside", old)
        os.rename(part, folder)
    except BaseException:
        if os.path.lexists(old) and not os.path.lexists(folder):
            os.rename(old, folder)
        raise
    atomic.at("in place", folder)
    _sync_folder(folder.parent)
    _delete(old, known)


def _sync(part):
    for path, _, names in os.walk(part):
        for name in names:
            handle = os.open(os.path.join(path, name), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        _sync_folder(path)
    atomic.at("synced", part)


def _sync_folder(path):
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # Not every file system can.
            os.fsync(handle)
    finally:
        os.close(handle)


def _delete(folder, known):
    """Deletes the known files of a folder, and the folder if that is all."""
    if not os.path.lexists(folder):
        return
    _delete_files(folder, "", known)
    if os.path.lexists(folder):
        warnings.warn(
            f"{folder} stays: it holds files that this command did not write",
            stacklevel=3,
        )


def _delete_files(folder, prefix, known):
    for entry in list(os.scandir(folder)):
        name = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            _delete_files(entry.path, f"{name}/", known)
        elif entry.name.startswith(atomic.PREFIX) or known(name):
            os.unlink(entry.path)
            atomic.at("removed", entry.path)
    with contextlib.suppress(OSError):  # Something foreign is left in it.
        os.rmdir(folder)
