"""A member on its way to flatbuffers: what recipes share is made once."""

import functools

import keras
from absl import logging

from export import calibration
from export import convert
from export import equalise
from export import finetune
from export import graph
from export import quantise
from export import simulate
from fanet_tf import layers


class Source:
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
    def tiles(self) -> list[dict]:
        """Calibration crops of the subrange."""
        return self._data.tiles(self.a_range, self.index)

    @functools.cached_property
    def _small(self):
        """The member at the size of the calibration crops."""
        return self._build(self._data.tile, self._data.tile)

    @functools.cached_property
    def prepared(self) -> tuple[bytes, dict]:
        """The member with equal ranges behind its ReLUs, and its ranges."""
        return _prepare(self.float32, convert.convert(self._small), self.tiles)

    @functools.cached_property
    def prepared_core(self) -> tuple[bytes, dict]:
        """The core with equal ranges behind its ReLUs, and its ranges."""
        tiles = [
            {convert.CORE_INPUT: self.stabilise(tile)[0]} for tile in self.tiles
        ]
        return _prepare(self.core, convert.convert_core(self._small), tiles)

    @functools.cached_property
    def finetuned(self) -> tuple[bytes, dict]:
        """`prepared`, trained for int8."""
        settings = self._data.settings
        if not settings.steps:
            return self.prepared
        try:
            return finetune.finetune(
                *self.prepared,
                self._data.batches(self.a_range, self.index),
                settings.steps,
                settings.learning_rate,
            )
        except simulate.UnknownOperation as error:
            logging.warning("Not fine-tuned: %s", error)
            return self.prepared

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
        return self.prepared_core[0] if core else self.finetuned[0]


def _prepare(flatbuffer, small, tiles):
    """Equalises a flatbuffer and takes its ranges, on crops of a small one.

    The converter gives the tensors of both sizes the same names.
    """
    constants = equalise.equalised(small, tiles)
    ranges = quantise.calibrate(graph.with_constants(small, constants), tiles)
    return graph.with_constants(flatbuffer, constants), ranges
