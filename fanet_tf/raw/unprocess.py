"""sRGB photographs back to RAW, after Brooks et al. 2019.

"Unprocessing Images for Learned Raw Denoising", CVPR 2019. A photograph goes
through the steps of `isp` backwards: tone, gamma, colour matrix, white balance
and brightness, mosaic. What a step does to clipped pixels cannot be undone and
is said in its docstring.
"""

import numpy as np


def inverse_smoothstep(srgb, xp=np):
    """Undoes the tone curve `3x^2 - 2x^3` on 0..1."""
    srgb = xp.clip(srgb, 0.0, 1.0)
    return 0.5 - xp.sin(xp.arcsin(1.0 - 2.0 * srgb) / 3.0)


def gamma_expansion(srgb, xp=np):
    """Undoes the gamma 1/2.2 on 0..1; values below 1e-8 become 1e-8^2.2."""
    return xp.maximum(srgb, 1e-8) ** 2.2


def to_linear(srgb, xp=np):
    """Undoes the tone curve and the gamma: sRGB in 0..1 to linear RGB."""
    return gamma_expansion(inverse_smoothstep(srgb, xp), xp)


def apply_ccm(rgb, ccm, xp=np):
    """Multiplies each pixel by a matrix: `[B, h, w, 3]`, `[B, 3, 3]`."""
    return xp.einsum("bhwc,bdc->bhwd", rgb, ccm)


def safe_invert_gains(rgb, rgb_gain, red_gain, blue_gain, xp=np):
    """Undoes brightness and white balance, keeping highlights saturated.

    Dividing a clipped white by the gains would turn it grey; near white the
    gains fade to 1 instead (Brooks et al. 2019, section 3.2).

    Args:
        rgb: `[B, h, w, 3]` linear camera RGB.
        rgb_gain: `[B]` brightness.
        red_gain: `[B]` white-balance gain of red.
        blue_gain: `[B]` white-balance gain of blue.
        xp: namespace of the arrays.
    """
    gains = xp.stack(
        [1.0 / red_gain, xp.ones_like(red_gain), 1.0 / blue_gain], axis=-1
    )
    gains = (gains / rgb_gain[:, None])[:, None, None, :]
    grey = xp.mean(rgb, axis=-1, keepdims=True)
    return rgb * _safe_gains(grey, gains, xp)


def _safe_gains(grey, gains, xp):
    """Fades `gains` to 1 where `grey` nears white."""
    inflection = 0.9
    mask = xp.maximum(grey - inflection, 0.0) / (1.0 - inflection)
    mask = mask * mask  # Not `** 2.0`: TensorFlow's power takes five times.
    return xp.maximum(mask + (1.0 - mask) * gains, gains)


def _cells(image, xp):
    """`[B, H, W, C]` to its even and odd rows, each `[B, H/2, W/2, 2 C]`."""
    height, width, channels = image.shape[1:]
    cells = xp.reshape(image, (-1, height // 2, 2, width // 2, 2 * channels))
    return cells[:, :, 0], cells[:, :, 1]


def mosaic_planes(rgb, xp=np):
    """Samples RGB as an RGGB sensor: `[B, H, W, 3]` to `[B, H/2, W/2, 4]`."""
    # Two pixels of a row side by side: R G B R G B. A reshape, because
    # TensorFlow's strided slices take four times as long.
    even, odd = _cells(rgb, xp)
    return xp.stack(
        [even[..., 0], even[..., 4], odd[..., 1], odd[..., 5]], axis=-1
    )


# Camera channel of the four sites of a cell: R G G B.
_SITES = (0, 1, 1, 2)


def _cell_matrix(cam_from_rgb, xp):
    """Returns `[B, 12, 8]`: RGB of a cell's 4 sites to their RAW and grey."""
    # Row d of the matrix gives channel d; their mean is what grey is.
    raw = [cam_from_rgb[:, channel] for channel in _SITES]
    grey = [xp.mean(cam_from_rgb, axis=1)] * len(_SITES)
    none = xp.zeros_like(raw[0])
    columns = [
        xp.concatenate([own if at == site else none for at in range(4)], axis=1)
        for values in (raw, grey)
        for site, own in enumerate(values)
    ]
    return xp.stack(columns, axis=-1)


def cells_to_packed(cells, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp=np):
    """Cells of 2 x 2 linear sRGB pixels to packed RAW `[B, h, w, 4]`, 0..1.

    The same as `apply_ccm`, `safe_invert_gains` and `mosaic_planes` after one
    another: what no site sees is never computed.

    Args:
        cells: `[B, h, w, 12]`, RGB of the upper left, upper right, lower left
            and lower right pixel.
        cam_from_rgb: `[B, 3, 3]`.
        rgb_gain: `[B]` brightness.
        red_gain: `[B]` white-balance gain of red.
        blue_gain: `[B]` white-balance gain of blue.
        xp: namespace of the arrays.
    """
    height, width = cells.shape[1:3]
    seen = xp.matmul(
        xp.reshape(cells, (-1, height * width, 12)),
        _cell_matrix(cam_from_rgb, xp),
    )
    raw, grey = seen[..., :4], seen[..., 4:]
    one = xp.ones_like(red_gain)
    gains = xp.stack([1.0 / red_gain, one, one, 1.0 / blue_gain], axis=-1)
    gains = (gains / rgb_gain[:, None])[:, None, :]
    packed = xp.clip(raw * _safe_gains(grey, gains, xp), 0.0, 1.0)
    return xp.reshape(packed, (-1, height, width, 4))


def linear_to_packed(
    linear, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp=np
):
    """Linear sRGB `[B, H, W, 3]` to packed RAW `[B, H/2, W/2, 4]`, 0..1."""
    cells = xp.concatenate(_cells(linear, xp), axis=-1)
    return cells_to_packed(
        cells, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp
    )


def unprocess(srgb, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp=np):
    """sRGB `[B, H, W, 3]` in 0..1 to packed RAW `[B, H/2, W/2, 4]`."""
    return linear_to_packed(
        to_linear(srgb, xp), cam_from_rgb, rgb_gain, red_gain, blue_gain, xp
    )
