"""Augmentation that keeps the phase of the CFA (`raw.flips`)."""

import numpy as np

from fanet_tf.raw import flips


def augment(packed, uniform, xp=np):
    """Flips and transposes each image at random, keeping the phase.

    Args:
        packed: `[B, s + 1, s + 1, 4]`; the spare row and column are what the
            flips cost.
        uniform: `[3, B]` draws in 0..1: rows, columns, transposition.
        xp: namespace of the arrays.

    Returns:
        `[B, s, s, 4]`.
    """
    rows, columns, swap = (
        (uniform[i] < 0.5)[:, None, None, None] for i in range(3)
    )
    packed = xp.where(rows, flips.flip_rows(packed, xp), packed[:, :-1])
    packed = xp.where(
        columns, flips.flip_columns(packed, xp), packed[:, :, :-1]
    )
    return xp.where(swap, flips.transpose(packed, xp), packed)
