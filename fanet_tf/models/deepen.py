"""Weights of a gated network for one with a level or blocks more.

    small:                       mid
    large:    enc2 --> down2 --> mid --> widen2 --> + --> dec2

The steps that the small network has at its coarsest level become the large
one's on the way down and on the way up, and the widening from the new level
starts at zero. So does each block that a stage has more. Apart from what the
stem's means and Feature-Align see (the coarsest cell of one level more is twice
as large), the large network starts as the small one.
"""

import re

import keras
import numpy as np

from fanet_tf.errors import InputError

_COARSEST = ("mid_", "fa_mid_")
# A product of a stage's second block or a later one: the identity at first.
_ADDED = re.compile(r"[a-z]+\d*_[1-9]\d*_[abd]_")


def is_deeper(large: keras.Model, small: keras.Model) -> bool:
    """Returns whether `large` may be `small` with a level or blocks more."""
    more, less = (_levels(core) for core in (large, small))
    return less >= 2 and (
        more == less + 1
        or (more == less and len(large.weights) > len(small.weights))
    )


def _levels(core) -> int:
    """Counts the levels of a gated network; other networks pool: 1."""
    downs = [x for x in core.layers if x.name.startswith("down") and x.weights]
    return len(downs) + 1


def deepen(large: keras.Model, small: keras.Model) -> None:
    """Gives a network the weights of one with a level or blocks less.

    Args:
        large: core of a gated network (`models.gated.build`), untrained.
        small: core of the same but for its coarsest level, or but for the last
            blocks of its stages; trained.

    Raises:
        InputError: a part of `small` has no place in `large`, or another
            shape there.
    """
    # `down` and `widen` between the last two levels; none has the last number.
    deeper = _levels(large) > _levels(small)
    new = _levels(small) - 1
    coarsest = (*_COARSEST, f"down{new}") if deeper else ()
    left = {layer.name: layer for layer in small.layers if layer.weights}
    for layer in large.layers:
        if layer.name == f"widen{new}":
            layer.set_weights([np.zeros(w.shape) for w in layer.weights])
        elif layer.weights and not layer.name.startswith(coarsest):
            name = _name_in_small(layer.name, new) if deeper else layer.name
            if name in left or not _ADDED.match(layer.name):
                _copy(layer, left.pop(name, None))
    if left:
        raise InputError(
            "Each layer of the smaller network must have a place in the "
            f"larger one. Received: none for {', '.join(sorted(left))}"
        )


def _name_in_small(name: str, new: int) -> str:
    for way in ("enc", "dec"):
        for prefix in ("", "fa_"):
            stage = f"{prefix}{way}{new}_"
            if name.startswith(stage):
                return f"{prefix}mid_{name.removeprefix(stage)}"
    return name


def _copy(layer, source) -> None:
    shapes = [tuple(w.shape) for w in layer.weights]
    if source is None or shapes != [tuple(w.shape) for w in source.weights]:
        raise InputError(
            "The larger network must hold the smaller one's layers. "
            f"Received: {layer.name} of shapes {shapes}, which the smaller one "
            "does not have"
        )
    layer.set_weights(source.get_weights())
