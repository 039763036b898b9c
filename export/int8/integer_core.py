"""The core in integers alone, `stabilised` to `residual`.

No layer can stay in float. Those that carry the brightness have sixteen bits,
or the input comes in two planes of eight (`flatbuffer.planes`). All else
depends on the ranges. They begin with channels brought into one range, where
rounding and clipping together err least, and then train with the kernels and
biases. The app adds the residual to
its own exact value, so eight bits of output hold a few deviations of the noise
and no more.
"""

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from absl import logging

from export.contract import quality
from export.flatbuffer import core as core_lib
from export.flatbuffer import graph
from export.flatbuffer import planes
from export.flatbuffer import runtime
from export.int8 import cross_layer_equalization
from export.int8 import quantise
from export.int8 import quantization_aware
from export.int8 import simulate
from export.int8.calibration import Settings

# What carries the brightness: sixteen bits hold all of it, and the noise.
LINEAR_LAYERS = ("pyramid", "local_mean", "detail", "fa_mean", "fa_step")
WIDE_LAYERS = (*LINEAR_LAYERS, "fa_detail", "stem")
INPUT_TENSOR = f"serving_default_{core_lib.INPUT}:0"

# It has further to go than a member whose ends are in float: it learns at twice
# the rate, from batches of half the size.
_RATES = 2.0
_PART = 2


@dataclasses.dataclass(frozen=True)
class IntegerCore:
    """What the integer flatbuffer is made of.

    Attributes:
        constants: those of the float flatbuffer that change, by tensor name.
        ranges: see `quantise.static`.
        ends: its inputs, and what is around it.
    """

    constants: dict[str, np.ndarray]
    ranges: dict
    ends: quantization_aware.Ends

    def floats(self, core: bytes) -> bytes:
        """Returns a float core of any size with the inputs and the constants.

        Args:
            core: `stabilised` to `residual`.
        """
        return graph.with_constants(
            _with_inputs(core, self.ends), self.constants
        )

    def integers(self, core: bytes) -> bytes:
        """Quantises a float core of any size, `stabilised` to `residual`."""
        return self.ends.quantised(self.floats(core), self.ranges)


def _with_inputs(core, ends):
    return core if ends.grid is None else planes.with_planes(core)


def prepare(
    core: bytes,
    ends: quantization_aware.Ends,
    white: float,
    pairs: list[tuple[dict, np.ndarray]],
    batches: Callable[[int], tf.data.Dataset],
    settings: Settings,
) -> IntegerCore:
    """Finds ranges and constants.

    Args:
        core: in float32, of the crops' size.
        ends: its inputs, and what is around it.
        white: the largest value of its input.
        pairs: `(inputs, clean)` of the calibration crops.
        batches: gives the data of the fine-tuning.
        settings: how many steps.
    """
    floats = _with_inputs(core, ends)
    tiles = [_feeds(inputs, ends) for inputs, _ in pairs]
    constants = cross_layer_equalization.equalised(floats, tiles)
    floats = graph.with_constants(floats, constants)
    ranges = quantise.calibrate(floats, tiles)
    ranges = quantise.narrowed(floats, tiles, ranges)
    ranges = quantise.with_ranges(ranges, _known(ranges, ends, highest=white))

    def runner(flatbuffer):
        worker = runtime.Runner(flatbuffer)
        return lambda inputs: core_lib.around(worker, inputs, ends.transform)

    reference = quality.of_crops(runner(core), pairs)

    def loss(name, candidate):
        (found,) = reference.losses(runner(candidate.integers(core)))
        logging.info("  %s: crops lose %.3f dB", name, found.worst)
        return found.worst

    plain = IntegerCore(constants, ranges, ends)
    lost = loss("integers alone", plain)
    if not settings.steps:
        return plain
    try:
        changed, ranges = quantization_aware.train(
            floats,
            ranges,
            batches(_PART),
            settings.steps,
            _RATES * settings.learning_rate,
            ends,
        )
    except simulate.UnknownOperation as error:
        logging.warning("Not fine-tuned: %s", error)
        return plain
    trained = IntegerCore({**constants, **changed}, ranges, ends)
    return trained if loss("fine-tuned", trained) < lost else plain


def _feeds(inputs, ends):
    """Returns what the float core takes."""
    stabilised, _ = core_lib.stabilise(inputs, ends.transform)
    values = {core_lib.INPUT: stabilised}
    if ends.grid is not None:
        values = ends.grid.split(stabilised)
    return {name: np.asarray(v, np.float32) for name, v in values.items()}


def _known(ranges, ends, highest):
    """Returns the ranges that are not measured: they must reach white."""
    if ends.grid is not None:
        return ends.grid.ranges()
    patterns = [re.compile(quantise.layer_pattern(n)) for n in LINEAR_LAYERS]
    return {
        name: (-highest, highest)
        for name in ranges
        if name == INPUT_TENSOR
        or any(p.fullmatch(name.split(";")[0]) for p in patterns)
    }
