"""What absl says of a command line, in the words of our other refusals."""

import re

_WORDS = (
    # "flag --config=None: Flag --config must have a value other than None."
    (
        re.compile(
            r"flag --\S+=None: Flag (--\w+) must have a value other than None\."
        ),
        r"\1 must be given",
    ),
    # "flags workdir=None, dry_run=False: ...", of a check of several flags.
    (re.compile(r"flags \w+=.*?: (?=--)"), ""),
    (
        re.compile(
            r"flag (--[\w.]+)=.*?: invalid literal for int\(\) with base \d+: "
        ),
        r"\1 must be a whole number. Received: ",
    ),
    (
        re.compile(r"flag (--[\w.]+)=.*?: could not convert string to float: "),
        r"\1 must be a number. Received: ",
    ),
)


def plain(message: str) -> str:
    """Returns a message of absl, or several of its lines, for a user."""
    lines = []
    for line in message.splitlines():
        for pattern, words in _WORDS:
            line = pattern.sub(words, line)
        lines.append(line.strip())
    return "; ".join(filter(None, lines))
