"""The id of a run: it names the run's folder on the phone.

It is made by us. On resuming it comes from a results file, which may be
anybody's, and goes into `rm -rf`.
"""

import re
import secrets

from android_bench.errors import BenchError

_FORM = re.compile("[0-9a-f]{12}")


def new() -> str:
    """Returns an id that no other run has."""
    return secrets.token_hex(6)


def checked(run_id: object) -> str:
    """Returns an id, or refuses what is none of ours."""
    if not isinstance(run_id, str) or not _FORM.fullmatch(run_id):
        raise BenchError(
            f"A run's id must be 12 hexadecimal digits. Received: {run_id!r}"
        )
    return run_id
