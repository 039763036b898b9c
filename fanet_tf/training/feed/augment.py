"""Bayer unification and augmentation that keep the phase of the CFA.

Liu et al. 2019, "Learning Raw Image Denoising with Bayer Pattern Unification
and Bayer Preserving Augmentation": a network that learns RGGB may see any
sensor if its mosaic is shifted (never if planes are swapped), and a flipped
mosaic must be shifted by one pixel to be RGGB again.

All take `[B, h, w, 4]` packed RGGB (`cfa.unify` makes it); pure functions of
the namespace `xp`, so numpy, tf.data and Keras share them.
"""

import numpy as np


def flip_columns(packed, xp=np):
    """Mirrors left and right: `[B, h, w, 4]` to `[B, h, w - 1, 4]`, RGGB.

    The mirrored mosaic is GRBG; without its first and last column it is RGGB.
    In planes: those of even columns (R, Gb) lose the last of their mirrored
    samples, those of odd columns (Gr, B) the first.
    """
    mirrored = xp.flip(packed, axis=2)
    even, odd = mirrored[:, :, :-1], mirrored[:, :, 1:]
    return xp.stack(
        [even[..., 0], odd[..., 1], even[..., 2], odd[..., 3]], axis=-1
    )


def flip_rows(packed, xp=np):
    """Mirrors up and down: `[B, h, w, 4]` to `[B, h - 1, w, 4]`, RGGB."""
    mirrored = xp.flip(packed, axis=1)
    even, odd = mirrored[:, :-1], mirrored[:, 1:]
    return xp.stack(
        [even[..., 0], even[..., 1], odd[..., 2], odd[..., 3]], axis=-1
    )


def transpose(packed, xp=np):
    """Swaps rows and columns: `[B, h, w, 4]` to `[B, w, h, 4]`, RGGB.

    Gr and Gb change places, since one shares the row with red and the other
    the column.
    """
    swapped = xp.transpose(packed, (0, 2, 1, 3))
    return xp.stack([swapped[..., i] for i in (0, 2, 1, 3)], axis=-1)


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
    packed = xp.where(rows, flip_rows(packed, xp), packed[:, :-1])
    packed = xp.where(columns, flip_columns(packed, xp), packed[:, :, :-1])
    return xp.where(swap, transpose(packed, xp), packed)
