"""RGB perceptual loss: what the eye will see of the RAW.

Young et al., section 3.2: prediction and clean RAW go through the minimal
camera pipeline of Brooks et al. (`raw.isp`), and VGG-16 tells their content and
style apart as Johnson et al. do.
"""

from keras import ops

from fanet_tf.losses import perceptual
from fanet_tf.losses import vgg
from fanet_tf.raw import isp

# What a batch's inputs must hold beside a member's own.
COLOUR = ("rgb_from_cam", "red_gain", "blue_gain")


def rgb_perceptual(network, denoised, clean, colour):
    """Returns the loss, a scalar; 0 where `denoised` is `clean`.

    Args:
        network: `vgg.features`, or any network of `[B, 2h, 2w, 3]` to a list.
        denoised: `[B, h, w, 4]`.
        clean: `[B, h, w, 4]`.
        colour: `rgb_from_cam` `[B, 3, 3]`, `red_gain` and `blue_gain` `[B]`
            of each crop.
    """
    matrix, red, blue = (colour[name] for name in COLOUR)

    def features(packed):
        srgb = isp.to_srgb(packed, matrix, red, blue, ops)
        return network(vgg.preprocess(srgb), training=False)

    return perceptual.content_and_style(features(denoised), features(clean))
