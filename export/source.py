"""A member on its way to flatbuffers: what recipes share is made once."""

import functools

import keras

from export import calibration
from export import convert
from export import equalise
from export import finetune
from export import quantise
from fanet_tf import layers


class Source:
    """A trained member at its fixed size.

    Args:
        member: keras.Model of fixed size, see `convert.static_member`.
        index: of the member.
        a_range: its subrange.
        transform: see `layers.Stabilise`.
        data: `calibration.Data`, for the static recipes.
    """

    def __init__(self, member, index, a_range, transform, data):
        self.member = member
        self.index, self.a_range = index, a_range
        self._stabilise = layers.Stabilise(transform)
        self._data: calibration.Data = data

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input, packed pixels."""
        return tuple(self.member.output_shape[1:3])

    @functools.cached_property
    def float32(self) -> bytes:
        """The member in float32."""
        return convert.convert(self.member)

    @functools.cached_property
    def tiles(self) -> list[dict]:
        """Calibration tiles of the subrange."""
        return self._data.tiles(self.a_range, self.index, *self.size)

    @functools.cached_property
    def equalised(self) -> bytes:
        """The member in float32 with equal ranges behind its ReLUs."""
        return equalise.equalise(self.float32, self.tiles)

    @functools.cached_property
    def ranges(self) -> dict:
        """Ranges of the tensors of `equalised`."""
        return quantise.calibrate(self.equalised, self.tiles)

    @functools.cached_property
    def finetuned(self) -> tuple[bytes, dict]:
        """`equalised` and `ranges`, trained for int8."""
        settings = self._data.settings
        if not settings.steps:
            return self.equalised, self.ranges
        return finetune.finetune(
            self.equalised,
            self.ranges,
            self._data.batches(self.a_range, self.index),
            settings.steps,
            settings.learning_rate,
        )

    @functools.cached_property
    def core(self) -> bytes:
        """The stabilised core in float32."""
        return convert.convert_core(self.member)

    @functools.cached_property
    def _core_tiles(self) -> list[dict]:
        return [
            {convert.CORE_INPUT: self.stabilise(tile)[0]} for tile in self.tiles
        ]

    @functools.cached_property
    def core_equalised(self) -> bytes:
        """The core with equal ranges behind its ReLUs."""
        return equalise.equalise(self.core, self._core_tiles)

    @functools.cached_property
    def core_ranges(self) -> dict:
        """Ranges of the tensors of `core_equalised`."""
        return quantise.calibrate(self.core_equalised, self._core_tiles)

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
        return self.core_equalised if core else self.finetuned[0]
