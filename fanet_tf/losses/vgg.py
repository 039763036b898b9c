"""VGG-16 as it was trained on ImageNet, up to relu4_3.

Simonyan and Zisserman 2015. The weights are keras.applications' own, fetched
once by Keras, or the same file given by its path
(`vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5`).
"""

import pathlib

import keras
import numpy as np
from keras import ops

from fanet_tf.errors import InputError
from fanet_tf.losses import perceptual

# Means of the training images, blue, green, red, in 0..255.
_BGR_MEANS = np.array([103.939, 116.779, 123.68], np.float32)


def preprocess(srgb):
    """Turns `[B, H, W, 3]` sRGB 0..1 into what VGG-16 was trained on."""
    return 255.0 * ops.flip(srgb, axis=-1) - _BGR_MEANS


def features(weights: str):
    """Returns the frozen feature network of `[B, H, W, 3]`.

    Args:
        weights: `"imagenet"`, or the path of a weights file.

    Raises:
        InputError: there are no such weights.
    """
    if weights != "imagenet" and not pathlib.Path(weights).is_file():
        raise InputError(
            "`loss.vgg` must be 'imagenet' or a file of VGG-16's weights. "
            f"Received: {weights!r}"
        )
    try:
        model = keras.applications.VGG16(include_top=False, weights=weights)
    except Exception as error:  # Keras raises as much where there is no net.
        raise InputError(
            f"VGG-16's weights cannot be had from {weights!r}; `loss.vgg` "
            f"takes the path of a file as well: {error}"
        ) from error
    return perceptual.feature_network(model)
