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


def linear_to_packed(
    linear, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp=np
):
    """Linear sRGB `[B, H, W, 3]` to packed RAW `[B, H/2, W/2, 4]`, 0..1.

    The steps below tone and gamma, which a table can do for 8-bit input. The
    same as `safe_invert_gains` and then `mosaic_planes`, in the other order:
    two thirds of the values are gone before the gains.
    """
    rgb = apply_ccm(linear, cam_from_rgb, xp)
    grey = xp.concatenate(_cells(xp.mean(rgb, axis=-1)[..., None], xp), axis=-1)
    one = xp.ones_like(red_gain)
    gains = xp.stack([1.0 / red_gain, one, one, 1.0 / blue_gain], axis=-1)
    gains = (gains / rgb_gain[:, None])[:, None, None, :]
    packed = mosaic_planes(rgb, xp) * _safe_gains(grey, gains, xp)
    return xp.clip(packed, 0.0, 1.0)


def unprocess(srgb, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp=np):
    """sRGB `[B, H, W, 3]` in 0..1 to packed RAW `[B, H/2, W/2, 4]`."""
    linear = gamma_expansion(inverse_smoothstep(srgb, xp), xp)
    return linear_to_packed(
        linear, cam_from_rgb, rgb_gain, red_gain, blue_gain, xp
    )
