"""Keeps what libraries below Python print away from the user."""

import contextlib
import os


@contextlib.contextmanager
def standard_error():
    """Discards what is written to the descriptor of standard error."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
