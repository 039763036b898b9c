"""What a run writes down: `metrics.jsonl`, and TensorBoard's event files."""

import json
import pathlib

import tensorflow as tf

from fanet_tf.files import own_folder
from fanet_tf.training import journal_file


class Journal:
    """Losses and PSNR by step, without clock times: one JSON object a line.

    Curves and pictures for TensorBoard lie beside, with any Keras backend.

    Args:
        folder: of the member.
        step: a run that was killed may have written lines after this step, its
            last checkpoint; they are dropped.
    """

    def __init__(self, folder, step: int):
        self._path = pathlib.Path(folder) / "metrics.jsonl"
        events = own_folder.make_folder(pathlib.Path(folder) / "tensorboard")
        self._board = tf.summary.create_file_writer(str(events))
        records = journal_file.read(self._path)
        kept = [record for record in records if record["step"] <= step]
        journal_file.replace(self._path, kept)

    def write(self, record: dict) -> None:
        """Appends one record; it must have a `step`."""
        line = json.dumps(record, allow_nan=False)
        own_folder.append(self._path, f"{line}\n")

    def plot(self, curves: dict[str, float], step: int) -> None:
        """Adds one point to each of TensorBoard's curves."""
        with self._board.as_default(step):
            for name, value in curves.items():
                tf.summary.scalar(name, value)

    def show(self, name: str, images, step: int) -> None:
        """Adds pictures, `[n, H, W, 3]` in 0..1."""
        with self._board.as_default(step):
            tf.summary.image(name, images, max_outputs=len(images))

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._board.close()
