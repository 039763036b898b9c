"""What a run writes down: `metrics.jsonl`, and TensorBoard's event files."""

import json
import pathlib

import tensorflow as tf

from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import inputs
from fanet_tf.files import own_folder
from fanet_tf.files import strict_json


class Journal:
    """`metrics.jsonl`: one JSON object a line, without clock times.

    Args:
        path: of the file.
        step: lines after this step are left by a run that was killed after
            its last checkpoint; they are dropped.
    """

    def __init__(self, path, step: int):
        self.path = pathlib.Path(path)
        kept = []
        if self.path.exists():
            for line in inputs.read_text(self.path).splitlines():
                try:
                    record = strict_json.loads(line, self.path)
                    if record["step"] <= step:
                        kept.append(json.dumps(record) + "\n")
                except (InputError, KeyError, TypeError):
                    continue  # Cut off by a kill in the middle of a line.
        atomic.write_text(self.path, "".join(kept), overwrite=True)

    def write(self, record) -> None:
        """Appends one record; it must have a `step`."""
        line = json.dumps(record, allow_nan=False)
        own_folder.append(self.path, f"{line}\n")


class TensorBoard:
    """TensorBoard's scalars and pictures below `folder`, any Keras backend."""

    def __init__(self, folder):
        self._writer = tf.summary.create_file_writer(str(folder))

    def scalar(self, name: str, value: float, step: int) -> None:
        """Adds one point of a curve."""
        with self._writer.as_default():
            tf.summary.scalar(name, value, step)

    def image(self, name: str, images, step: int) -> None:
        """Adds pictures, `[n, H, W, 3]` in 0..1."""
        with self._writer.as_default():
            tf.summary.image(name, images, step, max_outputs=len(images))

    def close(self) -> None:
        """Flushes and closes the file."""
        self._writer.close()
