"""The parity gate: a flatbuffer computes what its member computes.

Float recipes are compared with Keras. Rounding to integers moves single values
by more than a broken graph might, so static int8 is compared with the
simulation of its integers (`int8.simulate`) instead. A failure is a bug, and no
bundle is written.
"""

import keras
import numpy as np
from absl import logging

from export.flatbuffer import core as core_lib
from export.int8 import quantization_aware
from export.int8 import simulate
from export.member.context import ExportContext
from export.member.recipes import Recipe
from fanet_tf.errors import InputError


class ParityError(InputError):
    """A flatbuffer does not compute what its member computes."""


class Parity:
    """Compares the flatbuffers of a member on one tile.

    Args:
        context: the member.
        inputs: of the tile, by name.
        index: of the member, for the refusal.
    """

    def __init__(
        self, context: ExportContext, inputs: dict[str, np.ndarray], index: int
    ):
        self._context, self._inputs, self._index = context, inputs, index
        self._expected = keras.ops.convert_to_numpy(
            context.member(inputs, training=False)
        )

    def check(
        self, recipe: Recipe, flatbuffer: bytes, denoised: np.ndarray
    ) -> dict:
        """Returns the manifest's entry of a flatbuffer that agrees.

        Args:
            recipe: of the flatbuffer.
            flatbuffer: to check.
            denoised: what it gives for the tile.

        Raises:
            ParityError: it differs by more than the recipe's limit.
        """
        error = float(np.max(np.abs(denoised - self._expected)))
        measure, unit = "max_abs", "of the 0..1 range"
        entry = {"max_abs_error": error}
        if recipe.simulated:
            try:
                error = self._from_simulation(recipe, flatbuffer, denoised)
                measure, unit = "rms", "deviations of the noise"
                entry["simulated_rms_deviations"] = error
            except simulate.UnknownOperation as unknown:
                logging.warning("Compared with Keras instead: %s", unknown)
        # Written so that NaN fails as well.
        if not error <= recipe.parity_limit:
            raise ParityError(
                f"Member {self._index} in {recipe.name} must agree with Keras "
                f"within {recipe.parity_limit:g} {unit}. Received: {error:g}"
            )
        return {**entry, "limit": recipe.parity_limit, "measure": measure}

    def _from_simulation(self, recipe, flatbuffer, denoised):
        """Returns the rms difference in deviations of the noise."""
        context, inputs = self._context, self._inputs
        stabilised, unit = core_lib.stabilise(inputs, context.transform)
        if recipe.core:
            simulated = inputs["noisy"] + unit * quantization_aware.simulated(
                flatbuffer,
                context.prepared_core[0],
                {core_lib.INPUT: stabilised},
            )
        else:
            simulated = quantization_aware.simulated(
                flatbuffer, context.stages[-1].floats(context.float32), inputs
            )
        return float(np.sqrt(np.mean(((denoised - simulated) / unit) ** 2)))
