"""Paired sets as `fanet-pairs` writes them: noisy and clean of one scene.

    set/index.json          names, shifts, noise, colour of each pair
    set/<name>/noisy.npy    [h, w, 4] float32, packed RGGB, untouched
    set/<name>/clean.npy    [h, w, 4] float32, aligned, of equal brightness
    set/<name>/valid.npy    [h, w] bool: neither saturated nor moved

Arrays are memory-mapped: a window costs its own size.
"""

import json
import pathlib

import numpy as np

from fanet_tf.data import captures
from fanet_tf.errors import InputError
from fanet_tf.raw.noise import NoiseParams

SCHEMA_VERSION = 1
INDEX = "index.json"
_SOURCE = "fanet-pairs --captures=CAPTURES.csv --output=FOLDER makes one"


def read_index(folder) -> dict:
    """Reads and checks `index.json` of a paired set."""
    path = pathlib.Path(folder) / INDEX
    if not path.is_file():
        raise InputError(
            f"A paired set must hold {INDEX} ({_SOURCE}). Missing: {path}"
        )
    try:
        index = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path}: must be JSON: {error}") from error
    if (
        not isinstance(index, dict)
        or index.get("schema_version") != SCHEMA_VERSION
        or not isinstance(index.get("pairs"), list)
    ):
        raise InputError(
            f"{path}: must be an index of schema version {SCHEMA_VERSION}."
        )
    if not index["pairs"]:
        raise InputError(f"{path}: must name at least one pair.")
    return index


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
        name = record["name"]
        if pathlib.PurePath(name).name != name:
            raise InputError(f"{folder}: a pair must lie in it: {name!r}")
        arrays = {
            part: np.array(
                np.load(
                    folder / name / f"{part}.npy",
                    mmap_mode="r",
                    allow_pickle=False,
                )[rows, columns]
            )
            for part in ("noisy", "clean", "valid")
        }
        colour = record["colour"]
        capture = captures.Capture(
            name,
            None if record["gain"] is None else float(record["gain"]),
            arrays["noisy"].astype(np.float32),
            arrays["clean"].astype(np.float32),
            NoiseParams(
                np.array([float(record["a"])]), np.array([float(record["b"])])
            ),
            captures.Colour(
                np.array(colour["rgb_from_cam"], np.float32).reshape(3, 3),
                float(colour["red_gain"]),
                float(colour["blue_gain"]),
            ),
            arrays["valid"].astype(bool),
        )
    except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
        if isinstance(error, InputError):
            raise
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
