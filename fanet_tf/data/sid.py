"""See-in-the-Dark (Chen et al. 2018), the Sony part: long exposures as clean.

Sony A7S II, Bayer, `.ARW`; short exposures of 1/30 to 1/10 s and long ones of
10 or 30 s of the same scene. From
https://cchen156.github.io/SID.html (Sony.zip, 25 GB); under the MIT licence. On
disk:

    Sony/short/10003_00_0.04s.ARW        first digit: 0 train, 1 test, 2 val
    Sony/long/10003_00_10s.ARW
    Sony_train_list.txt, Sony_val_list.txt, Sony_test_list.txt

A line of a list is `./Sony/short/... ./Sony/long/... ISO200 F8`. The long
exposures are the clean frames the paper trains on; noise is added to them, as
to photographs. LibRaw reads the files, with their pattern and levels.
"""

import pathlib

from fanet_tf.data import folder as folder_lib
from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import names

SOURCE = "https://cchen156.github.io/SID.html (Sony.zip)"
LAYOUT = "Sony/long/*.ARW and Sony_train_list.txt"
SPLITS = ("train", "val", "test", "all")


def long_exposures(folder, split: str = "train") -> list[pathlib.Path]:
    """Returns the long exposures of a split, each once, sorted.

    Args:
        folder: that holds `Sony/` and the lists.
        split: `"train"`, `"val"`, `"test"` by the set's lists, or `"all"`
            files of `Sony/long`, which needs no list.
    """
    folder = pathlib.Path(folder)
    if split not in SPLITS:
        raise InputError(
            f"A split must be one of {', '.join(SPLITS)}. Received: {split!r}"
        )
    if split == "all":
        return folder_lib.find(
            folder / "Sony" / "long", (".arw",), LAYOUT, SOURCE
        )
    path = folder / f"Sony_{split}_list.txt"
    if not path.is_file():
        raise InputError(
            f"See-in-the-Dark must hold {LAYOUT}; it is had from {SOURCE}. "
            f"Missing: {path}"
        )
    files = set()
    for line in inputs.read_text(path).splitlines():
        fields = line.split()
        if not fields:
            continue
        if len(fields) < 2 or not fields[1].lower().endswith(".arw"):
            raise InputError(
                f"{path}: a line must be 'SHORT LONG ISO APERTURE'. "
                f"Received: {line!r}"
            )
        files.add(_inside(folder, fields[1], path))
    missing = sorted(str(file) for file in files if not file.is_file())
    if missing:
        raise InputError(
            f"See-in-the-Dark must hold every file of {path.name}; it is had "
            f"from {SOURCE}. Missing: {len(missing)}, the first {missing[0]}"
        )
    if not files:
        raise InputError(f"{path}: must name at least one long exposure.")
    return sorted(files)


def _inside(folder, name: str, source):
    """Joins a listed name to the folder; it may not lead out of it."""
    return folder / names.below(name, f"A file of {source}")
