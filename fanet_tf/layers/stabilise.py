"""The variance-stabilising transform at both ends of a member's graph."""

import keras
from keras import ops

from fanet_tf.raw import ksigma

# What a network sees is kept near 1. Anscombe: 2 sqrt(s + 3/8) runs to 138 at
# gain 1 with unit noise; 1/8 keeps the noise visible. k-sigma: s runs to 4,760.
_INPUT_SCALE = {
    "anscombe": 1.0 / 8.0,
    "signed_anscombe": 1.0 / 8.0,
    "signed_anscombe_algebraic": 1.0 / 8.0,
    "ksigma": 1.0 / 64.0,
}


@keras.saving.register_keras_serializable(package="fanet_tf")
class Stabilise(keras.layers.Layer):
    """Maps RAW to the gain-free domain, and says how large a step there is.

        s = noisy scale + offset                            (k-sigma)
        anscombe:  stabilised = 2 sqrt(max(s, 0) + 3/8) / 8
                   unit = sqrt(max(s, 0) + 3/8) / scale
        ksigma:    stabilised = s / 64,    unit = 64 / scale
        signed_anscombe: as `anscombe` at and above black; below it, linearly
                   on, `unit` as at black (`raw.ksigma.signed_anscombe`)
        signed_anscombe_algebraic: the same; the way back is `Restore`

    `signed_anscombe` is for RAW that keeps the noise below black. There
    `noisy + unit * residual` inverts it exactly: a pixel 5 deviations below
    black is 5 units away from black.

    `unit` turns the network's output into RAW: under `anscombe` it is the
    deviation of the noise at that pixel, so a residual of 1 is one deviation
    (the first-order inverse of the transform; it neither subtracts two large
    numbers, as the algebraic inverse does, nor needs a bias correction, as the
    network learns the mean).

    Args:
        transform: one of `ksigma.TRANSFORMS`.

    Call arguments:
        noisy: `[B, h, w, 4]` RAW, 0 = black, 1 = white; below 0 where the
            file keeps the noise below black.
        scale: `[B, 1, 1, 1]`, 1 / a.
        offset: `[B, 1, 1, 1]`, b / a^2.

    Returns:
        `stabilised`, `[B, h, w, 4]`, and `unit`, which broadcasts with it.
    """

    def __init__(self, transform="anscombe", **kwargs):
        # Not in half precision: 1/a is up to 4,762 and squares are near.
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        if transform not in ksigma.TRANSFORMS:
            raise ValueError(
                f"`transform` must be one of {', '.join(ksigma.TRANSFORMS)}. "
                f"Received: transform={transform!r}"
            )
        self.transform = transform

    def call(self, noisy, scale, offset):
        input_scale = _INPUT_SCALE[self.transform]
        if self.transform in ksigma.SIGNED:
            u = noisy * scale
            above = ops.relu(u)
            black = offset + ksigma.SHIFT
            root = ops.sqrt(above + black)
            below = (u - above) * (input_scale / ops.sqrt(black))
            return root * (2.0 * input_scale) + below, root / scale
        s = noisy * scale + offset
        if self.transform == "ksigma":
            return s * input_scale, 1.0 / (input_scale * scale)
        root = ksigma.deviation(s, xp=ops)
        return root * (2.0 * input_scale), root / scale

    def compute_output_shape(self, noisy_shape, scale_shape, offset_shape):
        unit = scale_shape if self.transform == "ksigma" else noisy_shape
        return noisy_shape, unit

    def get_config(self):
        return {**super().get_config(), "transform": self.transform}


@keras.saving.register_keras_serializable(package="fanet_tf")
class Restore(keras.layers.Layer):
    """Brings a residual back to RAW by the transform's algebraic inverse.

    Of `signed_anscombe_algebraic`. The first order of it, `noisy + unit *
    residual`, leaves the square of each pixel's noise for the network to
    compute, and what the network gets wrong of it stays as grain: it was 6 to
    16 % of the error in flat parts two and four stops under.

    Call arguments:
        noisy: `[B, h, w, 4]` RAW, 0 = black, 1 = white.
        stabilised: `[B, h, w, 4]`, from `Stabilise`.
        residual: `[B, h, w, 4]`, in deviations of the noise.
        scale: `[B, 1, 1, 1]`, 1 / a.
        offset: `[B, 1, 1, 1]`, b / a^2.

    Returns:
        `denoised`, `[B, h, w, 4]`.
    """

    def __init__(self, **kwargs):
        kwargs.setdefault("dtype", "float32")  # As `Stabilise`.
        super().__init__(**kwargs)

    def call(self, noisy, stabilised, residual, scale, offset):
        half = stabilised * (0.5 / _INPUT_SCALE[ksigma.ALGEBRAIC])
        return ksigma.moved_signed_anscombe(
            noisy, half, residual, scale, offset, xp=ops
        )

    def compute_output_shape(self, noisy_shape, *others):
        del others
        return noisy_shape
