"""What a command logs: its own lines, and of libraries only what went wrong.

TensorFlow tells absl's log how long it took to write a file in a scratch
folder. Our own lines are for the user, who needs no clock and no line of source
before them.
"""

import contextlib
import logging as python_logging
import pathlib
import sys
from collections.abc import Iterator

from absl import logging

_ROOT = pathlib.Path(__file__).absolute().parents[2]
_OURS = tuple(f"{_ROOT / name}/" for name in ("fanet_tf", "export"))


def _is_for_the_user(record: python_logging.LogRecord) -> bool:
    is_ours = record.pathname.startswith(_OURS)
    return is_ours or record.levelno >= python_logging.WARNING


class _Lines(python_logging.Formatter):
    def format(self, record):
        text = record.getMessage()
        if record.levelno < python_logging.WARNING:
            return text
        return f"{record.levelname.lower()}: {text}"


class _AboveBars:
    """A stream whose lines a progress bar makes room for."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text: str) -> int:
        if "tqdm" not in sys.modules:
            return self._stream.write(text)
        with sys.modules["tqdm"].tqdm.external_write_mode(file=sys.stderr):
            return self._stream.write(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)


@contextlib.contextmanager
def for_the_user() -> Iterator[None]:
    """Makes absl's log one for the user of a command, as long as it runs."""
    log = logging.get_absl_handler()
    handler = log.python_handler
    stream, formatter = handler.stream, handler.formatter
    log.addFilter(_is_for_the_user)
    handler.setFormatter(_Lines())
    handler.setStream(_AboveBars(stream))
    try:
        yield
    finally:
        log.removeFilter(_is_for_the_user)
        handler.setFormatter(formatter)
        handler.setStream(stream)
