"""U-Nets of gated blocks: ours with Feature-Align, without it a rival.

A stage is a row of steps, written as words:

    depth   y = x + close(depth(point(x)) limit(depth(point(x))))
    point   y = x + close(point(x) limit(point(x)))
    light   t = depth(x),  y = x + close(point(t) limit(point(t)))
    align   y = gamma(trunk) x + beta(trunk)            (`FeatureAlign`)

`point` and `close` are 1 x 1, `depth` is 3 x 3 channel by channel, `limit`
keeps one side of a product within -1 and 1. There is no other activation. 2 x 2
convolutions of stride 2 halve the size, point-wise convolutions and depth to
space double it, skips are added.

    stabilised --detail--> stem --> enc0 --down--> enc1 --down--> mid
                                     |              |              |
    residual <---- head <---------- dec0 <---up--- dec1 <---up-----+

`stem_stride` 2 puts the finest level at half the packed size: one 4 x 4
convolution of stride 2 leads down to it, and one point-wise convolution and
depth to space lead back up. Nothing but the ends then moves activations of
full size, which costs phones more than the multiply-accumulates do.

With "depth point" in every stage it is a NAFNet without normalisation and
without global pooling. The layer normalisation and the channel attention of
that paper look at more than a neighbourhood (the attention at the whole image),
so a tile would not give what the frame gives. In their place each `close`
starts at zero, so that an untrained step is the identity, and one side of each
product is limited: sixteen products of two free sides, one after another, gave
a loss that was not finite within 200 steps at every peak rate from 1e-3 to
3e-3.

The two sides of a product come from convolutions of their own, not from the
halves of one: the function is the same, and a flatbuffer needs no slices.

Reference: Chen et al., https://arxiv.org/abs/2204.04676, figure 3.
"""

import keras
from keras import layers as klayers

from fanet_tf import layers
from fanet_tf.models import parts

# A product's letter in the names of its layers.
PRODUCTS = {"depth": "a", "point": "b", "light": "d"}
ALIGN = "align"


def stride(widths, stem_stride) -> int:
    """Returns the required multiple of height and width, in packed pixels."""
    return stem_stride * 2 ** (len(widths) - 1)


def build(
    height: int,
    width: int,
    widths=(12, 24, 48, 96),
    stem_stride: int = 1,
    encoder="depth point align",
    middle: str = "depth point align depth point align",
    decoder="depth point align",
    fa_hidden: int = 4,
    stem_input: str = "detail",
    head_kernel: int = 1,
) -> keras.Model:
    """Builds the network between the two transforms.

    Args:
        height: packed pixels; a multiple of `stride`.
        width: packed pixels; likewise.
        widths: channels of each level, finest first. Multiples of 8 are
            cheapest: on ARM 12 outputs cost more than 16.
        stem_stride: 1, or 2 for a finest level of half the packed size.
        encoder: the steps of each encoder stage; one text, or one per level
            but the last, finest first. `""` leaves a stage out.
        middle: the steps at the coarsest level.
        decoder: as `encoder`.
        fa_hidden: channels of the Feature-Align trunks, which see the detail
            of their level (`parts.details`).
        stem_input: see `unet.build`.
        head_kernel: of the last convolution.

    Returns:
        keras.Model, as `unet.build` gives.

    Raises:
        ValueError: no network has these sizes.
    """
    parts.check_positive(widths=widths, fa_hidden=fa_hidden)
    parts.check_choice("stem_stride", stem_stride, (1, 2))
    if len(widths) < 2:
        raise ValueError(
            "`widths` must name at least two levels. "
            f"Received: widths={tuple(widths)}"
        )
    halvings = len(widths) - 1
    encoder = parts.per_level("encoder", encoder, halvings)
    decoder = parts.per_level("decoder", decoder, halvings)
    parts.check_size(height, width, stride(widths, stem_stride))
    first = stem_stride - 1  # Halvings in front of the finest level.

    stabilised = keras.Input((height, width, 4), name="stabilised")
    means = parts.pyramid(stabilised, first + halvings)
    aligned = ALIGN in " ".join((*encoder, middle, *decoder)).split()
    seen = parts.details(means)[first:] if aligned else [None] * len(widths)

    def stage(x, name, steps, level):
        return _stage(x, name, steps, seen[level], fa_hidden)

    detail = parts.stem_input(means, stem_input)
    x = klayers.Conv2D(
        widths[0],
        3 if stem_stride == 1 else 4,
        strides=stem_stride,
        padding="same",
        name="stem",
    )(detail)
    skips = []
    for level, filters in enumerate(widths[1:]):
        x = stage(x, f"enc{level}", encoder[level], level)
        skips.append(x)
        x = klayers.Conv2D(filters, 2, strides=2, name=f"down{level}")(x)
    x = stage(x, "mid", middle, halvings)
    for level in reversed(range(halvings)):
        x = klayers.Conv2D(
            4 * widths[level], 1, use_bias=False, name=f"widen{level}"
        )(x)
        x = layers.DepthToSpace(name=f"up{level}")(x)
        x = klayers.Add(name=f"fuse{level}")([x, skips[level]])
        x = stage(x, f"dec{level}", decoder[level], level)
    residual = parts.head(x, head_kernel, stem_stride)
    return keras.Model(stabilised, residual, name="core")


def _stage(x, name, steps, seen, fa_hidden):
    """Applies the steps; a step that comes again opens the next block."""
    block, done = 0, set()
    for step in steps.split():
        if step in done:
            block, done = block + 1, set()
        done.add(step)
        if step == ALIGN:
            x = layers.FeatureAlign(fa_hidden, name=f"fa_{name}_{block}")(
                x, seen
            )
        elif step in PRODUCTS:
            x = _product(x, f"{name}_{block}_{PRODUCTS[step]}", step)
        else:
            raise ValueError(
                f"A step must be one of {', '.join((*PRODUCTS, ALIGN))}. "
                f"Received: {step!r} in {name}"
            )
    return x


def _product(x, name, step):
    channels = x.shape[-1]

    def point(x, name):
        return klayers.Conv2D(channels, 1, name=name)(x)

    def depth(x, name):
        return klayers.DepthwiseConv2D(
            3,
            padding="same",
            depthwise_initializer="he_normal",
            name=name,
        )(x)

    def side(name):
        y = point(seen, f"{name}_point")
        return depth(y, f"{name}_depth") if step == "depth" else y

    seen = depth(x, f"{name}_depth") if step == "light" else x
    gate = layers.Limit(name=f"{name}_limit")(side(f"{name}_gate"))
    y = klayers.Multiply(name=f"{name}_product")([side(f"{name}_value"), gate])
    y = klayers.Conv2D(
        channels, 1, kernel_initializer="zeros", name=f"{name}_close"
    )(y)
    return klayers.Add(name=f"{name}_add")([x, y])
