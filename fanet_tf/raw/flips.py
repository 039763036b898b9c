"""Flips and the transposition of packed RGGB that keep the phase of the CFA.

Liu et al. 2019, "Learning Raw Image Denoising with Bayer Pattern Unification
and Bayer Preserving Augmentation": a flipped mosaic must be shifted by one
pixel to be RGGB again (its planes must never be swapped).

All take `[B, h, w, 4]`; pure functions of the namespace `xp`, so numpy, tf.data
and Keras share them. A flip costs a row or a column, and two flips of one axis
give all but the first and the last one back.
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
