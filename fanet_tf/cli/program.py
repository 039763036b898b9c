"""How every command starts and how it fails.

A user's mistake is one line on stderr and exit code 2. What is not the user's
keeps its traceback: it is a bug of ours.
"""

import sys

from absl import app
from absl import flags

from fanet_tf import errors

EXIT_INPUT = 2


def fail(message, code: int = EXIT_INPUT) -> None:
    """Prints one line on stderr and ends the program."""
    line = " ".join(str(message).split())
    name = sys.argv[0].rsplit("/", 1)[-1]
    print(f"{name}: {line}", file=sys.stderr)
    sys.exit(code)


def _parse(argv):
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        fail(error)


def run(main, required=()) -> None:
    """Parses the flags, calls `main(positional_arguments)`, reports mistakes.

    Args:
        main: called with the positional arguments; its return value, if any,
            is the exit code.
        required: names of flags that must be given.
    """
    for name in required:
        flags.mark_flag_as_required(name)

    def guarded(argv):
        try:
            return main(argv[1:])
        except errors.InputError as error:
            fail(error)
        except OSError as error:
            # A path that is missing, unreadable or on a full disk.
            name = f": {error.filename}" if error.filename else ""
            fail(f"{error.strerror or error}{name}")

    app.run(guarded, flags_parser=_parse)
