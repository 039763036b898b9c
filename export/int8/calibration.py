"""Calibration crops: drawn as the member's own training batches are.

The noise of the crops is spread evenly in `log a` over the subrange. They are
larger than the training's patches where the images allow it, and each is cut
from one image: a seam between two would be a detail that no photograph has.

They have no defective pixels. A bright one lies a hundred deviations of the
noise above its neighbours, gated blocks square that, and the integers of all
other pixels would be as much coarser; `fanet-denoise` takes them out before the
network. They are as sharp and as bright as the photographs: what is softer and
darker is within their ranges, and the other way round edges would be clipped.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis
from fanet_tf.training.feed.sources import Source

# Side of a calibration crop in patches of the training, images permitting.
_LARGER = 3

# Of what would make the crops softer or darker than the photographs.
_SHARES = ("smooth_share", "blur_share", "dark_share")


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
        self.config, self.settings = (
            config.copy_and_resolve_references(),
            settings,
        )
        data = self.config.data
        data.service = ""  # Batches are drawn in this process.
        if "realism_without" in data:  # A run may be older than the field.
            data.realism_without = (*data.realism_without, "defects")
        data.update({name: 0.0 for name in _SHARES if name in data})
        self.profile = profile_lib.load(config.data.profile)

    @functools.cached_property
    def bank(self) -> bank_lib.Bank | list[Source]:
        """The clean images of the run, see `pipeline.build_bank`."""
        return pipeline.build_bank(
            self.config.data, [self.phase(0)], self.config.seed
        )

    def phase(self, first: int) -> schedule.Phase:
        """Returns the steps of the fine-tuning, from batch `first` on."""
        data = self.config.data
        last = first + self.settings.steps
        return schedule.Phase(first, last, data.patch_size, data.batch_size)

    @functools.cached_property
    def tile(self) -> int:
        """Height and width of a crop, packed pixels.

        That of a training patch where images are streamed: their sizes are
        known only when they are read.
        """
        patch = self.config.data.patch_size
        if not isinstance(self.bank, bank_lib.Bank):
            return patch // 2
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

    @property
    def _seed(self) -> int:
        """Draws other batches than the training's own."""
        return 1_000_003 * (self.data.settings.seed + 1) + self.index

    def _pair(self, a, step):
        """Draws crop `step` with noise of one `a`."""
        data, patch = self.data.config.data, 2 * self.data.tile
        bank = self.data.bank
        drawn = synthesis.of(
            data, bank, self.data.profile, (a, a), 1, patch, self._seed
        )
        if drawn.bank:
            return drawn.batch(tf.constant(step, tf.int64))
        # Noise of this `a` on the clean frames of pairs, too.
        clean = [dataclasses.replace(source, planes=4) for source in bank]
        mixture = stream.Mixture(clean, data.weights, 1, patch // 2, self._seed)
        (pair,) = stream.batches(mixture, drawn, step, step + 1)
        return pair

    def pairs(self) -> list[tuple[dict, np.ndarray]]:
        """Draws the crops: `(inputs, clean)`, each of batch 1."""
        settings = self.data.settings
        low, high = self.a_range
        pairs = []
        for step in range(settings.tiles):
            a = low * (high / low) ** ((step + 0.5) / settings.tiles)
            inputs, clean = self._pair(a, step)
            inputs = {n: value.numpy() for n, value in inputs.items()}
            pairs.append((inputs, clean.numpy()))
        # Shuffled: the quantizer's moving average forgets the first ones.
        order = np.random.default_rng(settings.seed).permutation(len(pairs))
        return [pairs[place] for place in order]

    def white(self) -> dict[str, np.ndarray]:
        """Returns inputs of white where the noise is least.

        Nothing else of the subrange is as many deviations above black.
        """
        profile = self.data.profile
        a, _ = nsma.widen(self.a_range, self.data.config.nsma.overlap)
        b = float(profile.b(profile.gain(a)))
        return {
            "noisy": np.float32(1.0),
            "scale": np.float32(1.0 / a),
            "offset": np.float32(b / a**2),
        }

    def batches(self, part: int = 1) -> tf.data.Dataset:
        """Returns the batches of the fine-tuning, `(inputs, clean)`.

        Args:
            part: how many times smaller than the run's they are.
        """
        config, settings = self.data.config, self.data.settings
        # Behind the numbers of the crops, so that no batch repeats one.
        phase = self.data.phase(settings.tiles)
        phase = dataclasses.replace(
            phase, batch_size=max(1, phase.batch_size // part)
        )
        return pipeline.batches(
            config.data,
            phase,
            self.data.bank,
            self.data.profile,
            nsma.widen(self.a_range, config.nsma.overlap),
            self._seed,
            phase.first,
        )
