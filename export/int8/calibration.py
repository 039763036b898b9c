"""Calibration crops: drawn as the member's own training batches are.

The noise of the crops is spread evenly in `log a` over the subrange. They are
larger than the training's patches where the images allow it, and each is cut
from one image: a seam between two would be a detail that no photograph has.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import synthesis

# Side of a calibration crop in patches of the training, images permitting.
_LARGER = 3


@dataclasses.dataclass(frozen=True)
class Settings:
    """How the static recipes are calibrated; the manifest states it.

    Attributes:
        tiles: number of crops that ranges are taken from.
        steps: of fine-tuning with simulated integers; 0 skips it.
        learning_rate: peak of the fine-tuning's.
        seed: of the crops and of the fine-tuning's batches.
        target_db: loss of int8 on the crops above which further layers stay in
            float; below half of it nothing is fine-tuned. Photographs lose a
            third to one and a quarter times as much as the crops.
        max_float_macs: largest share of the multiply-accumulates that may
            stay in float.
    """

    tiles: int = 24
    steps: int = 600
    learning_rate: float = 5e-4
    seed: int = 0
    target_db: float = 0.1
    max_float_macs: float = 0.2


class Data:
    """The calibration data of a run.

    Args:
        config: of the run.
        settings: of the calibration.
    """

    def __init__(self, config: ConfigDict, settings: Settings):
        self.config, self.settings = config, settings
        self.profile = profile_lib.load(config.data.profile)

    @functools.cached_property
    def bank(self) -> bank_lib.Bank:
        """The clean images of the run."""
        data = self.config.data
        return bank_lib.build(
            data.sources,
            data.weights,
            data.smooth_share,
            self.config.seed,
            data.patch_size,
        )

    @functools.cached_property
    def tile(self) -> int:
        """Height and width of a crop, packed pixels."""
        patch = self.config.data.patch_size
        smallest = min(
            int(self.bank.heights.numpy().min()),
            int(self.bank.widths.numpy().min()),
        )
        return (_LARGER * patch if smallest >= _LARGER * patch else patch) // 2

    def of_member(self, index: int, a_range: tuple[float, float]) -> "Crops":
        """Returns the data of one member.

        Args:
            index: of the member.
            a_range: its subrange.
        """
        return Crops(self, index, a_range)

    def record(self) -> dict:
        """Returns the manifest's entry."""
        settings = dataclasses.asdict(self.settings)
        # As the manifest calls it.
        settings["float_share"] = settings.pop("max_float_macs")
        data = self.config.data
        return {
            **settings,
            "batch_size": data.batch_size,
            "patch_size": data.patch_size,
            "sources": len(data.sources),
        }


@dataclasses.dataclass(frozen=True)
class Crops:
    """The calibration data of one member.

    Attributes:
        data: of the run.
        index: of the member.
        a_range: its subrange.
    """

    data: Data
    index: int
    a_range: tuple[float, float]

    def _synthesis(self, a_range, batch_size, patch_size):
        data = self.data.config.data
        return synthesis.Synthesis(
            self.data.bank,
            camera_lib.get(data.camera),
            self.data.profile,
            a_range,
            data.b_law,
            batch_size,
            patch_size,
            # Other batches than the training's own.
            1_000_003 * (self.data.settings.seed + 1) + self.index,
            synthesis.sensor_of(data),
        )

    def pairs(self) -> list[tuple[dict, np.ndarray]]:
        """Draws the crops: `(inputs, clean)`, each of batch 1."""
        settings = self.data.settings
        low, high = self.a_range
        pairs = []
        for step in range(settings.tiles):
            a = low * (high / low) ** ((step + 0.5) / settings.tiles)
            drawn = self._synthesis((a, a), 1, 2 * self.data.tile)
            inputs, clean = drawn.batch(tf.constant(step, tf.int64))
            inputs = {n: value.numpy() for n, value in inputs.items()}
            pairs.append((inputs, clean.numpy()))
        # Shuffled: the quantizer's moving average forgets the first ones.
        order = np.random.default_rng(settings.seed).permutation(len(pairs))
        return [pairs[place] for place in order]

    def batches(self) -> tf.data.Dataset:
        """Returns the batches of the fine-tuning, `(inputs, clean)`."""
        config, settings = self.data.config, self.data.settings
        drawn = self._synthesis(
            nsma.widen(self.a_range, config.nsma.overlap),
            config.data.batch_size,
            config.data.patch_size,
        )
        # Behind the numbers of the crops, so that no batch repeats one.
        first = settings.tiles
        return synthesis.batches(drawn, first, first + settings.steps)
