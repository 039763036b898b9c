"""A user's folders, with a command's inputs and output among them.

world/home/   what is nobody's business: notes, photographs, a bundle's name
world/in/     the inputs
world/work/   where the command is started and its output shall appear
log/          what it says; not a part of the world
"""

import dataclasses
import os
import pathlib
import shutil

from vandal import tree

from fanet_tf.files import atomic

_HOME = {
    "notes.txt": b"call the printer\n",
    "manifest.json": b'{"name": "an app of mine"}\n',
    "IMG_1.npy": b"a photograph",
    "IMG_1.dng": b"II*\0 a photograph",
    "album/index.json": b'{"pairs": []}\n',
    "album/report.html": b"<html>my holidays</html>\n",
}
_BESIDE = {
    "neighbour.txt": b"mine\n",
    ".out.part": b"mine\n",
    "out.tmp": b"mine\n",
    ".hidden/draft.txt": b"mine\n",
}


def write(path, content=b"mine\n", mode=0o644) -> None:
    """Writes a user's file, and the folders above it."""
    path = pathlib.Path(os.fsdecode(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)


@dataclasses.dataclass
class World:
    """The folders of one case.

    Attributes:
        base: of the world and the log.
        inputs: name of the folder of the inputs.
        open: handles to close in the end.
    """

    base: pathlib.Path
    inputs: str = "in"
    open: list[int] = dataclasses.field(default_factory=list)

    @property
    def root(self) -> pathlib.Path:
        """Returns what is watched."""
        return self.base / "world"

    @property
    def work(self) -> pathlib.Path:
        """Returns where the command is started."""
        return self.root / "work"

    @property
    def home(self) -> pathlib.Path:
        """Returns a folder that has nothing to do with the command."""
        return self.root / "home"

    def place(self, output: str) -> pathlib.Path:
        """Returns where an output of this name really goes."""
        return pathlib.Path(os.path.realpath(os.path.join(self.work, output)))


def make(base, inputs, name="in") -> World:
    """Makes a world around a copy of a command's inputs."""
    world = World(base, name)
    world.work.mkdir(parents=True)
    shutil.copytree(inputs, world.root / name)
    for path, content in _HOME.items():
        write(world.home / path, content)
    for path, content in _BESIDE.items():
        write(world.work / path, content)
    (world.home / "latest").symlink_to("notes.txt")
    return world


def first_missing(path) -> str:
    """Returns the highest of a path's folders that is not there, or it."""
    path = os.fspath(path)
    while not os.path.lexists(parent := os.path.dirname(path)):
        path = parent
    return path


def broken_law(before, after, allowed, ours=(), killed=False) -> list[str]:
    """Returns what a command did to things that are not its own.

    Args:
        before: `tree.snapshot` of the world.
        after: the same, when the command had ended.
        allowed: paths that are its outputs, or folders of them.
        ours: paths below those that an earlier run has written.
        killed: temporary files may be left.
    """
    broken = []
    for path, how in tree.changes(before, after).items():
        name = os.path.basename(path)
        places = [a for a in allowed if tree.is_below(path, a)]
        beside = os.path.dirname(path) in map(os.path.dirname, allowed)
        parts = path.split("/")
        if any(part.startswith(atomic.PREFIX) for part in parts):
            if not (killed and (places or beside or _in_ours(path, allowed))):
                broken.append(f"a temporary file is left: {path}: {how}")
        elif not places:
            broken.append(f"outside of the output: {path}: {how}")
        elif path in before and path not in ours:
            broken.append(f"the user's, in the output: {path}: {how} ({name})")
    return broken


def _in_ours(path, allowed):
    """Whether a path lies in a temporary folder beside an output."""
    parents = {os.path.dirname(place) for place in allowed}
    return any(
        path.startswith(f"{parent}/{atomic.PREFIX}") for parent in parents
    )
