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

import numpy as np
from absl import logging

from fanet_tf.errors import InputError
from fanet_tf.files import atomic

SCHEMA_VERSION = 1


def path_of(folder, step: int) -> pathlib.Path:
    """Returns where the checkpoint of `step` lies."""
    return pathlib.Path(folder) / f"step_{step:09d}.ckpt"


def save(folder, step: int, arrays, keep: int) -> pathlib.Path:
    """Writes a checkpoint, then deletes all but the last `keep`.

    Args:
        folder: made if it is not there.
        step: number of steps done.
        arrays: the state, a list of numpy arrays.
        keep: how many checkpoints stay, at least 1.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    np.savez(buffer, **{str(i): array for i, array in enumerate(arrays)})
    payload = buffer.getvalue()
    header = {
        "schema_version": SCHEMA_VERSION,
        "step": step,
        "arrays": len(arrays),
        "sha256": hashlib.sha256(payload).hexdigest(),
    }
    path = path_of(folder, step)
    with atomic.writing(path) as stream:
        stream.write(json.dumps(header).encode() + b"\n")
        stream.write(payload)
    for old in sorted(folder.glob("step_*.ckpt"))[:-keep]:
        old.unlink()
    return path


def load(path):
    """Reads a checkpoint.

    Returns:
        `(step, arrays)`.

    Raises:
        InputError: the file is damaged.
    """
    path = pathlib.Path(path)
    line, _, payload = path.read_bytes().partition(b"\n")
    try:
        header = json.loads(line)
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
    for path in sorted(pathlib.Path(folder).glob("step_*.ckpt"), reverse=True):
        try:
            return load(path)
        except InputError as error:
            logging.warning("%s Using the one before.", error)
    return None
