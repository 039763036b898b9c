"""The student networks: one U-Net builder, four variants.

    stabilised --stem--> enc0 --down--> enc1 --down--> ... --down--> mid
                           |              |                           |
                         skip0          skip1                        up
                           |              |                           |
    residual  <--head--- dec0 <---up--- dec1 <---up---  ...  <--------+

Each stage is one or more ARNet blocks, each followed by a Feature-Align layer
that sees the stabilised input averaged down to that level. A skip is shrunk by
a point-wise convolution, replicated and added to the upsampled features in
front of the decoder's block. Decoder `i` gives the width of level `i - 1`, so
the additions fit.

The published totals (2.6688 GMACs/MP, 89,696 parameters) do not determine a
layout: many fit, none is clean. The defaults are the layout R1, *chosen* to lie
within 1 % of the paper's figures; see `models.cost`.

Reference: Young et al., https://arxiv.org/abs/2103.01524, figure 4.
"""

import keras
from keras import layers as klayers

from fanet_tf import layers

DOWNSAMPLING = ("max", "haar")
STEM_INPUTS = ("stabilised", "detail")
UPSAMPLING = ("bilinear", "depth_to_space", "haar")


def build(
    height,
    width,
    widths=(16, 32, 64, 64),
    blocks=1,
    mid_blocks=2,
    expansion=2,
    group_width=4,
    kernel_size=3,
    block_residual=True,
    feature_align=True,
    fa_hidden=8,
    fa_kernel=3,
    skip_ratio=2,
    fusion="add",
    downsampling="max",
    upsampling="bilinear",
    stem_input="detail",
    group_form="masked",
):
    """Builds the network between the two transforms.

    Args:
        height: packed pixels; a multiple of `2 ** (levels - 1)`.
        width: packed pixels; likewise.
        widths: channels of each level, finest first; their number is the
            number of levels.
        blocks: ARNet blocks per encoder and decoder stage: one number, or one
            per level but the last.
        mid_blocks: ARNet blocks at the coarsest level.
        expansion: hidden channels per input channel of a block.
        group_width: channels per group; a multiple of 4 keeps a group
            convolution whole on the GPU delegate.
        kernel_size: of the group convolutions.
        block_residual: adds a block's input to its output where the widths
            agree.
        feature_align: whether Feature-Align layers follow the blocks.
        fa_hidden: channels of their trunk.
        fa_kernel: kernel of their trunk.
        skip_ratio: how much a skip is shrunk; 0 leaves the skips out.
        fusion: `"add"` or `"concat"`.
        downsampling: `"max"` pooling, or `"haar"`: DWT, then a point-wise
            squeeze.
        upsampling: `"bilinear"`; `"depth_to_space"`: a point-wise widening,
            then depth to space; `"haar"`: a point-wise widening, then inverse
            DWT.
        stem_input: `"stabilised"`, or `"detail"`: the stabilised input less
            its own means over cells of `2 ** (levels - 1)` pixels, so that the
            features need not carry the brightness (up to 138 deviations of
            the noise at gain 1) through every layer; Feature-Align sees it.
        group_form: how group convolutions are computed, see `GroupConv2D`.

    Returns:
        keras.Model, `stabilised [B, height, width, 4]` to `residual`, same
        shape, in units of `layers.Stabilise`.
    """
    levels = len(widths)
    stride = 2 ** (levels - 1)
    if height % stride or width % stride:
        raise ValueError(
            f"`height` and `width` must be multiples of {stride}, for {levels} "
            f"levels. Received: height={height}, width={width}"
        )
    for name, value, choices in (
        ("downsampling", downsampling, DOWNSAMPLING),
        ("upsampling", upsampling, UPSAMPLING),
        ("stem_input", stem_input, STEM_INPUTS),
    ):
        if value not in choices:
            raise ValueError(
                f"`{name}` must be one of {', '.join(choices)}. "
                f"Received: {name}={value!r}"
            )
    if isinstance(blocks, int):
        blocks = (blocks,) * (levels - 1)
    if len(blocks) != levels - 1:
        raise ValueError(
            "`blocks` must be one number, or one per level but the last. "
            f"Received: blocks={tuple(blocks)}, widths={tuple(widths)}"
        )

    stabilised = keras.Input((height, width, 4), name="stabilised")
    pyramid = [stabilised]
    detail = stem_input == "detail"
    if feature_align or detail:
        for level in range(1, levels):
            pyramid.append(
                layers.BoxDownsample(name=f"pyramid{level}")(pyramid[-1])
            )

    def stage(x, name, level, filters):
        count = mid_blocks if level == levels - 1 else blocks[level]
        for index in range(count):
            last = index == count - 1
            out = filters[1] if last else filters[0]
            suffix = "_" + "abcdefgh"[index] if count > 1 else ""
            x = layers.ARNetBlock(
                out,
                expansion,
                group_width,
                kernel_size,
                residual=block_residual and x.shape[-1] == out,
                form=group_form,
                name=f"{name}{suffix}",
            )(x)
            if feature_align:
                x = layers.FeatureAlign(
                    fa_hidden, fa_kernel, name=f"fa_{name}{suffix}"
                )(x, pyramid[level])
        return x

    x = stabilised
    if detail:
        mean = layers.Upsample(stride, name="local_mean")(pyramid[-1])
        x = klayers.Subtract(name="detail")([stabilised, mean])
    x = klayers.Conv2D(widths[0], 1, name="stem")(x)
    skips = []
    for level in range(levels - 1):
        x = stage(x, f"enc{level}", level, (widths[level],) * 2)
        if skip_ratio:
            skips.append(
                klayers.Conv2D(
                    _shrunk(widths[level], skip_ratio), 1, name=f"skip{level}"
                )(x)
            )
        if downsampling == "max":
            x = klayers.MaxPooling2D(2, name=f"down{level}")(x)
        else:
            x = layers.HaarDWT(name=f"dwt{level}")(x)
            x = klayers.Conv2D(widths[level + 1], 1, name=f"squeeze{level}")(x)

    # Bilinear upsampling keeps the channels, so the stage below must already
    # have the width above; the others choose it in their widening.
    narrow = upsampling == "bilinear"
    below = widths[-2] if narrow else widths[-1]
    x = stage(x, "mid", levels - 1, (widths[-1], below))
    for level in reversed(range(levels - 1)):
        x = _upsample(x, widths[level], upsampling, level)
        if skip_ratio:
            x = layers.Replicate(fusion, name=f"fuse{level}")(x, skips[level])
        out = widths[max(level - 1, 0)] if narrow else widths[level]
        x = stage(x, f"dec{level}", level, (widths[level], out))

    # Starts at zero: an untrained network leaves its input alone.
    residual = klayers.Conv2D(
        4, 1, kernel_initializer="zeros", name="head", dtype="float32"
    )(x)
    return keras.Model(stabilised, residual, name="core")


def _shrunk(filters, ratio):
    if filters % ratio:
        raise ValueError(
            "`widths` must be multiples of `skip_ratio`. "
            f"Received: width={filters}, skip_ratio={ratio}"
        )
    return filters // ratio


def _upsample(x, filters, upsampling, level):
    if upsampling == "bilinear":
        return layers.Upsample(name=f"up{level}")(x)
    x = klayers.Conv2D(4 * filters, 1, name=f"widen{level}")(x)
    if upsampling == "haar":
        return layers.HaarIDWT(name=f"idwt{level}")(x)
    return layers.DepthToSpace(name=f"up{level}")(x)
