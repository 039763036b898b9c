"""The parity gate: a flatbuffer computes what its member computes.

Float recipes are compared with Keras. Rounding to integers moves single values
by more than a broken graph might, so static int8 is compared with the
simulation of its integers (`int8.simulate`) instead. Differences are counted in
deviations of the noise (`denoising.agreement`). A failure is a bug, and no
bundle is written.
"""

import keras
import numpy as np
from absl import logging

from export.int8 import quantization_aware
from export.int8 import simulate
from export.member.context import ExportContext
from export.member.recipes import Recipe
from fanet_tf.denoising import agreement
from fanet_tf.errors import InputError

_NAMES = {"keras": "Keras", "simulation": "its simulation"}


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
        against, reference = "keras", self._expected
        if recipe.simulated:
            try:
                reference = self._simulated(recipe, flatbuffer)
                against = "simulation"
            except simulate.UnknownOperation as unknown:
                logging.warning("Compared with Keras instead: %s", unknown)
        scale, offset = (
            float(np.ravel(self._inputs[name])[0])
            for name in ("scale", "offset")
        )
        found = agreement.difference(denoised, reference, scale, offset)
        if not found.within(recipe.parity):
            raise ParityError(
                f"Member {self._index} in {recipe.name} must agree with "
                f"{_NAMES[against]} within {recipe.parity}. Received: {found}"
            )
        return {
            "against": against,
            "measure": "rms",
            "limit": recipe.parity.rms,
            "rms_deviations": found.rms,
            "largest_deviations": found.largest,
            "bias_deviations": found.bias,
            "worth_db": found.db,
            "max_abs_error": float(np.max(np.abs(denoised - self._expected))),
        }

    def _simulated(self, recipe, flatbuffer):
        """Returns what integers that are simulated in float32 give."""
        context, inputs = self._context, self._inputs
        if not recipe.core:
            floats = context.stages[-1].floats(context.float32)
            return quantization_aware.simulated(flatbuffer, floats, inputs)
        made = recipe.made_of(context)
        return quantization_aware.simulated(
            flatbuffer, made.floats(context.core), inputs, made.ends
        )
