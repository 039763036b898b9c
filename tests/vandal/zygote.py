"""A process that has imported the commands, and forks to run one.

So the imports are paid once, while every case has a process of its own that may
be killed. It must never compute anything itself: a fork of a TensorFlow that
has started its threads hangs.
"""

import contextlib
import ctypes
import dataclasses
import errno
import importlib
import multiprocessing
import os
import resource
import signal
import sys
import time
import traceback

_DIED = 97


@dataclasses.dataclass(frozen=True)
class Case:
    """One run of a command.

    Attributes:
        module: that has the command's `cli`.
        argv: its arguments, the program's name first.
        folder: it is started in.
        log: folder for what it says, outside of the tree that is watched.
        prepare: `module:function` to call before it, or None.
        at_event: number of the write's step at which `act` happens, from 1;
            None for none.
        act: `kill`, or the name of an `errno`.
        file_bytes: most bytes of a file, or None.
        obeys_modes: whether root's right to ignore modes is given up.
        seconds: after which it is taken for hanging.
    """

    module: str
    argv: tuple[str, ...]
    folder: str
    log: str
    prepare: str | None = None
    at_event: int | None = None
    act: str = "kill"
    file_bytes: int | None = None
    obeys_modes: bool = False
    seconds: float = 600.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        code: exit code; negative for a signal; "hang".
        events: the steps of its writes, as `atomic.at` was told.
        cpu_seconds: that it took.
    """

    code: int | str
    stdout: str
    stderr: str
    events: tuple[str, ...]
    cpu_seconds: float


class Zygote:
    """Forks commands.

    Args:
        modules: to import first.
        scratch: folder for the temporary files of the commands.
    """

    def __init__(self, modules, scratch):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=serve,
            args=(theirs, tuple(modules), os.fspath(scratch)),
            daemon=True,
        )
        self._process.start()
        theirs.close()

    def run(self, *cases: Case) -> list[Outcome]:
        """Runs cases, all at once, and returns how each ended."""
        self._pipe.send(cases)
        return self._pipe.recv()

    def close(self) -> float:
        """Ends it; returns the CPU seconds of its imports."""
        self._pipe.send(None)
        seconds = self._pipe.recv()
        self._process.join()
        return seconds


def serve(pipe, modules, scratch):
    """Imports, then forks for every case that comes through the pipe."""
    os.environ["TMPDIR"] = scratch
    # Output of the imports, such as TensorFlow's greeting, is nobody's.
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    for module in modules:
        importlib.import_module(module)
    own = resource.getrusage(resource.RUSAGE_SELF)
    while (cases := pipe.recv()) is not None:
        pipe.send(_run_all(cases))
    pipe.send(own.ru_utime + own.ru_stime)


def _run_all(cases):
    children = {}
    for case in cases:
        os.makedirs(case.log, exist_ok=True)
        child = os.fork()
        if child == 0:
            _child(case)
        with contextlib.suppress(OSError):
            os.setpgid(child, child)
        children[child] = case
    start, outcomes = time.monotonic(), {}
    while len(outcomes) < len(cases):
        for child, case in children.items():
            if child in outcomes:
                continue
            pid, status, usage = os.wait4(child, os.WNOHANG)
            seconds = time.monotonic() - start
            if not pid and seconds < case.seconds:
                continue
            code = os.waitstatus_to_exitcode(status) if pid else "hang"
            # It, if it hangs, and what it has started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            if not pid:
                _, _, usage = os.wait4(child, 0)
            outcomes[child] = _outcome(case, code, usage)
        time.sleep(0.002)
    return [outcomes[child] for child in children]


def _outcome(case, code, usage):
    def text(name):
        try:
            with open(os.path.join(case.log, name), "rb") as stream:
                return stream.read().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return ""

    return Outcome(
        code,
        text("stdout"),
        text("stderr"),
        tuple(text("events").splitlines()),
        usage.ru_utime + usage.ru_stime,
    )


def _child(case):
    """Runs a command as its console script would, and never returns."""
    code = _DIED
    try:
        os.setpgid(0, 0)
        _redirect(case.log)
        os.chdir(case.folder)
        os.environ["PWD"] = case.folder
        if case.prepare:
            module, _, function = case.prepare.partition(":")
            getattr(importlib.import_module(module), function)()
        if case.file_bytes is not None:
            limit = (case.file_bytes, case.file_bytes)
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        if case.obeys_modes:
            _obey_modes()
        _watch(case)
        sys.argv = list(case.argv)
        importlib.import_module(case.module).cli()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else (end.code and 1) or 0
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        with contextlib.suppress(Exception):
            sys.stderr.flush()
        os._exit(code)


def _redirect(folder):
    for number, name in ((1, "stdout"), (2, "stderr")):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
        handle = os.open(os.path.join(folder, name), flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    handle = os.open(os.devnull, os.O_RDONLY)
    os.dup2(handle, 0)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115


def _watch(case):
    """Counts the steps of writes, and acts at one of them."""
    from fanet_tf.files import atomic

    path = os.path.join(case.log, "events")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_TRUNC
    log = os.open(path, flags, 0o600)
    count, owner = 0, os.getpid()

    def observer(step, where):
        nonlocal count
        if os.getpid() != owner:  # A child of the command.
            return
        count += 1
        os.write(log, f"{step} {where.name!r}\n".encode())
        if count == case.at_event:
            if case.act == "kill":
                os.kill(owner, signal.SIGKILL)
            number = getattr(errno, case.act)
            raise OSError(number, os.strerror(number), os.fspath(where))

    atomic.observer = observer


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


_CAPABILITY_VERSION = 0x20080522


def _obey_modes():
    """Gives up every capability, so that root's files obey their modes."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    nothing = (ctypes.c_uint32 * 6)()
    header = _Header(_CAPABILITY_VERSION, 0)
    if libc.capset(ctypes.byref(header), nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")
