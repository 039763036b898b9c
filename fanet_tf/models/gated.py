"""A U-Net of gated blocks: with Feature-Align ours, without it a rival.

    y = x + point(depth(point(x)) clip(depth(point(x)), -1, 1))
    z = y + point(point(y) clip(point(y), -1, 1))

Each block is two products of two branches, one with a depth-wise convolution in
each branch, one without; no other activation. A Feature-Align layer may follow
each block. Widths double with each level; 2 x 2 strided convolutions halve the
size, point-wise convolutions and depth to space double it, skips are added.

Without Feature-Align it is a NAFNet without normalisation and without global
pooling. The layer normalisation and the channel attention of that paper look at
more than a neighbourhood (the attention at the whole image), so a tile would
not give what the frame gives. In their place each branch ends in a convolution
that starts at zero, so that an untrained block is the identity, and one side of
each product is limited: sixteen products of two free sides, one after another,
gave a loss that was not finite within 200 steps at every peak rate from 1e-3 to
3e-3.

The two sides of a product come from convolutions of their own, not from the
halves of one: the function is the same, and a flatbuffer needs no slices.

Reference: Chen et al., https://arxiv.org/abs/2204.04676, figure 3.
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
    feature_align=False,
    fa_hidden=8,
    fa_kernel=3,
    stem_input="detail",
    head_kernel=3,
):
    """Builds the network between the two transforms.

    Args:
        height: packed pixels; a multiple of `stride`.
        width: packed pixels; likewise.
        base_width: channels of the finest level.
        blocks: blocks of each encoder and decoder stage, finest first; their
            number is that of the halvings.
        mid_blocks: blocks at the coarsest level.
        feature_align: whether a Feature-Align layer, which sees the detail of
            its level (`parts.details`), follows each block.
        fa_hidden: channels of their trunk.
        fa_kernel: kernel of their trunk.
        stem_input: see `unet.build`.
        head_kernel: of the last convolution.

    Returns:
        keras.Model, as `unet.build` gives.
    """
    parts.check_positive(
        base_width=base_width, blocks=blocks, mid_blocks=mid_blocks
    )
    size = stride(blocks)
    parts.check_size(height, width, size)
    stabilised = keras.Input((height, width, 4), name="stabilised")
    means = parts.pyramid(stabilised, len(blocks))
    seen = parts.details(means) if feature_align else []

    def stage(x, name, level, count):
        for index in range(count):
            x = _block(x, f"{name}_{index}")
            if feature_align:
                x = layers.FeatureAlign(
                    fa_hidden, fa_kernel, name=f"fa_{name}_{index}"
                )(x, seen[level])
        return x

    x = parts.stem_input(means, stem_input)
    x = klayers.Conv2D(base_width, 3, padding="same", name="stem")(x)
    skips = []
    for level, count in enumerate(blocks):
        x = stage(x, f"enc{level}", level, count)
        skips.append(x)
        x = klayers.Conv2D(2 * x.shape[-1], 2, strides=2, name=f"down{level}")(
            x
        )
    x = stage(x, "mid", len(blocks), mid_blocks)
    for level in reversed(range(len(blocks))):
        x = klayers.Conv2D(
            2 * x.shape[-1], 1, use_bias=False, name=f"widen{level}"
        )(x)
        x = layers.DepthToSpace(name=f"up{level}")(x)
        x = klayers.Add(name=f"fuse{level}")([x, skips[level]])
        x = stage(x, f"dec{level}", level, blocks[level])
    residual = parts.head(x, kernel_size=head_kernel)
    return keras.Model(stabilised, residual, name="core")


def _block(x, name):
    x = _product(x, f"{name}_a", depth=True)
    return _product(x, f"{name}_b", depth=False)


def _product(x, name, depth):
    channels = x.shape[-1]

    def side(name):
        y = klayers.Conv2D(channels, 1, name=f"{name}_point")(x)
        if not depth:
            return y
        return klayers.DepthwiseConv2D(
            3,
            padding="same",
            depthwise_initializer="he_normal",
            name=f"{name}_depth",
        )(y)

    gate = layers.Limit(name=f"{name}_limit")(side(f"{name}_gate"))
    y = klayers.Multiply(name=f"{name}_product")([side(f"{name}_value"), gate])
    y = klayers.Conv2D(
        channels, 1, kernel_initializer="zeros", name=f"{name}_close"
    )(y)
    return klayers.Add(name=f"{name}_add")([x, y])
