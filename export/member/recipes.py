"""Recipes: in which numbers a member is stored and computed.

The names are ai-edge-quantizer's: `wi8` is 8-bit integer weights, `ai8` 8-bit
integer activations, `afp32` float32 ones.
"""

import dataclasses
from collections.abc import Callable

from export.flatbuffer import convert
from export.int8 import quantise
from export.member.context import ExportContext
from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A choice of number formats.

    Attributes:
        name: as in file names and the manifest.
        about: one line: what it does, what it is for.
        convert: member on its way -> flatbuffer.
        parity_limit: largest allowed difference on the golden tile. To Keras:
            the greatest, of the 0..1 range. To the simulation of the integers
            (where `simulated`): the root mean square, in deviations of the
            noise, since a value on the edge of a step may fall to either side.
        quality_limit: largest allowed loss against float32 at any gain, dB;
            None for what float32 computes itself.
        simulated: whether parity is to the simulated integers.
        stepwise: whether the manifest says what each step to it gains.
        cpu: whether all of it must run as one node of the CPU's delegate.
        core: whether it is the stabilised core alone.
    """

    name: str
    about: str
    convert: Callable[[ExportContext], bytes]
    parity_limit: float
    quality_limit: float | None = None
    simulated: bool = False
    stepwise: bool = False
    cpu: bool = True
    core: bool = False


def _float32(source) -> bytes:
    return source.float32


def _float16(source) -> bytes:
    return convert.convert(source.member, float16=True)


def _dynamic(source) -> bytes:
    return quantise.dynamic(source.float32)


def _static8(source) -> bytes:
    return source.steps[-1].integers(source.float32)


def _static16(source) -> bytes:
    # Sixteen bits lose little enough without training.
    return source.step("float ends").integers(source.float32, bits=16)


def _core_float32(source) -> bytes:
    return source.core


def _core_static8(source) -> bytes:
    return quantise.static(*source.prepared_core, whole=True)


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
            0.01,
        ),
        Recipe(
            "dynamic_wi8_afp32",
            "int8 weights, activations quantised as they come: CPUs.",
            _dynamic,
            # Not a rounding limit: half a noise deviation at gain 64, to
            # catch a broken graph. Quality is measured in dB.
            5e-2,
            0.1,
        ),
        Recipe(
            "static_wi8_ai8",
            "int8 weights and activations, fine-tuned: CPUs with int8, DSPs.",
            _static8,
            0.15,
            0.15,
            simulated=True,
            stepwise=True,
        ),
        Recipe(
            "static_wi8_ai16",
            "int8 weights, int16 activations: NPUs only; slow on a CPU.",
            _static16,
            # As above; what lies beyond the calibrated ranges is clipped.
            1e-1,
            0.1,
            cpu=False,
        ),
        Recipe(
            "core_float32",
            "the stabilised core alone in float32, for tools that quantise.",
            _core_float32,
            1e-5,
            core=True,
        ),
        Recipe(
            "core_static_wi8_ai8",
            "the stabilised core alone, int8 in and out: integer-only NPUs.",
            _core_static8,
            # Its input and its output are rounded, too.
            0.5,
            0.15,
            simulated=True,
            core=True,
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


def with_limits(chosen, limits: dict[str, float]) -> list[Recipe]:
    """Returns recipes with other quality limits, dB by recipe name."""
    for name in limits:
        get(name)
    return [
        dataclasses.replace(
            recipe,
            quality_limit=limits.get(recipe.name, recipe.quality_limit),
        )
        for recipe in chosen
    ]
