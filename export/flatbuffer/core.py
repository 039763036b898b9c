"""The core of a member, run with the transform and the residual in NumPy.

A recipe of the core alone ships the network between the two: `stabilised` to
`residual`. An app computes the rest, and so does this module:

    stabilised, unit = stabilise(noisy, scale, offset)
    denoised = noisy + unit * core(stabilised)

or `ksigma.moved_signed_anscombe` in the place of the sum. In integers alone a
core takes `stabilised` as two planes (`flatbuffer.planes`).

The same as `layers.Stabilise` and `layers.Restore`, which need Keras and a
backend.
"""

import numpy as np

from export.flatbuffer import planes
from export.flatbuffer import runtime
from fanet_tf.raw import ksigma

INPUT = "stabilised"
OUTPUT = "residual"


def stabilise(
    inputs: dict[str, np.ndarray], transform: str
) -> tuple[np.ndarray, np.ndarray]:
    """Returns `stabilised` `[1, h, w, 4]` and `unit`, which broadcasts with it.

    Args:
        inputs: a member's, by name.
        transform: one of `layers.stabilise.TRANSFORMS`.
    """
    noisy, scale, offset = (inputs[n] for n in ("noisy", "scale", "offset"))
    if transform == "ksigma":
        return ksigma.ksigma(noisy, scale, offset) / 64.0, 64.0 / scale
    if transform in ksigma.SIGNED:
        stabilised = ksigma.signed_anscombe(noisy, scale, offset) / 8.0
        s = ksigma.ksigma(noisy, scale, offset)
        return stabilised, ksigma.deviation(s, offset) / scale
    stabilised = ksigma.anscombe(noisy, scale, offset) / 8.0
    return stabilised, 4.0 * stabilised / scale


def restore(inputs, stabilised, unit, residual, transform: str, xp=np):
    """Returns `denoised` `[1, h, w, 4]`.

    Args:
        inputs: a member's, by name.
        stabilised: from `stabilise`.
        unit: likewise.
        residual: of the core.
        transform: one of `layers.stabilise.TRANSFORMS`.
        xp: namespace of the arrays.
    """
    if transform != ksigma.ALGEBRAIC:
        return inputs["noisy"] + unit * residual
    noisy, scale, offset = (inputs[n] for n in ("noisy", "scale", "offset"))
    return ksigma.moved_signed_anscombe(
        noisy, 4.0 * stabilised, residual, scale, offset, xp=xp
    )


def is_core(details: dict[str, dict]) -> bool:
    """Tells whether a flatbuffer is of a core, by the details of its inputs."""
    return INPUT in details or planes.COARSE in details


def feeds(
    details: dict[str, dict], inputs: dict[str, np.ndarray], transform: str
) -> dict[str, np.ndarray]:
    """Returns what a core takes, by name: `INPUT`, or its two planes.

    Args:
        details: of the core's inputs.
        inputs: a member's, by name.
        transform: one of `layers.stabilise.TRANSFORMS`.
    """
    stabilised, _ = stabilise(inputs, transform)
    if planes.COARSE in details:
        return planes.Grid.read(details).split(stabilised)
    return {INPUT: stabilised.astype(np.float32)}


def around(
    core: runtime.Runner, inputs: dict[str, np.ndarray], transform: str
) -> np.ndarray:
    """Denoises with a core: `denoised` `[1, h, w, 4]`.

    Args:
        core: to run.
        inputs: a member's, by name.
        transform: one of `layers.stabilise.TRANSFORMS`.
    """
    residual = core(feeds(core.inputs, inputs, transform))[OUTPUT]
    stabilised, unit = stabilise(inputs, transform)
    return restore(inputs, stabilised, unit, residual, transform)
