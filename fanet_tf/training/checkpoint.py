"""Checkpoints that are whole or absent, and known by their digest.

A checkpoint file is one line of JSON and then a `.npz`:

    {"schema_version": 1, "step": 1000, "sha256": "<of the npz>", ...}\\n
    <npz bytes: arrays "0", "1", ... in the order of the state>

It is written beside and renamed, so a run killed while writing leaves the
checkpoint before; a damaged one is found by its digest and passed over.
"""

import hashlib
import io
import json
import pathlib
import re

import numpy as np
from absl import logging

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import inputs
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json

SCHEMA_VERSION = 1
_NAME = re.compile(r"step_\d{9,}\.ckpt")
_MAX_BYTES = 16 << 30


def path_of(folder, step: int) -> pathlib.Path:
    """Returns where the checkpoint of `step` lies."""
    return pathlib.Path(folder) / f"step_{step:09d}.ckpt"


def _all(folder) -> list[pathlib.Path]:
    """Returns the checkpoints of a folder, the oldest first."""
    return sorted(
        path
        for path in pathlib.Path(folder).glob("step_*.ckpt")
        if _NAME.fullmatch(path.name) and not path.is_symlink()
    )


def encode(step: int, arrays) -> bytes:
    """Returns the bytes of a checkpoint; see the module."""
    buffer = io.BytesIO()
    np.savez(buffer, **{str(i): array for i, array in enumerate(arrays)})
    payload = buffer.getvalue()
    header = {
        "schema_version": SCHEMA_VERSION,
        "step": step,
        "arrays": len(arrays),
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    return json.dumps(header).encode() + b"\n" + payload


def save(folder, step: int, arrays, keep: int) -> pathlib.Path:
    """Writes a checkpoint, then deletes all but the last `keep`.

    Args:
        folder: made if it is not there.
        step: number of steps done.
        arrays: the state, a list of numpy arrays.
        keep: how many checkpoints stay, at least 1.
    """
    folder = pathlib.Path(folder)
    own_folder.make_folder(folder)
    path = path_of(folder, step)
    atomic.write_bytes(path, encode(step, arrays), overwrite=True)
    for old in _all(folder)[:-keep]:
        own_folder.remove(old)
    return path


def load(path):
    """Reads a checkpoint.

    Returns:
        `(step, arrays)`.

    Raises:
        InputError: the file is damaged.
    """
    path = pathlib.Path(path)
    line, _, payload = inputs.read_bytes(path, _MAX_BYTES).partition(b"\n")
    try:
        header = strict_json.loads(line, path)
        digest, step = header["sha256"], header["step"]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a checkpoint.") from error
    if hashlib.sha256(payload).hexdigest() != digest:
        raise InputError(f"{path}: damaged; its digest does not fit.")
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        return step, [arrays[str(i)] for i in range(header["arrays"])]


def latest(folder):
    """Returns `(step, arrays)` of the last whole checkpoint, or None.

    Damaged ones are reported and passed over.
    """
    for path in reversed(_all(folder)):
        try:
            return load(path)
        except InputError as error:
            logging.warning("%s Using the one before.", error)
    return None
