"""The minimal camera pipeline of Brooks et al. 2019: packed RAW to sRGB.

    white balance -> demosaic -> colour matrix -> gamma -> tone curve

Differentiable, so that a loss can look through it. `unprocess` is its inverse
where nothing is clipped.
"""

import numpy as np

from fanet_tf.raw import cfa
from fanet_tf.raw import unprocess

# XYZ to linear sRGB, D65 (IEC 61966-2-1).
RGB_FROM_XYZ = np.array(
    [
        [3.2404542, -1.5371385, -0.4985314],
        [-0.9692660, 1.8760108, 0.0415560],
        [0.0556434, -0.2040259, 1.0572252],
    ]
)


def cam_from_rgb(xyz_to_cam):
    """Returns the row-normalised matrix linear sRGB -> camera RGB, `[3, 3]`.

    Args:
        xyz_to_cam: `[3, 3]`, ColorMatrix of a DNG. Rows are normalised so that
            white stays white after white balance (dcraw's convention).
    """
    matrix = np.asarray(xyz_to_cam) @ np.linalg.inv(np.float32(RGB_FROM_XYZ))
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def apply_gains(packed, red_gain, blue_gain, xp=np):
    """White-balances `[B, h, w, 4]` with gains `[B]` of red and blue."""
    ones = xp.ones_like(red_gain)
    gains = xp.stack([red_gain, ones, ones, blue_gain], axis=-1)
    return packed * gains[:, None, None, :]


def _shifted(plane, rows: int, columns: int, xp):
    """`plane[y + rows, x + columns]`, edges repeated; each shift -1, 0, 1."""
    if rows > 0:
        plane = xp.concatenate([plane[:, 1:], plane[:, -1:]], axis=1)
    elif rows < 0:
        plane = xp.concatenate([plane[:, :1], plane[:, :-1]], axis=1)
    if columns > 0:
        plane = xp.concatenate([plane[:, :, 1:], plane[:, :, -1:]], axis=2)
    elif columns < 0:
        plane = xp.concatenate([plane[:, :, :1], plane[:, :, :-1]], axis=2)
    return plane


def demosaic(packed, xp=np):
    """Bilinear demosaicing of RGGB: `[B, h, w, 4]` to `[B, 2h, 2w, 3]`.

    Each missing colour is the mean of its nearest two or four samples; at the
    frame's edge the outer samples are repeated. Exact on linear ramps away
    from the edge.
    """
    r, gr, gb, b = (packed[..., i] for i in range(4))

    def mean(*values):
        return sum(values) / len(values)

    def at(plane, rows, columns):
        return _shifted(plane, rows, columns, xp)

    # One plane per cell position (0,0), (0,1), (1,0), (1,1), as in `cfa`.
    red = (
        r,
        mean(r, at(r, 0, 1)),
        mean(r, at(r, 1, 0)),
        mean(r, at(r, 0, 1), at(r, 1, 0), at(r, 1, 1)),
    )
    green = (
        mean(gr, at(gr, 0, -1), gb, at(gb, -1, 0)),
        gr,
        gb,
        mean(gr, at(gr, 1, 0), gb, at(gb, 0, 1)),
    )
    blue = (
        mean(b, at(b, -1, 0), at(b, 0, -1), at(b, -1, -1)),
        mean(b, at(b, -1, 0)),
        mean(b, at(b, 0, -1)),
        b,
    )
    return xp.concatenate(
        [
            cfa.unpack(xp.stack(colour, axis=-1), xp=xp)
            for colour in (red, green, blue)
        ],
        axis=-1,
    )


def gamma_compression(linear, xp=np):
    """Applies the gamma 1/2.2."""
    return xp.maximum(linear, 1e-8) ** (1.0 / 2.2)


def smoothstep(srgb):
    """Applies the tone curve `3x^2 - 2x^3`."""
    return srgb * srgb * (3.0 - 2.0 * srgb)


def to_srgb(packed, rgb_from_cam, red_gain, blue_gain, xp=np):
    """Renders packed RAW to sRGB: `[B, h, w, 4]` to `[B, 2h, 2w, 3]`, 0..1.

    Args:
        packed: RAW in 0..1; values outside are clipped after white balance.
        rgb_from_cam: `[B, 3, 3]` camera RGB to linear sRGB.
        red_gain: `[B]`.
        blue_gain: `[B]`.
        xp: namespace of the arrays.
    """
    packed = xp.clip(apply_gains(packed, red_gain, blue_gain, xp), 0.0, 1.0)
    rgb = unprocess.apply_ccm(demosaic(packed, xp), rgb_from_cam, xp)
    rgb = gamma_compression(xp.clip(rgb, 0.0, 1.0), xp)
    return smoothstep(rgb)
