"""Python programs in processes of their own.

Python puts the folder that a program is started in, or lies in, in front of
the libraries, so a `numpy.py` that came with somebody's pictures would run.
Children are therefore started with `-P`, and with an environment that holds
what a program needs and nothing that changes how Python starts.
"""

import os
import sys

# Where things lie, the user's language, and how many threads are wanted.
_KEPT = {
    "HOME",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LOGNAME",
    "PATH",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "VIRTUAL_ENV",
}
_KEPT_BEGINNINGS = (
    "CUDA_",
    "DYLD_",
    "KMP_",
    "LC_",
    "MKL_",
    "OMP_",
    "OPENBLAS_",
    "XDG_",
)


def python(*arguments: str) -> list[str]:
    """Returns the command line of a Python child.

    Args:
        *arguments: a script's path, or `-m` and a module; then its own.
    """
    return [sys.executable, "-P", *map(os.fspath, arguments)]


def environment(**variables: str) -> dict[str, str]:
    """Returns the environment of a child.

    Args:
        **variables: set or replaced in it.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)
    }
    # Where this process finds libraries beside its own installation; an empty
    # or relative entry would be the current folder.
    entries = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    absolute = [entry for entry in entries if os.path.isabs(entry)]
    if absolute:
        kept["PYTHONPATH"] = os.pathsep.join(absolute)
    return {**kept, **variables}
