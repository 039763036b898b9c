"""Keeps what libraries below Python print away from the user."""

import atexit
import contextlib
import os


@contextlib.contextmanager
def standard_error():
    """Discards what is written to the descriptor of standard error."""
    kept = os.dup(2)
    _discard()
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def when_the_process_ends() -> None:
    """Discards what libraries still write there, after all else has ended.

    LiteRT lists the accelerators that it destroys. To be called before they
    are imported: what is registered first is called last.
    """
    atexit.register(_discard)


def _discard() -> None:
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
