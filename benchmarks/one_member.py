"""An array as if it had one member."""

import dataclasses

from fanet_tf.denoising.bundle import Bundle
from fanet_tf.denoising.denoiser import Denoiser


def denoiser(array: Bundle, index: int, recipe: str) -> Denoiser:
    """Returns a denoiser that takes one member for every frame."""
    alone = dataclasses.replace(
        array,
        members=(array.members[index],),
        edges=(array.edges[0], array.edges[-1]),
        reference_signal=0.0,
    )
    return Denoiser(alone, recipe, own_tile=True)
