"""What a command does before anything else in its process.

Called before the slow imports, so that Ctrl-C during them is one line as well.
"""

import contextlib
import os
import signal
import sys

EXIT_INTERRUPTED = 130  # As a shell reports Ctrl-C.

_interrupts = []


def prepare() -> None:
    """Makes the streams usable, an interrupt a line and TensorFlow quieter."""
    _open_standard_streams()
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        # Names of files may hold bytes that are no text.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.excepthook = _interrupted
    name = os.path.basename(sys.argv[0] if sys.argv else "")
    if name.startswith("fanet-") or name in ("-c", "-m"):
        _replace_handler(signal.default_int_handler, _end)
    # TensorFlow lists the processor's instructions when it starts, and calls it
    # an error that its own passes hand an attribute on; what fails is raised in
    # Python, too. What oneDNN says of itself has no such switch
    # (`cli.program.import_tensorflow`).
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def imported() -> None:
    """Lets Ctrl-C raise `KeyboardInterrupt` again: the imports are done."""
    _replace_handler(_end, _raise)


def was_interrupted() -> bool:
    """Whether Ctrl-C came since: a late import may have made it an error."""
    return bool(_interrupts)


def _raise(number, frame):
    _interrupts.append(number)
    signal.default_int_handler(number, frame)


def _replace_handler(old, new):
    # Not where somebody else handles Ctrl-C, or `nohup` ignores it.
    if signal.getsignal(signal.SIGINT) is old:
        with contextlib.suppress(ValueError):  # Not the main thread.
            signal.signal(signal.SIGINT, new)


def _open_standard_streams() -> None:
    """Opens those that were closed.

    Else the next file that is opened gets their number, and a library that
    prints a warning writes into it.
    """
    for number, name, mode in (
        (0, "stdin", "r"),
        (1, "stdout", "w"),
        (2, "stderr", "w"),
    ):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))


def _interrupted(kind, error, trace) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _end()


def _end(*_) -> None:
    """Ends an import at once: extensions make another error of an interrupt."""
    program = os.path.basename(sys.argv[0] or "fanet")
    os.write(2, f"{program}: Interrupted.\n".encode(errors="replace"))
    os._exit(EXIT_INTERRUPTED)
