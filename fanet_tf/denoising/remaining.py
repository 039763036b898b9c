"""How much noise is left after denoising, for the output's NoiseProfile."""

import numpy as np

from fanet_tf.raw import ksigma
from fanet_tf.raw.noise import NoiseParams

_BLOCK = 16  # Packed pixels a side.
_MAX_BLOCKS = 4096  # Enough for a median; a frame has more.
# In the stabilised domain noise has unit variance; a block whose differences
# have about that holds nothing but noise.
_FLAT = (0.7, 1.3)


class Remaining:
    """Compares noisy and denoised where the frame holds only noise.

    Args:
        a: shot-noise slope of the noisy frame.
        b: its read-noise variance.
    """

    def __init__(self, a: float, b: float):
        noise = NoiseParams(np.float64(a), np.float64(b))
        self._scale_offset = ksigma.scale_offset(noise)
        self._ratios = []

    def update(self, noisy: np.ndarray, denoised: np.ndarray) -> None:
        """Takes a tile in, `[h, w, 4]` each."""
        if len(self._ratios) < _MAX_BLOCKS:
            before = self._block_variances(noisy)
            after = self._block_variances(denoised)
            flat = (before > _FLAT[0]) & (before < _FLAT[1])
            self._ratios.extend(after[flat] / before[flat])

    def _block_variances(self, packed):
        height, width = (n // _BLOCK * _BLOCK for n in packed.shape[:2])
        if not height or not width:
            return np.empty(0)
        green = packed[None, :height, :width, 1:2]
        z = ksigma.anscombe(green, *self._scale_offset)[0, :, :, 0]
        z = z.reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
        differences = np.diff(z, axis=3)
        return 0.5 * np.mean(np.square(differences), axis=(1, 3)).ravel()

    def fraction(self) -> float | None:
        """Returns the part of the noise variance that is left, or None."""
        if not self._ratios:
            return None
        return float(min(np.median(self._ratios), 1.0))
