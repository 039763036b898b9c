"""Which frames the paths of a command mean: files, and those of folders."""

import os
import pathlib
from collections.abc import Iterable
from typing import NamedTuple

from fanet_tf.errors import InputError

# Suffixes a folder is searched for; LibRaw reads more, named one by one.
RAW_SUFFIXES = tuple(
    ".3fr .ari .arw .cap .cr2 .cr3 .crw .dcr .dng .erf .fff .gpr .iiq .k25"
    " .kdc .mef .mos .mrw .nef .nrw .orf .pef .raf .rw2 .rwl .sr2 .srf .srw"
    " .x3f".split()
)
MOSAIC_SUFFIXES = (*RAW_SUFFIXES, ".npy")


class Found(NamedTuple):
    """One file of `find`.

    Attributes:
        path: of the file.
        below: its folder, counted from the one that was named.
    """

    path: pathlib.Path
    below: pathlib.Path = pathlib.Path()


class Search(NamedTuple):
    """What `find` found.

    Attributes:
        files: in the order of the paths, each folder's by name.
        left_alone: folders in the named ones that were not looked into.
    """

    files: list[Found]
    left_alone: list[pathlib.Path]


def expand(
    paths: Iterable[str | os.PathLike],
    suffixes: tuple[str, ...] = MOSAIC_SUFFIXES,
) -> list[pathlib.Path]:
    """Returns the files of `find`, without what lies in deeper folders."""
    return [found.path for found in find(paths, suffixes).files]


def find(
    paths: Iterable[str | os.PathLike],
    suffixes: tuple[str, ...] = MOSAIC_SUFFIXES,
    recursive: bool = False,
    without: pathlib.Path | None = None,
) -> Search:
    """Finds the files named, and the frames in the folders named.

    Names that begin with a dot are passed over in folders: they are thumbnails
    of other systems (`._*`), deleted files (`.trashed-*`) or half-written ones.

    Args:
        paths: files and folders.
        suffixes: of the frames in a folder, in lower case.
        recursive: looks into the folders below as well; links are not followed.
        without: a folder that is left out, where outputs go.

    Raises:
        InputError: a folder holds no frame.
    """
    files, left_alone = [], []
    for path in map(pathlib.Path, paths):
        if not path.is_dir():
            files.append(Found(path))
            continue
        inside, deeper = _inside(path, suffixes, recursive, without)
        if not inside:
            kinds = "headerless" if ".raw" in suffixes else "RAW"
            more = f", but {len(deeper)} folders" if deeper else ""
            raise InputError(f"{path}: holds no {kinds} or .npy file{more}.")
        files += inside
        left_alone += deeper
    return Search(files, left_alone)


def _inside(folder, suffixes, recursive, without):
    """Returns the frames of a folder and the folders not looked into."""
    found, left_alone = [], []
    for place, folders, names in os.walk(folder):
        place = pathlib.Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and (without is None or (place / name).resolve() != without)
        )
        found += [
            Found(place / name, place.relative_to(folder))
            for name in sorted(names)
            if not name.startswith(".")
            and os.path.splitext(name)[1].lower() in suffixes
        ]
        if not recursive:
            left_alone = [place / name for name in folders]
            break
    return found, left_alone
