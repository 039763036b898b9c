"""The U-Nets of ARNet blocks: the paper's four and our own, one builder.

    stabilised --stem--> enc0 --down--> enc1 --down--> ... --down--> mid
                           |              |                           |
                         skip0          skip1                        up
                           |              |                           |
    residual  <--head--- dec0 <---up--- dec1 <---up---  ...  <--------+

Each stage is one or more ARNet blocks, each followed by a Feature-Align layer
that sees the stabilised input averaged down to that level, or its detail. A
skip is shrunk by a point-wise convolution, replicated and added to the
upsampled features in front of the decoder's block. Decoder `i` gives the width
of level `i - 1`, so the additions fit.

The published totals (2.6688 GMACs/MP, 89,696 parameters) do not determine a
layout: many fit, none is clean. The defaults are the layout R1, *chosen* to lie
within 1 % of the paper's figures; see `models.cost`.

Reference: Young et al., https://arxiv.org/abs/2103.01524, figure 4.
"""

import keras
from keras import layers as klayers

from fanet_tf import layers
from fanet_tf.models import parts

DOWNSAMPLING = ("max", "haar")
FA_INPUTS = ("stabilised", "detail")
UPSAMPLING = ("bilinear", "haar")


def stride(widths) -> int:
    """Returns the required multiple of height and width, in packed pixels."""
    return 2 ** (len(widths) - 1)


def build(
    height: int,
    width: int,
    widths=(16, 32, 64, 64),
    blocks=1,
    mid_blocks: int = 2,
    expansion=2,
    group_width=4,
    kernel_size=3,
    feature_align: bool = True,
    fa_hidden: int = 8,
    fa_input: str = "stabilised",
    skip_ratio: int = 2,
    downsampling: str = "max",
    upsampling: str = "bilinear",
    stem_input: str = "detail",
    detail_cells=(),
    group_form: str = "masked",
) -> keras.Model:
    """Builds the network between the two transforms.

    Args:
        height: packed pixels; a multiple of `stride`.
        width: packed pixels; likewise.
        widths: channels of each level, finest first; their number is the
            number of levels.
        blocks: ARNet blocks per encoder and decoder stage: one number, or one
            per level but the last.
        mid_blocks: ARNet blocks at the coarsest level.
        expansion: hidden channels per input channel of a block; one number, or
            one per level.
        group_width: channels per group; a multiple of 4 keeps a group
            convolution whole on the GPU delegate. One number, or one per level.
        kernel_size: of the group convolutions; one number, or one per level.
        feature_align: whether Feature-Align layers follow the blocks.
        fa_hidden: channels of their trunk.
        fa_input: what their trunk sees of the input at its level:
            `"stabilised"`, its mean; `"detail"`, what that adds to the next
            coarser level (`parts.details`), so that texture and noise steer
            the features instead of brightness.
        skip_ratio: how much a skip is shrunk; 0 leaves the skips out.
        downsampling: `"max"` pooling, or `"haar"`: DWT, then a point-wise
            squeeze.
        upsampling: `"bilinear"`, or `"haar"`: a point-wise widening, then
            inverse DWT.
        stem_input: `"stabilised"`, or `"detail"`: the stabilised input less
            its own local means, so that the features need not carry the
            brightness (up to 138 deviations of the noise at gain 1) through
            every layer; Feature-Align sees it.
        detail_cells: sides of the cells of these means, growing: one gives
            one detail, several split it into bands (`parts.bands`). Small
            cells serve low gains and large ones high gains. `()`: `stride`.
        group_form: how group convolutions are computed, see `GroupConv2D`.

    Returns:
        keras.Model, `stabilised [B, height, width, 4]` to `residual`, same
        shape, in units of `layers.Stabilise`.
    """
    parts.check_choice("downsampling", downsampling, DOWNSAMPLING)
    parts.check_choice("upsampling", upsampling, UPSAMPLING)
    parts.check_choice("fa_input", fa_input, FA_INPUTS)
    parts.check_choice("stem_input", stem_input, parts.STEM_INPUTS)
    parts.check_positive(widths=widths, blocks=blocks, mid_blocks=mid_blocks)
    levels = len(widths)
    size = stride(widths)
    parts.check_size(height, width, size)
    blocks = (*parts.per_level("blocks", blocks, levels - 1), mid_blocks)
    expansion = parts.per_level("expansion", expansion, levels)
    group_width = parts.per_level("group_width", group_width, levels)
    kernel_size = parts.per_level("kernel_size", kernel_size, levels)
    detail = stem_input == "detail"

    stabilised = keras.Input((height, width, 4), name="stabilised")
    cells = tuple(detail_cells) or (size,)
    parts.check_cells(cells, size)
    means, bands = [], []
    if feature_align or detail:
        means = parts.pyramid(stabilised, size.bit_length() - 1)
    if detail:
        bands = parts.bands(means, cells)
    seen = means  # The input at each level.
    if feature_align and fa_input == "detail":
        seen = parts.details(means)

    def stage(x, name, level, filters):
        count = blocks[level]
        for index in range(count):
            last = index == count - 1
            out = filters[1] if last else filters[0]
            suffix = "_" + "abcdefgh"[index] if count > 1 else ""
            x = layers.ARNetBlock(
                out,
                expansion[level],
                group_width[level],
                kernel_size[level],
                residual=x.shape[-1] == out,
                form=group_form,
                name=f"{name}{suffix}",
            )(x)
            if feature_align:
                x = layers.FeatureAlign(fa_hidden, name=f"fa_{name}{suffix}")(
                    x, seen[level]
                )
        return x

    x = parts.joined(bands or [stabilised], "detail")
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
            x = layers.Replicate(name=f"fuse{level}")(x, skips[level])
        out = widths[max(level - 1, 0)] if narrow else widths[level]
        x = stage(x, f"dec{level}", level, (widths[level], out))

    residual = parts.head(x)
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
    return layers.HaarIDWT(name=f"idwt{level}")(x)
