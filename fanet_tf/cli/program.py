"""How every command starts and how it fails.

A user's mistake is one line on stderr and exit code 2. What is not the user's
keeps its traceback: it is a bug of ours.
"""

import contextlib
import importlib
import itertools
import os
import sys
import textwrap

from absl import app
from absl import flags

from fanet_tf import errors
from fanet_tf.cli import absl_words
from fanet_tf.cli import log
from fanet_tf.files import limits
from fanet_tf.files import names
from fanet_tf.files import process
from fanet_tf.files import quiet
from fanet_tf.files import streams
from fanet_tf.files import values

EXIT_INPUT = 2
EXIT_BROKEN_PIPE = 141  # As a shell reports SIGPIPE.
EXIT_INTERRUPTED = process.EXIT_INTERRUPTED


def _end_bars() -> None:
    """Ends the lines of progress bars that an error has left open."""
    if "tqdm" in sys.modules:
        for bar in list(getattr(sys.modules["tqdm"].tqdm, "_instances", ())):
            bar.close()


def fail(message, code: int = EXIT_INPUT) -> None:
    """Prints one line on stderr and ends the program."""
    _end_bars()
    line = names.printable(" ".join(str(message).split()))
    name = sys.argv[0].rsplit("/", 1)[-1]
    print(f"{name}: {line}", file=sys.stderr)
    sys.exit(code)


# The extra that brings a package; `train` brings all others that we use.
_EXTRAS = {"h5py": "evaluate", "scipy": "evaluate", "skimage": "evaluate"}
_OURS = ("fanet_tf", "export", "android_bench")


@contextlib.contextmanager
def extra(name: str | None = None):
    """Says in one line which extra brings a package that is not installed.

    Args:
        name: of the extra; None looks the package up.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package in _OURS:
            raise
        name = name or _EXTRAS.get(package, "train")
        fail(
            f"The package {package} must be installed: "
            f"pip install '.[{name}]' in a clone, or 'FILE.whl[{name}]'"
        )


def import_tensorflow() -> None:
    """Imports TensorFlow, and nothing of what it says of itself is printed.

    No switch takes away the notice of oneDNN, which it writes while it is
    imported.
    """
    quiet.when_the_process_ends()
    with extra("train"), quiet.standard_error():
        importlib.import_module("tensorflow")


def _without_traceback(message: str) -> str:
    """Leaves what a config file raised, without the way it took."""
    before, found, way = message.partition("Traceback (most recent call last)")
    return before + way.strip().splitlines()[-1] if found else message


def _check_numbers() -> None:
    """Refuses NaN, infinity and absurd sizes, whichever flag has them."""
    for name in flags.FLAGS:
        values.check_flag(f"--{name}", flags.FLAGS[name].value)
    if "max_pixels" in flags.FLAGS:
        limits.set_max_pixels(flags.FLAGS.max_pixels)


_SCREEN = 50  # Lines that `--help` may take.


def _flag_lines(flag, most: int) -> list[str]:
    """Returns the lines of one flag; its help is cut to `most` of them."""
    name = f"[no]{flag.name}" if flag.boolean else flag.name
    return textwrap.wrap(
        str(flag.help),
        80,
        initial_indent=f"{f'  --{name}':<21} ",
        subsequent_indent=" " * 22,
        max_lines=most,
        placeholder=" ...",
    )


def short_help(module, rare=()) -> str:
    """Returns a command's docstring and its flags, cut to fit a screen.

    Args:
        module: that defines the command.
        rare: flags that are only named.
    """
    own = {f.name: f for f in flags.FLAGS.get_key_flags_for_module(module)}
    more = [f"--{name}" for name in sorted(rare) if name in own]
    tail = "All flags in full: --helpfull."
    if more:
        tail = f"Rarely used, see --helpfull: {', '.join(more)}."
    shown = [f for n, f in sorted(own.items()) if n not in rare and f.help]
    lines = [_flag_lines(flag, 1) for flag in shown]
    before, after = module.__doc__.strip(), ["", textwrap.fill(tail, 80)]
    room = _SCREEN - len(f"{before}\n\n\n{after[1]}\n".splitlines())
    for most, (place, flag) in itertools.product((2, 4), enumerate(shown)):
        whole = _flag_lines(flag, most)
        if sum(map(len, lines)) - len(lines[place]) + len(whole) <= room:
            lines[place] = whole
    return "\n".join([before, "", *itertools.chain(*lines), *after])


def _parser(main, rare, rewrite, explain):
    """Returns absl's flags parser with our way to help and to fail."""
    module = sys.modules[main.__module__]

    def parse(argv):
        asked = set(argv[1:])
        if {"--help", "-help", "-h", "--helpshort"} & asked:
            print(short_help(module, rare))
            sys.exit(0)
        if {"--helpfull", "-helpfull"} & asked:
            # absl would list the flags of the installed script: none.
            print(module.__doc__)
            print(flags.FLAGS.module_help(module))
            sys.exit(0)
        try:
            argv = rewrite(argv)
            positional = flags.FLAGS(argv)
            _check_numbers()
            return positional
        except flags.Error as error:
            fail(absl_words.plain(_without_traceback(str(error))))
        except errors.InputError as error:
            fail(error)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # How ml_collections says that a config has no such field, or
            # that a value is of another type.
            fail(f"A flag must fit the config: {explain(argv) or error}")

    return parse


def _unchanged(argv):
    return argv


def _nothing_to_say(argv) -> str:
    return ""


def run(
    main, required=(), rare=(), rewrite=_unchanged, explain=_nothing_to_say
) -> None:
    """Parses the flags, calls `main(positional_arguments)`, reports mistakes.

    Args:
        main: called with the positional arguments; its return value, if any,
            is the exit code.
        required: names of flags that must be given.
        rare: names of flags that `--help` only names; `--helpfull` has all.
        rewrite: the words of the command line -> those that absl parses.
        explain: the same words -> why absl could not parse them, or nothing.
    """
    for name in required:
        flags.mark_flag_as_required(name)

    def guarded(argv):
        try:
            with extra():
                return main(argv[1:])
        except errors.InputError as error:
            fail(error)
        except KeyboardInterrupt:
            fail("Interrupted.", code=EXIT_INTERRUPTED)
        except BrokenPipeError:
            raise
        except ImportError:
            if process.was_interrupted():
                fail("Interrupted.", code=EXIT_INTERRUPTED)
            raise
        except OSError as error:
            # A path that is missing, unreadable or on a full disk.
            name = f": {error.filename}" if error.filename else ""
            fail(f"{error.strerror or error}{name}")
        except MemoryError:
            fail("There must be enough memory for this input.")

    process.imported()
    try:
        with streams.plain(), log.for_the_user():
            app.run(guarded, flags_parser=_parser(main, rare, rewrite, explain))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, `head` for instance, has seen enough. Python flushes
        # stdout once more when it exits, to nowhere now.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_BROKEN_PIPE)
