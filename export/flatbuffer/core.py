"""The core of a member, run with the transform and the residual in NumPy.

A recipe of the core alone ships the network between the two: `stabilised` to
`residual`. An app computes the rest, and so does this module:

    stabilised, unit = stabilise(noisy, scale, offset)
    denoised = noisy + unit * core(stabilised)

The same as `layers.Stabilise`, which needs Keras and a backend.
"""

from collections.abc import Callable

import numpy as np

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
    if transform == "signed_anscombe":
        stabilised = ksigma.signed_anscombe(noisy, scale, offset) / 8.0
        s = ksigma.ksigma(noisy, scale, offset)
        return stabilised, ksigma.deviation(s, offset) / scale
    stabilised = ksigma.anscombe(noisy, scale, offset) / 8.0
    return stabilised, 4.0 * stabilised / scale


def around(
    core: Callable[[dict], dict], inputs: dict[str, np.ndarray], transform: str
) -> np.ndarray:
    """Denoises with a core: `denoised` `[1, h, w, 4]`.

    Args:
        core: maps `{INPUT: ...}` to `{OUTPUT: ...}`.
        inputs: a member's, by name.
        transform: one of `layers.stabilise.TRANSFORMS`.
    """
    stabilised, unit = stabilise(inputs, transform)
    residual = core({INPUT: stabilised.astype(np.float32)})[OUTPUT]
    return inputs["noisy"] + unit * residual
