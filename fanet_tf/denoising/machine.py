"""The processor that runs a bundle, for times to make sense."""

import contextlib
import pathlib
import platform


def cpu_name() -> str:
    """Returns the processor's name, as the system gives it."""
    with contextlib.suppress(OSError):
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
        for line in text.splitlines():
            if line.startswith(("model name", "Hardware")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
