"""A member on its way to flatbuffers: what its recipes share is made once."""

import functools
from collections.abc import Callable

import keras
import numpy as np

from export.flatbuffer import convert
from export.flatbuffer import core as core_lib
from export.flatbuffer import planes
from export.flatbuffer import runtime
from export.int8 import integer_core as integer_core_lib
from export.int8 import quantization_aware
from export.int8 import stages as stages_lib
from export.int8.calibration import Crops


class ExportContext:
    """A trained member at its fixed size, and all that recipes are made of.

    Each of them is made when the first recipe asks for it.

    Args:
        build: builds the trained member for a height and a width.
        size: height and width of the input, packed pixels.
        transform: one of `layers.stabilise.TRANSFORMS`.
        crops: of the member; None where no static recipe is exported.
    """

    def __init__(
        self,
        build: Callable[[int, int], keras.Model],
        size: tuple[int, int],
        transform: str,
        crops: Crops | None = None,
    ):
        self.member = build(*size)
        self.transform = transform
        self._build, self._crops = build, crops

    @functools.cached_property
    def float32(self) -> bytes:
        """The member in float32."""
        return convert.convert(self.member)

    @functools.cached_property
    def core(self) -> bytes:
        """The core in float32."""
        return convert.convert_core(self.member)

    @functools.cached_property
    def _pairs(self):
        return self._crops.pairs()

    @functools.cached_property
    def _small(self):
        """The member at the size of the crops.

        The converter gives the tensors of both sizes the same names, so that
        constants and ranges found at this size apply to the other.
        """
        return self._build(self._crops.data.tile, self._crops.data.tile)

    @functools.cached_property
    def stages(self) -> list[stages_lib.QuantizationStage]:
        """The stages to int8; the last one ships."""
        return stages_lib.stages(
            convert.convert(self._small),
            self._pairs,
            self._crops.batches,
            self._crops.data.settings,
        )

    @functools.cached_property
    def integer_core(self) -> integer_core_lib.IntegerCore:
        """What the core of eight bits is made of; two planes are its input."""
        lowest = min(
            float(core_lib.stabilise(inputs, self.transform)[0].min())
            for inputs, _ in self._pairs
        )
        grid = planes.Grid.of(lowest, self._white)
        return self._prepared(quantization_aware.Ends(self.transform, grid))

    @functools.cached_property
    def wide_core(self) -> integer_core_lib.IntegerCore:
        """What the core is made of whose brightness has sixteen bits."""
        return self._prepared(
            quantization_aware.Ends(
                self.transform, None, integer_core_lib.WIDE_LAYERS
            )
        )

    @functools.cached_property
    def _white(self):
        white = self._crops.white()
        return float(core_lib.stabilise(white, self.transform)[0])

    def _prepared(self, ends):
        return integer_core_lib.prepare(
            convert.convert_core(self._small),
            ends,
            self._white,
            self._pairs,
            self._crops.batches,
            self._crops.data.settings,
        )

    def runner(
        self, flatbuffer: bytes, core: bool = False
    ) -> Callable[[dict], np.ndarray]:
        """Returns a flatbuffer as a function from inputs to `denoised`.

        Args:
            flatbuffer: of the member.
            core: whether it is of the core alone.
        """
        if not core:
            return runtime.denoiser(flatbuffer)
        runner = runtime.Runner(flatbuffer)
        return lambda inputs: core_lib.around(runner, inputs, self.transform)
