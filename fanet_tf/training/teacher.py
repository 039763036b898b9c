"""The trained network that a student learns from.

The student's config names it: `loss.teacher`, the folder of a finished run. Its
SHA-256 is written down when the student's run starts; a teacher that has
changed since is refused.
"""

import hashlib
import pathlib

import keras
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import strict_json
from fanet_tf.training import members
from fanet_tf.training import run_folder

_FIELD = "loss.teacher"
_FILE = "teacher.json"


def check(source: str, workdir) -> dict | None:
    """Refuses a teacher that is missing, or not the one of `workdir`'s run.

    Args:
        source: the student's `loss.teacher`; empty means that there is none.
        workdir: of the student; None means that it has none yet.

    Returns:
        The record that `teacher.json` lacks, if it lacks one.
    """
    if not source:
        return None
    weights = run_folder.trained_file(source, 0, _FIELD)
    run_folder.read_config(source)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    path = workdir and pathlib.Path(workdir) / _FILE
    if not path or not path.exists():
        return {"teacher": str(source), "sha256": digest}
    known = strict_json.read_object(path).get("sha256")
    if known != digest:
        raise InputError(
            f"{weights}: must be the teacher that {workdir} was started "
            f"with, sha256 {known}. Received: {digest}"
        )
    return None


def verify(source: str, workdir) -> None:
    """Does `check`; writes `teacher.json` at the first start of a run."""
    if record := check(source, workdir):
        atomic.write_json(pathlib.Path(workdir) / _FILE, record)


def load(source: str, height: int, width: int) -> keras.Model | None:
    """Returns the frozen teacher at the student's size, or None.

    Args:
        source: the student's `loss.teacher`.
        height: packed pixels.
        width: packed pixels.
    """
    if not source:
        return None
    model = run_folder.read_config(source).model
    teacher = members.build(model, height, width)
    members.set_weights_from(
        teacher, run_folder.trained_file(source, 0, _FIELD)
    )
    if not all(np.isfinite(w).all() for w in teacher.get_weights()):
        raise InputError(f"{source}: the teacher must have finite weights.")
    teacher.trainable = False
    return teacher
