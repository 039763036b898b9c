"""The teacher: the U-Net of "Unprocessing Images for Learned Raw Denoising".

Blocks of three 3 x 3 convolutions with leaky ReLU, max-pooling, bilinear
upsampling, skips by concatenation, widths that double with each level; here
without the paper's four variance maps, as Young et al. count it (74.305
GMACs/MP is the network of width 32 with 4 channels in and 4 out), since the
input is stabilised.

Reference: Brooks et al., https://arxiv.org/abs/1811.11127, figure 7.
"""

import keras
from keras import layers as klayers

from fanet_tf import layers
from fanet_tf.models import parts

_CONVOLUTIONS = 3
_SLOPE = 0.2  # Of the leaky ReLU, TensorFlow's default at the time.


def stride(levels) -> int:
    """Returns the required multiple of height and width, in packed pixels."""
    return 2 ** (levels - 1)


def build(
    height: int,
    width: int,
    base_width: int = 32,
    levels: int = 5,
    stem_input: str = "detail",
) -> keras.Model:
    """Builds the network between the two transforms.

    The layers whose activations a Feature Loss may compare are `enc0_c` to
    `enc<levels - 1>_c`, the ends of the encoder's blocks.

    Args:
        height: packed pixels; a multiple of `stride`.
        width: packed pixels; likewise.
        base_width: channels of the finest level; each next level has twice as
            many.
        levels: int.
        stem_input: see `unet.build`.

    Returns:
        keras.Model, as `unet.build` gives.
    """
    parts.check_positive(base_width=base_width, levels=levels)
    size = stride(levels)
    parts.check_size(height, width, size)
    stabilised = keras.Input((height, width, 4), name="stabilised")
    means = parts.pyramid(stabilised, levels - 1)
    x = parts.stem_input(means, stem_input)
    skips = []
    for level in range(levels - 1):
        x = _block(x, base_width * 2**level, f"enc{level}")
        skips.append(x)
        x = klayers.MaxPooling2D(2, name=f"down{level}")(x)
    x = _block(x, base_width * 2 ** (levels - 1), f"enc{levels - 1}")
    for level in reversed(range(levels - 1)):
        x = layers.Upsample(name=f"up{level}")(x)
        x = klayers.Concatenate(name=f"fuse{level}")([x, skips[level]])
        x = _block(x, base_width * 2**level, f"dec{level}")
    residual = parts.head(x, kernel_size=3)
    return keras.Model(stabilised, residual, name="core")


def _block(x, filters, name):
    for letter in "abcdefgh"[:_CONVOLUTIONS]:
        x = klayers.Conv2D(
            filters,
            3,
            padding="same",
            kernel_initializer="he_normal",
            name=f"{name}_{letter}_conv",
        )(x)
        x = klayers.LeakyReLU(_SLOPE, name=f"{name}_{letter}")(x)
    return x
