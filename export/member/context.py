"""A member on its way to flatbuffers: what its recipes share is made once."""

import functools
from collections.abc import Callable

import keras
import numpy as np

from export.flatbuffer import convert
from export.flatbuffer import core as core_lib
from export.flatbuffer import graph
from export.flatbuffer import runtime
from export.int8 import cross_layer_equalization
from export.int8 import quantise
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
    def prepared_core(self) -> tuple[bytes, dict]:
        """The core with equal ranges behind its ReLUs, and its ranges.

        Not fine-tuned: it loses most where its own input and the pyramid are
        rounded, and no weight makes up for that.
        """
        tiles = []
        for inputs, _ in self._pairs:
            stabilised, _ = core_lib.stabilise(inputs, self.transform)
            tiles.append({core_lib.INPUT: stabilised})
        small = convert.convert_core(self._small)
        constants = cross_layer_equalization.equalised(small, tiles)
        ranges = quantise.calibrate(
            graph.with_constants(small, constants), tiles
        )
        return graph.with_constants(self.core, constants), ranges

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
