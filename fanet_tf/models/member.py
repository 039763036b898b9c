"""A member of the array: transform, network and inverse in one graph."""

import keras

from fanet_tf import layers
from fanet_tf.raw import ksigma

SCALARS = (1, 1, 1)  # Shape of `scale` and `offset`, without the batch.


def build(core, transform="anscombe"):
    """Wraps a network so that an app feeds RAW and two numbers.

        denoised = noisy + unit * core(stabilised)

    or, with an algebraic transform, `layers.Restore` in the place of the sum.

    Args:
        core: keras.Model, `[B, h, w, 4]` to the same shape.
        transform: see `layers.Stabilise`.

    Returns:
        keras.Model with inputs `noisy` `[B, h, w, 4]`, `scale` and `offset`
        `[B, 1, 1, 1]` (1/a and b/a^2), output `denoised` `[B, h, w, 4]`, RAW
        in 0..1 units, not clipped.
    """
    noisy = keras.Input(core.input_shape[1:], name="noisy")
    scale = keras.Input(SCALARS, name="scale")
    offset = keras.Input(SCALARS, name="offset")
    stabilised, unit = layers.Stabilise(transform, name="stabilise")(
        noisy, scale, offset
    )
    residual = core(stabilised)
    if transform == ksigma.ALGEBRAIC:
        denoised = layers.Restore(name="denoised")(
            noisy, stabilised, residual, scale, offset
        )
    else:
        scaled = keras.layers.Multiply(name="scaled", dtype="float32")(
            [residual, unit]
        )
        denoised = keras.layers.Add(name="denoised", dtype="float32")(
            [noisy, scaled]
        )
    return keras.Model(
        {"noisy": noisy, "scale": scale, "offset": offset},
        denoised,
        name="member",
    )
