"""Paired sets as `fanet-pairs` writes them: noisy and clean of one scene.

    set/index.json          names, shifts, noise, colour of each pair
    set/<name>/noisy.npy    [h, w, 4] float32, packed RGGB, untouched
    set/<name>/clean.npy    [h, w, 4] float32, aligned, of equal brightness
    set/<name>/valid.npy    [h, w] bool: neither saturated nor moved

Arrays are memory-mapped: a window costs its own size.
"""

import pathlib

import numpy as np

from fanet_tf.data import captures
from fanet_tf.errors import InputError
from fanet_tf.files import limits
from fanet_tf.files import names
from fanet_tf.files import npy
from fanet_tf.files import strict_json
from fanet_tf.files import values
from fanet_tf.raw.noise import NoiseParams

SCHEMA_VERSION = 1
INDEX, PAGE = "index.json", "index.html"
PARTS = ("noisy", "clean", "valid")
_SOURCE = "fanet-pairs --captures=CAPTURES.csv --output=FOLDER makes one"


def read_index(folder) -> dict:
    """Reads and checks `index.json` of a paired set."""
    path = pathlib.Path(folder) / INDEX
    if not path.is_file():
        raise InputError(
            f"A paired set must hold {INDEX} ({_SOURCE}). Missing: {path}"
        )
    index = strict_json.read_object(path)
    if (
        index.get("schema_version") != SCHEMA_VERSION
        or not isinstance(index.get("pairs"), list)
        or not all(isinstance(pair, dict) for pair in index["pairs"])
    ):
        raise InputError(
            f"{path}: must be an index of schema version {SCHEMA_VERSION}."
        )
    if not index["pairs"]:
        raise InputError(f"{path}: must name at least one pair.")
    return index


def is_part(name: str) -> bool:
    """Whether a relative name is that of a file of a paired set."""
    folder, _, file = name.rpartition("/")
    if not folder:
        return file in (INDEX, PAGE)
    return "/" not in folder and file in [f"{part}.npy" for part in PARTS]


def check_own(folder) -> None:
    """Refuses a folder that is no paired set, or holds more than its pairs."""
    index = read_index(folder)
    listed = {pair.get("name") for pair in index["pairs"]}
    for entry in sorted(pathlib.Path(folder).iterdir()):
        if entry.is_dir() and entry.name not in listed:
            raise InputError(
                f"{folder}: must be a new folder or a paired set. Received: a "
                f"set with {entry.name}/, which is none of its pairs"
            )


def shape(folder, record: dict) -> tuple[int, ...]:
    """Returns `(h, w, 4)` of a pair of the index."""
    name = names.plain(record.get("name"), "a pair's name")
    path = pathlib.Path(folder) / name / "clean.npy"
    return npy.read(path, limits.max_pixels(), mapped=True).shape


def read_capture(folder, record: dict, window=None) -> captures.Capture:
    """Reads one pair of the index, or a window of it.

    Args:
        folder: of the set.
        record: one of the index's `"pairs"`.
        window: `(y, x, height, width)` in packed pixels, or None.
    """
    folder = pathlib.Path(folder)
    y, x, height, width = window or (0, 0, None, None)
    rows = slice(y, None if height is None else y + height)
    columns = slice(x, None if width is None else x + width)
    try:
        name = names.plain(record["name"], "a pair's name")
        arrays = {
            part: np.array(
                npy.read(
                    folder / name / f"{part}.npy",
                    limits.max_pixels(),
                    mapped=True,
                )[rows, columns]
            )
            for part in PARTS
        }
        colour = record["colour"]
        capture = captures.Capture(
            name,
            None
            if record["gain"] is None
            else values.number("gain", record["gain"], above=0.0),
            arrays["noisy"].astype(np.float32),
            arrays["clean"].astype(np.float32),
            NoiseParams(
                np.array([values.number("a", record["a"], above=0.0)]),
                np.array([values.number("b", record["b"], low=0.0)]),
            ),
            captures.Colour(
                _matrix(colour["rgb_from_cam"]),
                values.number("red_gain", colour["red_gain"], above=0.0),
                values.number("blue_gain", colour["blue_gain"], above=0.0),
            ),
            arrays["valid"].astype(bool),
        )
    except InputError as error:
        raise InputError(f"{folder}: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
        raise InputError(
            f"{folder}: the pair {record.get('name')!r} must be as "
            f"fanet-pairs writes it: {type(error).__name__}: {error}"
        ) from error
    shape = capture.noisy.shape
    if (
        len(shape) != 3
        or shape[2] != 4
        or capture.clean.shape != shape
        or capture.valid.shape != shape[:2]
    ):
        raise InputError(
            f"{folder}: the arrays of {name!r} must be [h, w, 4], [h, w, 4] "
            f"and [h, w]. Received: {shape}, {capture.clean.shape}, "
            f"{capture.valid.shape}"
        )
    return capture


def _matrix(rows) -> np.ndarray:
    flat = values.numbers("rgb_from_cam", np.ravel(rows).tolist(), 9)
    return np.array(flat, np.float32).reshape(3, 3)
