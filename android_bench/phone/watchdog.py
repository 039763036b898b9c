"""Gives a command on the device a time limit, and reports its exit code.

Android's own `timeout` cannot be trusted with either. In toybox 0.8.9 (Android
13 and 14) it races with the command it starts and then returns a code of its
own: Debian's build of that version was wrong in 100 of 100 calls of `timeout 30
true`. So the device's shell waits for the command itself, and a second process
of that shell ends it at the limit.
"""

import re
import shlex

# `setsid` gives the command, and the watchdog, a process group each, so that
# children end with them. The watchdog is killed and not asked to end: a trap of
# mksh, Android's shell, misses signals that come just before its `wait`.
_LINE = (
    "$(command -v setsid) sh -c {command} & p=$!; "
    '$(command -v setsid) sh -c "sleep {limit}; kill -9 -$p || kill -9 $p" '
    "</dev/null >/dev/null 2>&1 & w=$!; wait $p; c=$?; "
    "{{ kill -9 -$w || {{ kill -9 $w; kill -9 -$w; }}; }} 2>/dev/null; "
    "printf '\\n__RC_{nonce}=%d\\n' $c"
)


def limited(command: str, limit_s: int, nonce: str) -> str:
    """Returns a line for the device's shell that runs `command`.

    Args:
        command: one string for `sh -c`.
        limit_s: after so many seconds the command is killed.
        nonce: marks the sentinel, which `split` finds.
    """
    return _LINE.format(
        command=shlex.quote(command), limit=limit_s, nonce=nonce
    )


def split(stdout: str, nonce: str) -> tuple[str, int] | None:
    """Returns the command's own output and its exit code.

    None where the sentinel is missing: the connection ended before the command
    did. A command that the watchdog ended has the code 137.
    """
    sentinel = re.search(rf"\n__RC_{nonce}=(\d+)\n", stdout)
    if sentinel is None:
        return None
    return stdout[: sentinel.start()], int(sentinel[1])
