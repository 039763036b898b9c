"""The golden tile: one input whose output every runtime must reproduce."""

import dataclasses

import numpy as np

from fanet_tf.data import dead_leaves
from fanet_tf.raw import noise as noise_lib
from fanet_tf.raw import unprocess
from fanet_tf.raw.noise import NoiseParams

TILE = 64  # Packed pixels, repeated to fill a member's input.
_BLACK = 64  # 10-bit counts.
_RANGE = 1023 - _BLACK  # Counts between black and white.
_DARKER = 0.02  # Factor on the right half of a signed tile.


def noisy_tile(
    a: float, b: float, index: int, below_black: str = "clipped"
) -> np.ndarray:
    """Returns `[64, 64, 4]` float32: a procedural scene, noisy, in 10 bits.

    Args:
        a: shot-noise slope.
        b: read-noise variance.
        index: of the member; each has a scene of its own.
        below_black: `"clipped"` cuts the noise below black off; `"signed"`
            keeps it, and darkens half of the scene so that there is much of it.
    """
    linear = dead_leaves.dead_leaves([7, index], size=2 * TILE, leaves=400)
    packed = unprocess.mosaic_planes(linear[None])
    low = 0.0
    if below_black == "signed":
        low = -_BLACK / _RANGE
        packed[:, :, TILE // 2 :] *= _DARKER
    normal = np.random.default_rng([7, index]).standard_normal(packed.shape)
    params = NoiseParams(np.array([a]), np.array([b]))
    noisy = noise_lib.add_noise(packed, params, normal, low=low)[0]
    return (np.round(noisy * _RANGE) / _RANGE).astype(np.float32)


def fill(tile: np.ndarray, height: int, width: int) -> np.ndarray:
    """Repeats a tile to `[1, height, width, 4]`."""
    rows, columns = -(-height // tile.shape[0]), -(-width // tile.shape[1])
    return np.tile(tile, (rows, columns, 1))[None, :height, :width]


def crop_of(height: int, width: int) -> tuple[int, int, int, int]:
    """Returns `(y, x, height, width)` of the part of the output to keep."""
    size_y, size_x = min(TILE, height), min(TILE, width)
    return (height - size_y) // 2, (width - size_x) // 2, size_y, size_x


def crop_output(
    output: np.ndarray, crop: tuple[int, int, int, int]
) -> np.ndarray:
    """Cuts `crop` out of `[1, h, w, 4]`: `[height, width, 4]`."""
    y, x, height, width = crop
    return np.ascontiguousarray(output[0, y : y + height, x : x + width])


@dataclasses.dataclass(frozen=True)
class Golden:
    """A golden tile and its noise.

    Attributes:
        noisy: `[64, 64, 4]`.
        scale: `1/a`.
        offset: `b/a^2`.
    """

    noisy: np.ndarray
    scale: float
    offset: float

    def inputs(self, height: int, width: int) -> dict[str, np.ndarray]:
        """Returns a member's inputs, by name.

        Args:
            height: of the member's input, packed pixels.
            width: of the member's input.
        """
        return {
            "noisy": fill(self.noisy, height, width),
            "scale": np.full((1, 1, 1, 1), self.scale, np.float32),
            "offset": np.full((1, 1, 1, 1), self.offset, np.float32),
        }
