"""Dark frames that are dark: near black, and without a picture."""

import numpy as np

from fanet_tf.calibration.samples import Levels
from fanet_tf.errors import InputError

# A black level that a file states wrongly, by the whole pedestal of a phone
# (64 of 1023), is still a dark frame's; light is not.
_MOST_OFF = 0.1
# Blocks of a dark frame differ by glow and by drift of columns: a few counts.
# This share of white, and half a deviation of the noise, is a picture.
_PICTURE = 0.005
_BLOCKS = 16
# Pixels of a plane that are looked at.
_ENOUGH = 250_000


def check(path, packed: np.ndarray, levels: tuple[Levels, ...]) -> None:
    """Refuses a frame that some light fell on.

    Args:
        path: of the frame, for the message.
        packed: `[h, w, 4]` counts.
        levels: four `Levels` as the file gives them.

    Raises:
        InputError: its mean lies far from black, or its brightness varies
            over the frame.
    """
    black = np.array([level.black for level in levels])
    scale = levels[0].scale
    means = packed.mean(axis=(0, 1), dtype=np.float64)
    off = (means - black) / scale
    if np.max(np.abs(off)) > _MOST_OFF:
        worst = int(np.argmax(np.abs(off)))
        raise InputError(
            f"{path}: a dark frame must lie within {_MOST_OFF:.0%} of black. "
            f"Received: a mean of {means[worst]:.1f} counts, black "
            f"{black[worst]:g}, white {levels[0].white:g}"
        )
    every = max(int(np.sqrt(packed[..., 0].size / _ENOUGH)), 1)
    values, noise = _blocks(packed[::every, ::every] - means)
    low, high = np.percentile(values, (5, 95))
    limit = _PICTURE * scale + 0.5 * noise
    if high - low > limit:
        raise InputError(
            f"{path}: a dark frame must be even. Received: brightness that "
            f"varies by {high - low:.1f} counts over the frame, more than "
            f"{limit:.1f}: a picture, or a leak of light"
        )


def _blocks(noise):
    """Returns the medians of blocks, and the deviation inside of them.

    Medians, so that a bright defect is no picture.
    """
    rows, columns = (
        np.array_split(np.arange(side), min(_BLOCKS, max(side // 8, 1)))
        for side in noise.shape[:2]
    )
    values, spread = [], []
    for row in rows:
        strip = noise[row[0] : row[-1] + 1]
        for column in columns:
            block = strip[:, column[0] : column[-1] + 1]
            middle = np.median(block, axis=(0, 1))
            values.append(np.mean(middle))
            spread.append(1.4826 * np.median(np.abs(block - middle)))
    return np.array(values), float(np.median(spread))
