"""Standard output and error that no name can steer.

A file's name, a camera's model or a message of a library may hold escape codes
that clear a terminal or write into it. Commands print through these.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import TextIO

from absl import logging

from fanet_tf.files import names


class Plain:
    """A text stream that leaves control characters out.

    Line ends, tabs and carriage returns, by which progress bars move, stay.

    Args:
        stream: that is written to.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes text; returns its length, as other streams do."""
        self._stream.write(names.without_controls(text))
        return len(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)


@contextlib.contextmanager
def plain() -> Iterator[None]:
    """Puts `Plain` streams before those of the process, and of its log."""
    before = sys.stdout, sys.stderr
    handler = logging.get_absl_handler().python_handler
    log = handler.stream
    sys.stdout, sys.stderr = map(Plain, before)
    handler.setStream(Plain(log))
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        handler.setStream(log)
