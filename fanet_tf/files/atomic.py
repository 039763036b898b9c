"""Files appear whole or not at all."""

import contextlib
import os
import pathlib
import tempfile


@contextlib.contextmanager
def writing(path):
    """Opens a new file beside `path`; renames it onto `path` at the end.

    If the block raises (a full disk, an interrupt), the new file is deleted
    and what stood at `path` stays as it was.

    Args:
        path: where the file shall appear.

    Yields:
        A binary file open for reading and writing.
    """
    path = pathlib.Path(path)
    handle, beside = tempfile.mkstemp(
        prefix=f".{path.name[:64]}.", suffix=".part", dir=path.parent
    )
    os.close(handle)
    try:
        with open(beside, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp makes private files; give what `open` would have given.
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(beside, 0o666 & ~umask)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def sweep(folder) -> None:
    """Deletes what `writing` leaves in a folder when its process is killed."""
    for path in pathlib.Path(folder).glob(".*.part"):
        path.unlink(missing_ok=True)
