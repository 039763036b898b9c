"""Recipes: the number formats that a member is stored and computed in.

Their names are in ai-edge-quantizer's code:

    float32, float16  weights of that format
    dynamic           int8 weights; activations are rounded while the member
                      runs, by the range that they have at that moment
    static            activations are rounded by ranges that the export measured
                      on calibration crops
    wi8               8-bit integer weights
    ai8, ai16         8 or 16-bit integer activations
    afp32             float32 activations
    core_...          only the part between the transforms (`flatbuffer.core`)
"""

import dataclasses
from collections.abc import Callable

from export.flatbuffer import convert
from export.int8 import quantise
from export.int8.integer_core import IntegerCore
from export.member.context import ExportContext
from fanet_tf.denoising import agreement
from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A choice of number formats.

    Attributes:
        name: as in file names and the manifest.
        about: one line: what it is, and for which hardware.
        convert: makes the flatbuffer of a member.
        parity: largest difference allowed on the golden tile from Keras, or
            from the simulation of the integers where `simulated`, since a
            value near the edge of a step may be rounded to either side.
        quality_limit: largest loss allowed against float32 at any gain, dB;
            None for recipes that compute in float32 themselves.
        simulated: whether parity is to the simulated integers.
        staged: whether the manifest lists the stages that led to it.
        cpu: whether all of it must run as one node of the CPU's delegate.
        core: whether it is the core alone.
        made_of: gives what a core in integers alone is made of.
        half: whether it must be right in half-precision arithmetic, too.
    """

    name: str
    about: str
    convert: Callable[[ExportContext], bytes]
    parity: agreement.Limits
    quality_limit: float | None = None
    simulated: bool = False
    staged: bool = False
    cpu: bool = True
    core: bool = False
    made_of: Callable[[ExportContext], IntegerCore] | None = None
    half: bool = False


def _static16(context: ExportContext) -> bytes:
    # Sixteen bits lose little enough without training.
    (ends,) = (s for s in context.stages if s.name == "float ends")
    return ends.integers(context.float32, bits=16)


# Finds a broken graph, whose rms is many deviations; quality is measured in dB.
# What lies beyond the calibrated ranges is clipped, by up to 3 deviations in a
# few values; the core's input and output are rounded, too.
_COARSE = agreement.Limits(rms=0.5, largest=5.0, bias=0.2)

_RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "float32",
            "float32 weights and arithmetic: the reference.",
            lambda context: context.float32,
            agreement.limits("float32"),
        ),
        Recipe(
            "float16",
            "float16 weights, half the file: GPUs, and CPUs with fp16.",
            lambda context: convert.convert(context.member, float16=True),
            agreement.limits("float16", half=True),
            0.01,
            half=True,
        ),
        Recipe(
            "dynamic_wi8_afp32",
            "int8 weights, activations quantised as they come: CPUs.",
            lambda context: quantise.dynamic(context.float32),
            agreement.limits("dynamic_wi8_afp32"),
            0.1,
        ),
        Recipe(
            "static_wi8_ai8",
            "int8 weights and activations, float ends: CPUs with int8, DSPs.",
            lambda context: context.stages[-1].integers(context.float32),
            agreement.limits("static_wi8_ai8"),
            0.15,
            simulated=True,
            staged=True,
        ),
        Recipe(
            "static_wi8_ai16",
            "int8 weights, int16 activations: NPUs only; slow on a CPU.",
            _static16,
            _COARSE,
            0.1,
            cpu=False,
        ),
        Recipe(
            "core_float32",
            "the stabilised core alone in float32, for tools that quantise.",
            lambda context: context.core,
            agreement.limits("core_float32"),
            core=True,
        ),
        Recipe(
            "core_static_wi8_ai8",
            "the core alone in int8, input in two planes: integer-only NPUs.",
            lambda context: context.integer_core.integers(context.core),
            _COARSE,
            0.3,
            simulated=True,
            core=True,
            made_of=lambda context: context.integer_core,
        ),
        Recipe(
            "core_static_wi8_ai8_ai16",
            "the core in int8, 16 bits for the brightness: NPUs with both.",
            lambda context: context.wide_core.integers(context.core),
            _COARSE,
            0.3,
            simulated=True,
            cpu=False,
            core=True,
            made_of=lambda context: context.wide_core,
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


def parse(text: str, limits: dict[str, float] | None = None) -> list[Recipe]:
    """Reads a list of recipes.

    Args:
        text: comma-separated names, or `"all"`.
        limits: quality limits in dB by recipe name, instead of the recipe's.
    """
    limits = limits or {}
    for name in limits:
        get(name)
    chosen = names() if text == "all" else map(str.strip, text.split(","))
    return [
        dataclasses.replace(
            get(name),
            quality_limit=limits.get(name, get(name).quality_limit),
        )
        for name in dict.fromkeys(chosen)
    ]
