"""Content and style of feature maps: Johnson et al. 2016.

"Perceptual Losses for Real-Time Style Transfer and Super-Resolution",
arXiv 1603.08155, section 3.2. With `phi_j(x)` the activations `[h, w, C]` of
layer `j` on the image `x`:

    content(x, y) = 1 / (C h w) sum (phi_j(x) - phi_j(y))^2
    G_j(x)[c, d]  = 1 / (C h w) sum_hw phi_j(x)[h, w, c] phi_j(x)[h, w, d]
    style(x, y)   = sum_j sum_cd (G_j(x)[c, d] - G_j(y)[c, d])^2

They take content from relu2_2 of VGG-16 and style from relu1_2, relu2_2,
relu3_3 and relu4_3: what goes into the first four poolings. So it is defined
here for any network that halves its input, a teacher as well as VGG-16.
"""

import keras
from keras import ops

from fanet_tf.errors import InputError

# Poolings whose inputs are looked at, and the one that content is taken from.
LEVELS = 4
CONTENT_LEVEL = 1
_HALVING = ("dwt", "down")  # How our models name what is no pooling.


def feature_network(model, levels: int = LEVELS):
    """Returns the frozen network from `model`'s input to its features.

    Args:
        model: functional keras.Model whose levels end with a layer that
            halves: max-pooling, or a layer named `dwt...` or `down...`.
        levels: how many levels are looked at, at most.

    Returns:
        keras.Model with a list of outputs `[B, h / 2^j, w / 2^j, C_j]`: what
        goes into the poolings, finest first.
    """
    features = [
        layer.input
        for layer in model.layers
        if isinstance(layer, keras.layers.MaxPooling2D)
        or layer.name.startswith(_HALVING)
    ][:levels]
    if not features:
        raise InputError(
            "The teacher of `loss.feature` must be a network of levels (a "
            f"variant of `unet`, `upi` or `gated`). Received: {model.name}"
        )
    network = keras.Model(model.input, features, name="features")
    network.trainable = False
    return network


def gram(features):
    """Returns the Gram matrices of `[B, h, w, C]`: `[B, C, C]` float32."""
    height, width, channels = ops.shape(features)[1:]
    flat = ops.reshape(
        ops.cast(features, "float32"), (-1, height * width, channels)
    )
    products = ops.matmul(ops.transpose(flat, (0, 2, 1)), flat)
    return products / ops.cast(channels * height * width, "float32")


def content(features, target):
    """Returns the mean squared difference of features, a scalar."""
    difference = ops.cast(features, "float32") - ops.cast(target, "float32")
    return ops.mean(ops.square(difference))


def style(features, target):
    """Returns the squared distance of Gram matrices, a batch's mean."""
    difference = gram(features) - gram(target)
    return ops.mean(ops.sum(ops.square(difference), axis=(1, 2)))


def content_and_style(features, targets):
    """Returns content at one level plus style at all, a scalar.

    Args:
        features: list of `[B, h, w, C]`, see `feature_network`.
        targets: the same of the target.
    """
    level = min(CONTENT_LEVEL, len(features) - 1)
    styles = [style(x, y) for x, y in zip(features, targets, strict=True)]
    return content(features[level], targets[level]) + sum(styles)
