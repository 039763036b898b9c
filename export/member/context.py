"""A member on its way to flatbuffers: what recipes share is made once."""

import functools

import keras

from export.flatbuffer import convert
from export.flatbuffer import graph
from export.int8 import calibration
from export.int8 import cross_layer_equalization
from export.int8 import quantise
from export.int8 import stages
from fanet_tf import layers


class ExportContext:
    """A trained member at its fixed size.

    Args:
        build: `f(height, width) -> keras.Model`, the trained member.
        size: height and width of the input, packed pixels.
        index: of the member.
        a_range: its subrange.
        transform: see `layers.Stabilise`.
        data: `calibration.Data`, for the static recipes.
    """

    def __init__(self, build, size, index, a_range, transform, data):
        self.member = build(*size)
        self.size, self.index, self.a_range = size, index, a_range
        self._build = build
        self._stabilise = layers.Stabilise(transform)
        self._data: calibration.Data = data

    @functools.cached_property
    def float32(self) -> bytes:
        """The member in float32."""
        return convert.convert(self.member)

    @functools.cached_property
    def core(self) -> bytes:
        """The stabilised core in float32."""
        return convert.convert_core(self.member)

    @functools.cached_property
    def _pairs(self):
        return self._data.tiles(self.a_range, self.index)

    @functools.cached_property
    def _small(self):
        """The member at the size of the calibration crops."""
        return self._build(self._data.tile, self._data.tile)

    @functools.cached_property
    def steps(self) -> list[stages.QuantizationStage]:
        """The steps to int8; the last one ships.

        The converter gives the tensors of both sizes the same names.
        """
        return stages.stages(
            convert.convert(self._small),
            self._pairs,
            lambda: self._data.batches(self.a_range, self.index),
            self._data.settings,
        )

    def step(self, name) -> stages.QuantizationStage:
        """Returns one of `steps` by its name."""
        (found,) = (step for step in self.steps if step.name == name)
        return found

    @functools.cached_property
    def prepared_core(self) -> tuple[bytes, dict]:
        """The core with equal ranges behind its ReLUs, and its ranges.

        Not fine-tuned: what it loses is lost where its own input and the
        pyramid are rounded, which no weight makes up for.
        """
        tiles = [
            {convert.CORE_INPUT: self.stabilise(inputs)[0]}
            for inputs, _ in self._pairs
        ]
        small = convert.convert_core(self._small)
        constants = cross_layer_equalization.equalised(small, tiles)
        ranges = quantise.calibrate(
            graph.with_constants(small, constants), tiles
        )
        return graph.with_constants(self.core, constants), ranges

    def stabilise(self, inputs):
        """Returns `stabilised` and `unit` of a member's inputs, as numpy."""
        return tuple(
            keras.ops.convert_to_numpy(value)
            for value in self._stabilise(
                *(inputs[name] for name in convert.INPUTS)
            )
        )

    def integers_are_made_of(self, core: bool) -> bytes:
        """The float32 flatbuffer that the int8 recipe was made of."""
        if core:
            return self.prepared_core[0]
        return self.steps[-1].floats(self.float32)
