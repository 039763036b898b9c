"""Reads a map of lens-shading gains: a `.npy`, or a DNG's own GainMap."""

import os
import pathlib

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import gain_map
from fanet_tf.files import limits
from fanet_tf.files import npy
from fanet_tf.raw.shading import ShadingMap

# A lens whose corners are four stops darker than its middle.
MAX_GAIN = 16.0


def read(path: str | os.PathLike) -> ShadingMap:
    """Reads the gains that a frame was multiplied by.

    Args:
        path: of a `.npy`: `[rows, columns]` for all planes, or
            `[4, rows, columns]` of R, Gr, Gb, B; or of a `.dng` whose
            OpcodeList2 holds a GainMap.

    Raises:
        InputError: another shape, or gains that are not 1 to 16.
    """
    path = pathlib.Path(path)
    if path.suffix.lower() == ".dng":
        gains = gain_map.read(path)
    else:
        gains = npy.read(path, 4 * limits.max_pixels())
    if (
        gains.ndim not in (2, 3)
        or min(gains.shape[-2:]) < 2
        or (gains.ndim == 3 and len(gains) != 4)
    ):
        raise InputError(
            f"{path}: a shading map must be [rows, columns] or [4, rows, "
            f"columns], 2 x 2 or more. Received: shape={gains.shape}"
        )
    low, high = float(gains.min()), float(gains.max())
    if not 1.0 <= low <= high <= MAX_GAIN:
        raise InputError(
            f"{path}: shading gains must be 1 to {MAX_GAIN:g}. "
            f"Received: {low:g} to {high:g}"
        )
    gains = np.broadcast_to(gains, (4, *gains.shape[-2:]))
    return ShadingMap(gains.astype(np.float32))
