"""Progress of long work: a bar on a terminal, now and then a line in a log.

`tqdm` redraws its bar with a carriage return. In the log of a job that runs for
hours that becomes one line of megabytes, so what is no terminal gets a line of
its own every half minute, and a last one.
"""

import os
import sys
import time

from tqdm import tqdm

LOG_SECONDS = 30.0


class _Lines:
    """A stream of lines, made of what is written to redraw one."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        text = text.strip("\r\n ")
        if text:
            self._stream.write(f"{text}\n")

    def __getattr__(self, name):
        return getattr(self._stream, name)


def _columns(terminal) -> int:
    """Returns the width of a terminal; 0 is one that nobody has set.

    Those of containers and of `script` have it, and tqdm hides its bars there.
    """
    try:
        return os.get_terminal_size(terminal.fileno()).columns
    except (OSError, ValueError):
        return 0


class Bar(tqdm):
    """`tqdm` on stderr, fit for a log.

    Takes what `tqdm` takes, without `file`.
    """

    def __init__(self, *args, **kwargs):
        self._is_log = not sys.stderr.isatty()
        self._shown = None
        file = sys.stderr
        if self._is_log:
            file = _Lines(sys.stderr)
            kwargs["mininterval"] = LOG_SECONDS
            kwargs["maxinterval"] = 2 * LOG_SECONDS
            kwargs["dynamic_ncols"] = False
        elif not _columns(file):
            kwargs |= {"dynamic_ncols": False, "ncols": 80, "nrows": 24}
        super().__init__(*args, file=file, **kwargs)

    def refresh(self, *args, **kwargs):
        """Redraws the bar; in a log at most every `LOG_SECONDS`."""
        now = time.monotonic()
        if self._is_log and self._shown is not None:
            # tqdm's clock started a little later.
            if now - self._shown < 0.9 * LOG_SECONDS:
                return True
        self._shown = now
        return super().refresh(*args, **kwargs)
