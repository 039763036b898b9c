"""From float32 to int8 that keeps the picture, step by step.

    plain         all of the core in integers, ranges from calibration crops
    float ends    `quantise.FLOAT_LAYERS` in float
    equalised     channels behind a ReLU brought into one range
    fine-tuned    trained with simulated integers, unless next to nothing is
                  lost without
    float layers  further layers left in float, if the crops still lose more
                  than they may

What is lost decides on the calibration crops; the photographs that the gate
measures on are held back from it. From the third on a step is taken only if the
crops lose less with it. Every step taken is kept, so that the manifest can say
what each one gains.
"""

import dataclasses

import numpy as np
from absl import logging

from export.contract import quality
from export.flatbuffer import convert
from export.flatbuffer import graph
from export.flatbuffer import runtime
from export.int8 import calibration
from export.int8 import cross_layer_equalization
from export.int8 import float_layers
from export.int8 import quantise
from export.int8 import quantization_aware
from export.int8 import simulate


@dataclasses.dataclass(frozen=True)
class QuantizationStage:
    """What int8 is made of after one of the steps.

    Attributes:
        name: of the step.
        constants: of the float flatbuffer that change, by tensor name.
        ranges: for `quantise.static`.
        float_layers: likewise.
        crops_db: loss on the calibration crops, all pixels or the darkest
            quarter, whichever is larger.
    """

    name: str
    constants: dict[str, np.ndarray]
    ranges: dict
    float_layers: tuple[str, ...]
    crops_db: float

    def floats(self, flatbuffer) -> bytes:
        """Returns the float flatbuffer, of any size, with the constants."""
        return graph.with_constants(flatbuffer, self.constants)

    def integers(self, flatbuffer, bits=8) -> bytes:
        """Returns the quantised flatbuffer of a float one of any size."""
        return quantise.static(
            self.floats(flatbuffer),
            self.ranges,
            bits,
            float_layers=self.float_layers,
        )


def stages(flatbuffer, pairs, batches, settings) -> list[QuantizationStage]:
    """Returns the steps that were taken, the last one to ship.

    Args:
        flatbuffer: bytes, float32, of the crops' size.
        pairs: list of `(inputs, clean)`, the calibration crops.
        batches: gives the tf.data.Dataset of the fine-tuning.
        settings: `calibration.Settings`.
    """
    return _Maker(flatbuffer, pairs, batches, settings).stages()


class _Maker:
    def __init__(self, flatbuffer, pairs, batches, settings):
        self._flatbuffer, self._pairs = flatbuffer, pairs
        self._tiles = [inputs for inputs, _ in pairs]
        self._batches = batches
        self._settings: calibration.Settings = settings
        self._reference = quality.of_crops(_runner(flatbuffer), pairs)

    def stages(self):
        target = self._settings.target_db
        plain = self._step("plain", {}, names=())
        taken = [plain, self._step("float ends", {}, plain.ranges)]

        def take(step):
            if step.crops_db < taken[-1].crops_db:
                taken.append(step)

        take(self._equalised())
        if taken[-1].crops_db > target / 2 and self._settings.steps:
            try:
                take(self._finetuned(taken[-1]))
            except simulate.UnknownOperation as error:
                logging.warning("Not fine-tuned: %s", error)
        if taken[-1].crops_db > target:
            take(self._with_floats(taken[-1]))
        return taken

    def _step(self, name, constants, ranges=None, names=quantise.FLOAT_LAYERS):
        changed = graph.with_constants(self._flatbuffer, constants)
        if ranges is None:
            ranges = quantise.calibrate(changed, self._tiles)
        quantised = quantise.static(changed, ranges, float_layers=names)
        (loss,) = self._reference.losses(_runner(quantised))
        logging.info("  %s: crops lose %.3f dB", name, loss.worst)
        return QuantizationStage(
            name, constants, ranges, tuple(names), loss.worst
        )

    def _equalised(self):
        return self._step(
            "equalised",
            cross_layer_equalization.equalised(self._flatbuffer, self._tiles),
        )

    def _finetuned(self, before):
        constants, ranges = quantization_aware.train(
            before.floats(self._flatbuffer),
            before.ranges,
            self._batches(),
            self._settings.steps,
            self._settings.learning_rate,
        )
        return self._step(
            "fine-tuned", {**before.constants, **constants}, ranges
        )

    def _with_floats(self, before):
        names = float_layers.choose(
            before.floats(self._flatbuffer),
            before.ranges,
            self._pairs,
            self._reference,
            self._settings,
        )
        return self._step(
            "float layers", before.constants, before.ranges, names
        )


def _runner(flatbuffer):
    runner = runtime.Runner(flatbuffer)
    return lambda inputs: runner(inputs)[convert.OUTPUT]
