"""A rival: a NAFNet without normalisation and without global pooling.

    y = x + point(gate(depth(point(x))))        gate(u, v) = u clip(v, -1, 1),
    z = y + point(gate(point(y)))               half of the channels each

Widths double with each level; 2 x 2 strided convolutions halve the size,
point-wise convolutions and depth to space double it, skips are added. The
layer normalisation and the channel attention of the paper look at more than a
neighbourhood (the attention at the whole image), so a tile would not give what
the frame gives; both are left out. Instead each branch ends in a convolution
that starts at zero, so that an untrained block is the identity, and one side
of each gate is limited: sixteen products of two free sides, one after another,
gave a loss that was not finite within 200 steps at every peak rate from 1e-3 to
3e-3.

Reference: Chen et al., https://arxiv.org/abs/2204.04676.
"""

import keras
from keras import layers as klayers

from fanet_tf import layers
from fanet_tf.models import parts


def stride(blocks=(1, 1, 1), **sizes) -> int:
    """Returns of what height and width must be multiples."""
    del sizes
    return 2 ** len(blocks)


def build(
    height,
    width,
    base_width=12,
    blocks=(1, 1, 1),
    mid_blocks=2,
    stem_input="detail",
):
    """Builds the network between the two transforms.

    Args:
        height: packed pixels; a multiple of `stride`.
        width: packed pixels; likewise.
        base_width: channels of the finest level; even.
        blocks: blocks of each encoder and decoder stage, finest first; their
            number is that of the halvings.
        mid_blocks: blocks at the coarsest level.
        stem_input: see `unet.build`.

    Returns:
        keras.Model, as `unet.build` gives.
    """
    parts.check_positive(
        base_width=base_width, blocks=blocks, mid_blocks=mid_blocks
    )
    size = stride(blocks)
    parts.check_size(height, width, size)
    stabilised = keras.Input((height, width, 4), name="stabilised")
    x = parts.stem_input(stabilised, stem_input, size)
    x = klayers.Conv2D(base_width, 3, padding="same", name="stem")(x)
    skips = []
    for level, count in enumerate(blocks):
        for index in range(count):
            x = _block(x, f"enc{level}_{index}")
        skips.append(x)
        x = klayers.Conv2D(2 * x.shape[-1], 2, strides=2, name=f"down{level}")(
            x
        )
    for index in range(mid_blocks):
        x = _block(x, f"mid_{index}")
    for level in reversed(range(len(blocks))):
        x = klayers.Conv2D(
            2 * x.shape[-1], 1, use_bias=False, name=f"widen{level}"
        )(x)
        x = layers.DepthToSpace(name=f"up{level}")(x)
        x = klayers.Add(name=f"fuse{level}")([x, skips[level]])
        for index in range(blocks[level]):
            x = _block(x, f"dec{level}_{index}")
    residual = parts.head(x, kernel_size=3)
    return keras.Model(stabilised, residual, name="core")


def _block(x, name):
    channels = x.shape[-1]
    y = klayers.Conv2D(2 * channels, 1, name=f"{name}_widen")(x)
    y = klayers.DepthwiseConv2D(
        3,
        padding="same",
        depthwise_initializer="he_normal",
        name=f"{name}_depth",
    )(y)
    y = layers.Gate(1.0, name=f"{name}_gate_a")(y)
    y = _closing(y, channels, f"{name}_point_a")
    x = klayers.Add(name=f"{name}_add_a")([x, y])
    y = klayers.Conv2D(2 * channels, 1, name=f"{name}_feed")(x)
    y = layers.Gate(1.0, name=f"{name}_gate_b")(y)
    y = _closing(y, channels, f"{name}_point_b")
    return klayers.Add(name=f"{name}_add_b")([x, y])


def _closing(y, channels, name):
    return klayers.Conv2D(channels, 1, kernel_initializer="zeros", name=name)(y)
