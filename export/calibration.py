"""Calibration data: tiles of a member's own subrange from the training crops.

A tile holds training crops side by side, all of one noise, since a member
takes one `scale` and one `offset` a tile. The noise of the tiles is spread
evenly in `log a` over the subrange.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import bank as bank_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import synthesis


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much data a static recipe is made from; stated in the manifest.

    Attributes:
        tiles: that ranges are taken from.
        steps: of fine-tuning with simulated integers; 0 leaves it out.
        learning_rate: its peak.
        seed: of the tiles and of the fine-tuning's batches.
    """

    tiles: int = 12
    steps: int = 400
    learning_rate: float = 1e-3
    seed: int = 0


class Data:
    """Draws tiles and batches of a run's training pipeline.

    Args:
        config: of the run.
        settings: see `Settings`.
    """

    def __init__(self, config, settings):
        self._config, self.settings = config, settings
        self._profile = profile_lib.load(config.data.profile)
        self._bank = None

    def _synthesis(self, a_range, batch_size, index):
        data = self._config.data
        if self._bank is None:
            self._bank = bank_lib.build(
                data.sources,
                data.weights,
                data.smooth_share,
                self._config.seed,
                data.patch_size,
            )
        return synthesis.Synthesis(
            self._bank,
            camera_lib.get(data.camera),
            self._profile,
            a_range,
            data.b_law,
            batch_size,
            data.patch_size,
            # Other batches than the training's own.
            1_000_003 * (self.settings.seed + 1) + index,
        )

    def tiles(self, a_range, index, height, width) -> list[dict]:
        """Returns inputs of member `index`, each of batch 1.

        Args:
            a_range: the member's subrange.
            index: of the member.
            height: of its input, packed pixels.
            width: of its input.
        """
        size = self._config.data.patch_size // 2
        rows, columns = -(-height // size), -(-width // size)
        low, high = a_range
        tiles = []
        for step in range(self.settings.tiles):
            a = low * (high / low) ** ((step + 0.5) / self.settings.tiles)
            drawn = self._synthesis((a, a), rows * columns, index)
            inputs, _ = drawn.batch(tf.constant(step, tf.int64))
            noisy = inputs["noisy"].numpy()
            noisy = noisy.reshape(rows, columns, size, size, 4)
            noisy = noisy.transpose(0, 2, 1, 3, 4)
            noisy = noisy.reshape(1, rows * size, columns * size, 4)
            tiles.append(
                {
                    "noisy": np.ascontiguousarray(noisy[:, :height, :width]),
                    "scale": inputs["scale"].numpy()[:1],
                    "offset": inputs["offset"].numpy()[:1],
                }
            )
        return tiles

    def batches(self, a_range, index) -> tf.data.Dataset:
        """Returns the batches of the fine-tuning, `(inputs, clean)`."""
        drawn = self._synthesis(
            nsma.widen(a_range, self._config.nsma.overlap),
            self._config.data.batch_size,
            index,
        )
        # After those of the tiles, of another draw.
        first = self.settings.tiles
        return synthesis.batches(drawn, first, first + self.settings.steps)

    def record(self) -> dict:
        """Returns what the manifest says of the data."""
        return {
            **dataclasses.asdict(self.settings),
            "batch_size": self._config.data.batch_size,
            "patch_size": self._config.data.patch_size,
            "sources": len(self._config.data.sources),
        }
