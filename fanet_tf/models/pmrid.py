"""A rival: PMRID, "Practical Deep Raw Image Denoising on Mobile Devices".

A U-Net of separable convolutions, 5 x 5 in the encoder and 3 x 3 in the
decoder, so that most of the reach comes cheaply from depth-wise kernels:

    encoder block   y = relu(sep(relu(sep(x))) + shortcut(x)), a quarter of the
                    width inside; the first block of a stage halves the size
    decoder stage   y = relu(widen(x + sep(relu(sep(x))))) + relu(sep(skip))

Written after the paper's text and figure 4, with sizes as arguments. `widen`,
a transposed 2 x 2 convolution there, is a point-wise one and depth to space
here: the same function with the same weights, and faster on phones.

Reference: Wang et al., https://arxiv.org/abs/2010.06935.
"""

import keras
from keras import layers as klayers

from fanet_tf import layers
from fanet_tf.models import parts


def stride(widths) -> int:
    """Returns the required multiple of height and width, in packed pixels."""
    return 2 ** len(widths)


def build(
    height: int,
    width: int,
    stem_width: int = 16,
    widths=(64, 128, 256, 512),
    blocks=(2, 2, 4, 4),
    decoder_widths=(64, 32, 32, 16),
    kernel_size: int = 5,
    stem_input: str = "detail",
    as_published: bool = False,
) -> keras.Model:
    """Builds the network between the two transforms; defaults are the paper's.

    Args:
        height: packed pixels; a multiple of `stride`.
        width: packed pixels; likewise.
        stem_width: channels at full size.
        widths: channels of the encoder's stages, finest first; multiples of 4.
        blocks: blocks of each stage.
        decoder_widths: channels of the decoder's stages, coarsest first. The
            bottom has the first.
        kernel_size: of the encoder's depth-wise convolutions.
        stem_input: see `unet.build`.
        as_published: as its authors' weights want it. Convolutions that halve
            are centred on even positions, which costs a padding each, and
            `widen` has no ReLU.

    Returns:
        keras.Model, as `unet.build` gives.
    """
    parts.check_positive(
        stem_width=stem_width, widths=widths, decoder_widths=decoder_widths
    )
    blocks = parts.per_level("blocks", blocks, len(widths))
    decoder_widths = parts.per_level(
        "decoder_widths", decoder_widths, len(widths)
    )
    if any(filters % 4 for filters in widths):
        raise ValueError(
            "`widths` must be multiples of 4, the narrowing inside a block. "
            f"Received: widths={tuple(widths)}"
        )
    size = stride(widths)
    parts.check_size(height, width, size)
    stabilised = keras.Input((height, width, 4), name="stabilised")
    means = parts.pyramid(stabilised, len(widths))
    x = parts.stem_input(means, stem_input)
    x = klayers.Conv2D(
        stem_width, 3, padding="same", activation="relu", name="stem"
    )(x)
    skips = []
    for level, filters in enumerate(widths):
        skips.append(x)
        for index in range(blocks[level]):
            x = _encoder_block(
                x,
                filters,
                kernel_size,
                index == 0,
                f"enc{level}_{index}",
                as_published,
            )
    x = _separable(x, decoder_widths[0], 3, "bottom", activation="relu")
    for index, filters in enumerate(decoder_widths):
        level = len(widths) - 1 - index
        x = _decoder_block(x, f"dec{level}")
        x = klayers.Conv2D(
            4 * filters,
            1,
            activation=None if as_published else "relu",
            name=f"dec{level}_widen",
        )(x)
        x = layers.DepthToSpace(name=f"dec{level}_up")(x)
        skip = _separable(
            skips[level], filters, 3, f"skip{level}", activation="relu"
        )
        x = klayers.Add(name=f"fuse{level}")([x, skip])
    x = _decoder_block(x, "out")
    residual = parts.head(x, kernel_size=3)
    return keras.Model(stabilised, residual, name="core")


def _separable(
    x, filters, kernel_size, name, strides=1, activation=None, centred=False
):
    centred = centred and strides > 1  # Else "same" is.
    if centred:
        x = klayers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x)
    x = klayers.DepthwiseConv2D(
        kernel_size,
        strides=strides,
        padding="valid" if centred else "same",
        use_bias=False,
        depthwise_initializer="he_normal",
        name=f"{name}_depth",
    )(x)
    return klayers.Conv2D(
        filters,
        1,
        activation=activation,
        kernel_initializer="he_normal",
        name=f"{name}_point",
    )(x)


def _encoder_block(x, filters, kernel_size, halve, name, centred):
    strides = 2 if halve else 1
    y = _separable(
        x, filters // 4, kernel_size, f"{name}_a", strides, "relu", centred
    )
    y = _separable(y, filters, kernel_size, f"{name}_b")
    if halve or x.shape[-1] != filters:
        x = _separable(
            x, filters, 3, f"{name}_shortcut", strides, centred=centred
        )
    x = klayers.Add(name=f"{name}_add")([x, y])
    return klayers.ReLU(name=name)(x)


def _decoder_block(x, name):
    y = _separable(x, x.shape[-1], 3, f"{name}_a", activation="relu")
    y = _separable(y, x.shape[-1], 3, f"{name}_b")
    return klayers.Add(name=f"{name}_add")([x, y])
