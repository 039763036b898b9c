"""TensorBoard scalars and pictures, whatever the Keras backend."""

import tensorflow as tf


class Writer:
    """Writes event files below `folder`."""

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
