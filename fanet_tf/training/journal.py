"""What a run writes down: `metrics.jsonl`, and TensorBoard's event files."""

import json
import pathlib

import tensorflow as tf

from fanet_tf.files import atomic


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
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    record = json.loads(line)
                except json.JSONDecodeError:
                    continue  # Cut off by a kill in the middle of a line.
                if record["step"] <= step:
                    kept.append(json.dumps(record) + "\n")
        with atomic.writing(self.path) as stream:
            stream.write("".join(kept).encode())

    def write(self, record) -> None:
        """Appends one record; it must have a `step`."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")


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
