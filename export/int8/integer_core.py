"""The core in integers alone: two planes in, the residual out.

No layer can stay in float, so everything depends on the ranges. They begin
where rounding and clipping together err least, and then train with the kernels
and biases, as `stages` says. The app adds the residual to its own exact value,
so eight bits of output hold a few deviations of the noise and no more.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import logging

from export.contract import quality
from export.flatbuffer import core as core_lib
from export.flatbuffer import graph
from export.flatbuffer import planes
from export.flatbuffer import runtime
from export.int8 import quantise
from export.int8 import quantization_aware
from export.int8 import simulate
from export.int8.calibration import Settings

# It has further to go than a member whose ends are in float: it learns faster,
# from smaller batches.
_FASTER = 2.0
_PART = 2


@dataclasses.dataclass(frozen=True)
class IntegerCore:
    """What the integer flatbuffer is made of.

    Attributes:
        constants: those of the float flatbuffer that change, by tensor name.
        ranges: see `quantise.static`.
        ends: what is around it.
    """

    constants: dict[str, np.ndarray]
    ranges: dict
    ends: quantization_aware.Ends

    def floats(self, core: bytes) -> bytes:
        """Returns a float core of any size with two planes and the constants.

        Args:
            core: `stabilised` to `residual`.
        """
        return graph.with_constants(planes.with_planes(core), self.constants)

    def integers(self, core: bytes) -> bytes:
        """Quantises a float core of any size, `stabilised` to `residual`."""
        return quantise.static(self.floats(core), self.ranges, whole=True)


def prepare(
    core: bytes,
    ends: quantization_aware.Ends,
    pairs: list[tuple[dict, np.ndarray]],
    batches: Callable[[int], tf.data.Dataset],
    settings: Settings,
) -> IntegerCore:
    """Finds ranges and constants.

    Args:
        core: in float32, of the crops' size.
        ends: what is around it.
        pairs: `(inputs, clean)` of the calibration crops.
        batches: gives the data of the fine-tuning.
        settings: how many steps.
    """
    split = planes.with_planes(core)
    tiles = []
    for inputs, _ in pairs:
        stabilised, _ = core_lib.stabilise(inputs, ends.transform)
        values = ends.grid.split(stabilised)
        tiles.append({n: v.astype(np.float32) for n, v in values.items()})
    ranges = quantise.calibrate(split, tiles)
    ranges = quantise.narrowed(split, tiles, ranges)
    ranges = quantise.with_ranges(ranges, ends.grid.ranges())

    def runner(flatbuffer):
        worker = runtime.Runner(flatbuffer)
        return lambda inputs: core_lib.around(worker, inputs, ends.transform)

    reference = quality.of_crops(runner(core), pairs)

    def loss(name, candidate):
        (found,) = reference.losses(runner(candidate.integers(core)))
        logging.info("  %s: crops lose %.3f dB", name, found.worst)
        return found.worst

    plain = IntegerCore({}, ranges, ends)
    lost = loss("integers alone", plain)
    if not settings.steps:
        return plain
    try:
        trained = IntegerCore(
            *quantization_aware.train(
                split,
                ranges,
                batches(_PART),
                settings.steps,
                _FASTER * settings.learning_rate,
                ends,
            ),
            ends,
        )
    except simulate.UnknownOperation as error:
        logging.warning("Not fine-tuned: %s", error)
        return plain
    return trained if loss("fine-tuned", trained) < lost else plain
