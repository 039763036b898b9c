"""From float32 to int8 that keeps the picture, stage by stage.

    plain         all of the core in integers, ranges from calibration crops
    float ends    `quantise.FLOAT_LAYERS` in float
    equalised     channels brought into one range
    fine-tuned    trained with simulated integers, unless the crops lose next to
                  nothing without it
    float layers  further layers in float, if the crops still lose too much

The loss on the calibration crops decides; the photographs of the quality gate
are kept out of every decision. From the third stage on, a stage is taken only
if the crops lose less with it. All stages that were taken are kept, so that the
manifest can tell how much each one gains.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import logging

from export.contract import quality
from export.flatbuffer import graph
from export.flatbuffer import runtime
from export.int8 import cross_layer_equalization
from export.int8 import float_layers
from export.int8 import quantise
from export.int8 import quantization_aware
from export.int8 import simulate
from export.int8.calibration import Settings


@dataclasses.dataclass(frozen=True)
class QuantizationStage:
    """What the int8 flatbuffer is made of after one of the stages.

    Attributes:
        name: of the stage.
        constants: those of the float flatbuffer that change, by tensor name.
        ranges: see `quantise.static`.
        float_layers: see `quantise.static`.
        crops_db: loss on the calibration crops, dB: over all pixels or over
            the darkest quarter, whichever is larger.
    """

    name: str
    constants: dict[str, np.ndarray]
    ranges: dict
    float_layers: tuple[str, ...]
    crops_db: float

    def floats(self, flatbuffer: bytes) -> bytes:
        """Returns the float flatbuffer, of any size, with the constants."""
        return graph.with_constants(flatbuffer, self.constants)

    def integers(self, flatbuffer: bytes, bits: int = 8) -> bytes:
        """Quantises a float flatbuffer of any size."""
        return quantise.static(
            self.floats(flatbuffer),
            self.ranges if bits == 8 else quantise.widened(self.ranges),
            bits,
            float_layers=self.float_layers,
        )


def stages(
    flatbuffer: bytes,
    pairs: list[tuple[dict, np.ndarray]],
    batches: Callable[[], tf.data.Dataset],
    settings: Settings,
) -> list[QuantizationStage]:
    """Returns the stages that were taken; the last one ships.

    Args:
        flatbuffer: float32, of the crops' size.
        pairs: `(inputs, clean)` of the calibration crops.
        batches: gives the data of the fine-tuning.
        settings: the loss to reach, and how.
    """
    tiles = [inputs for inputs, _ in pairs]
    reference = quality.of_crops(runtime.denoiser(flatbuffer), pairs)

    def stage(name, constants, ranges=None, layers=quantise.FLOAT_LAYERS):
        changed = graph.with_constants(flatbuffer, constants)
        if ranges is None:
            ranges = quantise.calibrate(changed, tiles)
        quantised = quantise.static(changed, ranges, float_layers=layers)
        (loss,) = reference.losses(runtime.denoiser(quantised))
        logging.info("  %s: crops lose %.3f dB", name, loss.worst)
        return QuantizationStage(
            name, constants, ranges, tuple(layers), loss.worst
        )

    plain = stage("plain", {}, layers=())
    taken = [plain, stage("float ends", {}, plain.ranges)]

    def take(candidate):
        if candidate.crops_db < taken[-1].crops_db:
            taken.append(candidate)

    constants = cross_layer_equalization.equalised(flatbuffer, tiles)
    take(stage("equalised", constants))
    last = taken[-1]
    if last.crops_db > settings.target_db / 2 and settings.steps:
        try:
            constants, ranges = quantization_aware.train(
                last.floats(flatbuffer),
                last.ranges,
                batches(),
                settings.steps,
                settings.learning_rate,
            )
            take(stage("fine-tuned", {**last.constants, **constants}, ranges))
        except simulate.UnknownOperation as error:
            logging.warning("Not fine-tuned: %s", error)
    last = taken[-1]
    if last.crops_db > settings.target_db:
        layers = float_layers.choose(
            last.floats(flatbuffer), last.ranges, pairs, reference, settings
        )
        take(stage("float layers", last.constants, last.ranges, layers))
    return taken
