"""What the vandal does, as cases for any command.

Each attack lays out a world, and says how the command is called and what must
hold besides the law that all obey (`play.Player`).
"""

import dataclasses
import fcntl
import os
from collections.abc import Callable
from collections.abc import Iterator

import numpy as np
from vandal import world as world_lib
from vandal.commands import Command
from vandal.world import World


def _nothing(world: World) -> None:
    """Lays out nothing."""


@dataclasses.dataclass(frozen=True)
class Attack:
    """One case.

    Attributes:
        name: for the report.
        output: as the user gives it; None for the command's own.
        lay: changes the world before the command starts.
        runs: how often the command runs whole before the case itself.
        between: changes the world after those runs.
        at_once: how many of it run at the same time.
        sabotage: fields of `zygote.Case`.
        inputs: name of the folder of the inputs.
        must_refuse: exit code 0 would break the law.
        must_work: anything but exit code 0 would, or what `again` says.
        then_works: whether the same command without sabotage works after it.
        undo: takes back what would stop that.
    """

    name: str
    output: str | None = None
    lay: Callable[[World], None] = _nothing
    runs: int = 0
    between: Callable[[World], None] = _nothing
    at_once: int = 1
    sabotage: dict = dataclasses.field(default_factory=dict)
    inputs: str = "in"
    must_refuse: bool = False
    must_work: bool = False
    then_works: bool = False
    undo: Callable[[World], None] = _nothing


# As the shell hands them over; a byte that is no UTF-8 is a surrogate.
_BAD = os.fsdecode(b"\xff\xfe")
_NAMES = (
    "",
    ".",
    "..",
    "../",
    "./",
    "../home",
    "../home/",
    "../home/notes.txt",
    "../home/album",
    "../in",
    "...npy",
    "..npy",
    "-",
    "--",
    "-x",
    "--output",
    "--overwrite",
    "~",
    "$(touch injected)",
    "`touch injected`",
    "; touch injected #",
    "a\nb",
    "a\tb",
    "a\x1b[2Jb",
    "a\x07\x08b",
    "=cmd|'!A0",
    "<script>alert(1)</script>",
    "a\u202egnp.b",
    _BAD,
    f"a{_BAD}/b",
    "a b 'c' \"d\"",
    "%s%n{0}",
    "x" * 255,
    "x" * 256,
    "x/" * 100 + "x",
    "x" * 5000,
    "a/../b",
    "neighbour.txt",
    "neighbour.txt/x",
    "missing/x",
    "CON",
    "a\\b",
    "con/../../home/x",
)
# What an input's folder may be called and still be one.
_FOLDERS = (
    "-x",
    "a\nb",
    "a\x1b[2Jb",
    _BAD,
    "a b 'c' \"d\"",
    "$(touch injected)",
    "=cmd",
    "<b>&amp;",
    "x" * 200,
    "%s{0}",
)
_PIECES = (
    "..",
    ".",
    "/",
    "-",
    "\n",
    "\x1b",
    _BAD,
    "x",
    " ",
    "é",
    "\u202e",
    "~",
)


def drawn_names(rng: np.random.Generator, count: int) -> list[str]:
    """Returns names that are put together at random."""
    return [
        "".join(rng.choice(_PIECES, rng.integers(1, 7))) for _ in range(count)
    ]


def _stays(name: str) -> bool:
    """Whether a name leads nowhere out of the world: this is a test."""
    place = os.path.normpath(os.path.join("/world/work", name))
    return place.startswith("/world")


def _link(world, name, target):
    path = world.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def plain(command: Command) -> Iterator[Attack]:
    """Yields the command as it is meant, once, twice, and by two at once."""
    yield Attack("plain", must_work=True)
    yield Attack("again", runs=1, must_work=True)
    yield Attack("at once", at_once=2)
    yield Attack("at once, over its own", runs=1, at_once=2)


def names(command: Command, rng, drawn: int = 0) -> Iterator[Attack]:
    """Yields outputs and inputs with hostile names."""
    end = os.path.splitext(command.output)[1]
    for name in filter(_stays, (*_NAMES, *drawn_names(rng, drawn))):
        yield Attack(f"output {name!r:.60}", output=name)
        if end and name and not name.endswith("/"):
            yield Attack(f"output {name!r:.60} + {end}", output=name + end)
    for name in _FOLDERS:
        yield Attack(f"inputs in {name!r:.60}", inputs=name, must_work=True)


def links(command: Command) -> Iterator[Attack]:
    """Yields links to what is somebody else's."""
    out = command.output
    for target, must_refuse in (
        ("../home/notes.txt", True),
        ("../home/IMG_1.dng", True),
        ("../home", False),
        ("../home/album", False),
        ("../home/new", False),
        ("../home/missing/new", False),
        (out, True),
        ("../in", False),
    ):
        yield Attack(
            f"output -> {target}",
            lay=lambda world, target=target: _link(world, out, target),
            must_refuse=must_refuse and command.writes,
        )
    # What a version of it, or another program, may have called its temporaries.
    temporary = (f".{out}.part", f"{out}.part", f".{out}.tmp", f".{out}.lock")
    inside = [f"{out}/.fanet-tf-lock", f"{out}/.fanet-tf-x.part"]
    for name in command.tempting:
        folder, _, file = name.rpartition("/")
        inside += [f"{out}/{folder}/.{file}.part", f"{out}/{name}.part"]
    for name in (*temporary, *(inside if command.tempting else ())):
        yield Attack(
            f"{name} -> notes",
            lay=lambda world, name=name: _relink(world, name),
        )
    yield Attack("lock beside -> notes", lay=lambda world: _lock(world, out))
    for name in command.tempting:
        for target in ("notes.txt", "new"):
            yield Attack(
                f"out/{name} -> {target}",
                lay=lambda world, name=name, target=target: _link(
                    world, f"{out}/{name}", world.home / target
                ),
                must_refuse=True,
            )


def _relink(world, name):
    path = world.work / name
    if path.exists():
        path.unlink()
    _link(world, name, world.home / "notes.txt")


def _lock(world, out):
    from fanet_tf.files import claims

    name = f".fanet-tf-{claims.digest(world.work / out)}.lock"
    _link(world, name, world.home / "notes.txt")


def foreign(command: Command) -> Iterator[Attack]:
    """Yields things of the user's where the output goes."""
    out = command.output
    if command.writes:
        yield Attack(
            "output is a user's file",
            lay=lambda world: world_lib.write(world.work / out),
            must_refuse=True,
        )
    yield Attack("output is a pipe", lay=lambda world: _pipe(world, out))
    if not command.tempting:
        yield Attack(
            "output is a user's folder",
            lay=lambda world: world_lib.write(world.work / out / "diary.txt"),
        )
        return
    yield Attack(
        "output is an empty folder",
        lay=lambda world: (world.work / out).mkdir(mode=0o700),
        must_work=True,
    )
    yield Attack(
        "output holds a diary",
        lay=lambda world: world_lib.write(world.work / out / "diary.txt"),
    )
    contents = {
        "text": b"mine\n",
        "nothing": b"",
        "json": b"{}\n",
        "deep": b"[" * 200_000,
        "page": b"<!DOCTYPE html>\n<html></html>\n",
    }
    for name in command.tempting:
        for kind, content in contents.items():
            yield Attack(
                f"out/{name} is the user's {kind}",
                lay=lambda world, name=name, content=content: world_lib.write(
                    world.work / out / name, content, 0o600
                ),
            )
        yield Attack(
            f"out/{name} is a folder",
            lay=lambda world, name=name: world_lib.write(
                world.work / out / name / "diary.txt"
            ),
        )
        yield Attack(
            f"out/{name} is a pipe",
            lay=lambda world, name=name: _pipe(world, f"{out}/{name}"),
        )
    for name in ("diary.txt", "sub/diary.txt", ".fanet", "empty/"):
        yield Attack(
            f"its own, with {name}",
            runs=1,
            between=lambda world, name=name: _add(world, out, name),
        )


def _pipe(world, name):
    path = world.work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    # Somebody listens, or the command would wait, as it should.
    listener = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.fcntl(listener, fcntl.F_SETPIPE_SZ, 1 << 20)
    world.open.append(listener)


def _add(world, out, name):
    if name.endswith("/"):
        (world.work / out / name).mkdir()
    else:
        world_lib.write(world.work / out / name)


def twins(command: Command) -> Iterator[Attack]:
    """Yields two inputs of one name, where a command takes several."""
    suffixes = {
        "denoise folder": ("IMG_1.npy", "IMG_1.raw16"),
        "evaluate": ("a.png", "a.jpg"),
        "calibrate": ("0.npy", "1.npy"),
        "pairs": ("a.npy", "clean.npy"),
    }
    if command.name not in suffixes:
        return
    first, second = suffixes[command.name]

    def lay(world):
        folder = world.root / world.inputs
        (folder / second).unlink(missing_ok=True)
        world_lib.write(folder / second, (folder / first).read_bytes())

    yield Attack(f"{second} is a copy of {first}", lay=lay)


def read_only(command: Command) -> Iterator[Attack]:
    """Yields places that may not be written."""
    out = command.output

    def chmod(name, mode):
        return lambda world: (world.work / name).chmod(mode)

    sabotage = {"obeys_modes": True}
    yield Attack(
        "folder of the output is read-only",
        lay=chmod(".", 0o555),
        sabotage=sabotage,
        must_refuse=command.writes,
        then_works=True,
        undo=chmod(".", 0o755),
    )
    if not command.writes:  # Nothing of its own is there.
        return
    yield Attack(
        "its own output is read-only",
        runs=1,
        between=chmod(out, 0o555 if command.tempting else 0o444),
        sabotage=sabotage,
    )
    if not command.tempting:
        return
    yield Attack(
        "output is a read-only folder",
        lay=lambda world: (world.work / out).mkdir(mode=0o555),
        sabotage=sabotage,
    )


def ends(command: Command, events: int, every: int = 1) -> Iterator[Attack]:
    """Yields ends at the steps of the writes.

    Args:
        command: the command.
        events: how many steps a whole run has.
        every: takes only every so many-th.
    """
    for runs, act in (
        (0, "kill"),
        (1, "kill"),
        (0, "ENOSPC"),
        (1, "EIO"),
    ):
        if runs and command.again:
            continue  # It refuses to begin.
        place = "over its own" if runs else "new"
        for at in range(1 + (runs + len(act)) % every, events + 1, every):
            yield Attack(
                f"{act} at step {at} of {events}, {place}",
                runs=runs,
                sabotage={"at_event": at, "act": act},
                then_works=True,
            )


def small_disk(command: Command, sizes) -> Iterator[Attack]:
    """Yields disks that are full after so many bytes of a file."""
    for size in sizes:
        yield Attack(
            f"no file above {size} bytes",
            sabotage={"file_bytes": size},
            then_works=True,
        )
