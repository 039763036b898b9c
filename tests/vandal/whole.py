"""Whether what a command left is whole; each function raises if it is not."""

import csv
import io
import json
import os
import pathlib
import zipfile

import numpy as np

from fanet_tf.files import atomic
from fanet_tf.files import tiff


def _json(data):
    json.loads(data)


def _lines(data):
    for line in data.splitlines():
        json.loads(line)
    assert not data or data.endswith(b"\n")


def _page(data):
    assert data.endswith(b"</html>\n")


def _npy(data):
    array = np.load(io.BytesIO(data), allow_pickle=False)
    assert array.size and np.isfinite(array).all()


def _archive(data):
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


def _csv(data):
    rows = list(csv.reader(io.StringIO(data.decode())))
    assert len({len(row) for row in rows}) == 1


_ENDS = {".png": b"IEND\xaeB`\x82", ".jpg": b"\xff\xd9"}
_CHECKS = {
    ".json": _json,
    ".jsonl": _lines,
    ".html": _page,
    ".npy": _npy,
    ".keras": _archive,
    ".csv": _csv,
}


def file(path) -> None:
    """Checks a file by what its suffix promises."""
    path = pathlib.Path(path)
    data = path.read_bytes()
    suffix = path.suffix.lower()
    if suffix in _CHECKS:
        _CHECKS[suffix](data)
    elif suffix in _ENDS:
        assert data.endswith(_ENDS[suffix])
    elif suffix in (".dng", ".tif"):
        assert tiff.read(path).ifds
    elif suffix == ".tflite":
        assert data[4:8] == b"TFL3"
    elif suffix in (".md", ".kt", ".h"):
        assert data.endswith(b"\n")


def files(folder) -> None:
    """Checks every file of a folder, except temporary ones and those of TB."""
    for path in pathlib.Path(folder).rglob("*"):
        if path.name.startswith((atomic.PREFIX, "events.out.tfevents")):
            continue
        if path.is_file() and not path.is_symlink():
            file(path)


def temporary(folder) -> list[str]:
    """Returns the files and folders of ours that are only for a while."""
    return [
        os.path.join(path, name)
        for path, folders, names in os.walk(folder)
        for name in (*folders, *names)
        if name.startswith(atomic.PREFIX)
    ]
