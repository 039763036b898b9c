"""Captured pairs as a source: their own noise, and none drawn on top of it.

A crop of a pair has twelve planes beside each other, so that it is flipped and
shuffled like any other:

    0 to 3      clean, R, Gr, Gb, B
    4 to 7      noisy
    8 and 11    a and b, the same at every pixel; a = 0 says that noise is to
                be drawn. A transposition swaps the two planes in between.
"""

import dataclasses

import numpy as np
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf.data import paired
from fanet_tf.raw import ksigma
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw.noise import NoiseParams
from fanet_tf.training.feed.photo_crops import places

PLANES = 12
_A, _B = 8, 11


@dataclasses.dataclass(frozen=True)
class Pair:
    """A pair of a set that `fanet-pairs` wrote.

    Attributes:
        folder: of the set.
        record: its entry in the set's index.
    """

    folder: str
    record: dict

    def __str__(self):
        return f"{self.folder}/{self.record.get('name')}"

    @property
    def a(self) -> float:
        """The shot-noise slope."""
        return float(np.squeeze(self._read((0, 0, 1, 1)).noise.a))

    def _read(self, window):
        return paired.read_capture(self.folder, self.record, window)

    def crops(self, rng, count: int, size: int) -> np.ndarray:
        """Returns `[count, size, size, PLANES]`.

        Pixels that the set masks (saturated, or moved) get drawn noise.
        """
        shape = paired.shape(self.folder, self.record)
        windows = np.zeros((count, size, size, PLANES), np.float32)
        for window, (y, x) in zip(
            windows, places(rng, count, shape, size, str(self)), strict=True
        ):
            capture = self._read((int(y), int(x), size, size))
            normal = rng.standard_normal(capture.clean.shape, np.float32)
            drawn = noise_lib.add_noise(
                capture.clean[None], capture.noise, normal[None]
            )[0]
            window[..., :4] = capture.clean
            window[..., 4:8] = np.where(
                capture.valid[..., None], capture.noisy, drawn
            )
            window[..., _A] = capture.noise.a
            window[..., _B] = capture.noise.b
        return windows


def find(folder: str) -> list[Pair]:
    """Lists the pairs of a set.

    Raises:
        InputError: the folder is not one that `fanet-pairs` wrote.
    """
    return [Pair(folder, r) for r in paired.read_index(folder)["pairs"]]


def put(planes, inputs, clean, clipped: bool):
    """Puts captured noise in the place of drawn noise.

    Args:
        planes: `[B, h, w, PLANES]`, of pairs and of others.
        inputs: of a member, with drawn noise; see `synthesis.Synthesis.batch`.
        clean: `[B, h, w, 4]`, of the same.
        clipped: whether the run's members see nothing below black.

    Returns:
        `(inputs, clean)`.
    """
    a, b = planes[:, 0, 0, _A], planes[:, 0, 0, _B]
    is_pair = a > 0.0
    scale, offset = ksigma.scale_offset(
        NoiseParams(tf.where(is_pair, a, 1.0), b), tnp
    )
    noisy = planes[..., 4:8]
    captured = {
        "noisy": tf.maximum(noisy, 0.0) if clipped else noisy,
        "scale": scale,
        "offset": offset,
    }
    is_pair = is_pair[:, None, None, None]
    return (
        {n: tf.where(is_pair, captured[n], v) for n, v in inputs.items()},
        tf.where(is_pair, planes[..., :4], clean),
    )
