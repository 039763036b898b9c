"""Calibration data: crops of a member's own subrange, as it is trained on.

The noise of the crops is spread evenly in `log a` over the subrange. They are
larger than those of the training where the images allow it, and never put
together from several: at a seam the detail is as large as in no photograph.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import synthesis

# Side of a calibration crop in crops of the training, images permitting.
_LARGER = 3


@dataclasses.dataclass(frozen=True)
class Settings:
    """How much data a static recipe is made from; stated in the manifest.

    Attributes:
        tiles: crops that ranges are taken from.
        steps: of fine-tuning with simulated integers; 0 leaves it out.
        learning_rate: its peak.
        seed: of the tiles and of the fine-tuning's batches.
        target_db: what int8 may lose on the tiles before more is done about
            it; below half of it nothing is trained. Photographs lose a third
            to one and a quarter times as much.
        max_float_macs: largest share of the multiply-accumulates that may
            stay in float for it.
    """

    tiles: int = 24
    steps: int = 600
    learning_rate: float = 5e-4
    seed: int = 0
    target_db: float = 0.1
    max_float_macs: float = 0.2


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

    def _images(self):
        data = self._config.data
        if self._bank is None:
            self._bank = bank_lib.build(
                data.sources,
                data.weights,
                data.smooth_share,
                self._config.seed,
                data.patch_size,
            )
        return self._bank

    def _synthesis(self, a_range, batch_size, index, patch_size):
        data = self._config.data
        return synthesis.Synthesis(
            self._images(),
            camera_lib.get(data.camera),
            self._profile,
            a_range,
            data.b_law,
            batch_size,
            patch_size,
            # Other batches than the training's own.
            1_000_003 * (self.settings.seed + 1) + index,
            synthesis.sensor_of(data),
        )

    @property
    def tile(self) -> int:
        """Height and width of a calibration crop, packed pixels."""
        patch = self._config.data.patch_size
        bank = self._images()
        smallest = min(
            int(bank.heights.numpy().min()), int(bank.widths.numpy().min())
        )
        return (_LARGER * patch if smallest >= _LARGER * patch else patch) // 2

    def tiles(self, a_range, index) -> list[tuple[dict, np.ndarray]]:
        """Returns `(inputs, clean)` of member `index`, each of batch 1.

        Args:
            a_range: the member's subrange.
            index: of the member.
        """
        low, high = a_range
        tiles = []
        for step in range(self.settings.tiles):
            a = low * (high / low) ** ((step + 0.5) / self.settings.tiles)
            drawn = self._synthesis((a, a), 1, index, 2 * self.tile)
            inputs, clean = drawn.batch(tf.constant(step, tf.int64))
            inputs = {n: value.numpy() for n, value in inputs.items()}
            tiles.append((inputs, clean.numpy()))
        # In no order of noise: the quantizer's average forgets the first.
        order = np.random.default_rng(self.settings.seed).permutation(
            len(tiles)
        )
        return [tiles[place] for place in order]

    def batches(self, a_range, index) -> tf.data.Dataset:
        """Returns the batches of the fine-tuning, `(inputs, clean)`."""
        drawn = self._synthesis(
            nsma.widen(a_range, self._config.nsma.overlap),
            self._config.data.batch_size,
            index,
            self._config.data.patch_size,
        )
        # After those of the tiles, of another draw.
        first = self.settings.tiles
        return synthesis.batches(drawn, first, first + self.settings.steps)

    def record(self) -> dict:
        """Returns what the manifest says of the data."""
        settings = dataclasses.asdict(self.settings)
        # The manifest's own word.
        settings["float_share"] = settings.pop("max_float_macs")
        return {
            **settings,
            "batch_size": self._config.data.batch_size,
            "patch_size": self._config.data.patch_size,
            "sources": len(self._config.data.sources),
        }
