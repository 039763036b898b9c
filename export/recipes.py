"""Recipes: in which numbers a member is stored and computed.

The names are ai-edge-quantizer's: `wi8` is 8-bit integer weights, `afp32` are
float32 activations.
"""

import contextlib
import dataclasses
import io
from collections.abc import Callable

import keras
from ai_edge_quantizer import qtyping
from ai_edge_quantizer import quantizer
from ai_edge_quantizer import recipe as aeq_recipe

from export import convert
from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A choice of number formats.

    Attributes:
        name: as in file names and the manifest.
        about: one line: what it does, what it is for.
        convert: member of fixed size -> flatbuffer.
        parity_limit: largest allowed difference to Keras, of the 0..1 range,
            on the golden tile.
    """

    name: str
    about: str
    convert: Callable[[keras.Model], bytes]
    parity_limit: float


def _float32(member) -> bytes:
    return convert.convert(member)


def _float16(member) -> bytes:
    return convert.convert(member, float16=True)


def _dynamic(member) -> bytes:
    worker = quantizer.Quantizer(convert.convert(member))
    worker.load_quantization_recipe(aeq_recipe.dynamic_wi8_afp32())
    # XNNPACK knows no depth-wise convolution with int8 weights and float
    # activations; the fixed kernels of the pyramid would split the graph.
    worker.update_quantization_recipe(
        ".*",
        qtyping.TFLOperationName.DEPTHWISE_CONV_2D,
        algorithm_key=aeq_recipe.AlgorithmName.NO_QUANTIZE,
    )
    with contextlib.redirect_stdout(io.StringIO()):
        return bytes(worker.quantize().quantized_model)


_RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "float32",
            "float32 weights and arithmetic: the reference.",
            _float32,
            1e-5,
        ),
        Recipe(
            "float16",
            "float16 weights, half the file: GPUs, and CPUs with fp16.",
            _float16,
            1e-3,
        ),
        Recipe(
            "dynamic_wi8_afp32",
            "int8 weights, activations quantised as they come: CPUs.",
            _dynamic,
            # Not a rounding limit: half a noise deviation at gain 64, to
            # catch a broken graph. Quality is measured in dB.
            5e-2,
        ),
    )
}


def names() -> tuple[str, ...]:
    """Returns the names of all recipes."""
    return tuple(_RECIPES)


def get(name: str) -> Recipe:
    """Returns a recipe by name."""
    if name not in _RECIPES:
        raise InputError(
            f"A recipe must be one of {', '.join(_RECIPES)}. Received: {name!r}"
        )
    return _RECIPES[name]


def parse(text: str) -> list[Recipe]:
    """Reads a comma-separated list of names, or `"all"`."""
    chosen = names() if text == "all" else text.split(",")
    return [get(name.strip()) for name in dict.fromkeys(chosen)]
