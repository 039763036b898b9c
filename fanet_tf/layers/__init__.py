"""Keras layers of the networks, one a file; they know no files and no noise.

`GroupConv2D` is the group convolution of the MobileNetV2 block (`ARNetBlock`),
`FeatureAlign` the modulation by the noisy input, `Stabilise` the transform
between RAW and noise of even deviation. `models` builds networks of them.
"""

from fanet_tf.layers.arnet import ARNetBlock
from fanet_tf.layers.feature_align import FeatureAlign
from fanet_tf.layers.group_conv import GroupConv2D
from fanet_tf.layers.haar import HaarDWT
from fanet_tf.layers.haar import HaarIDWT
from fanet_tf.layers.limit import Limit
from fanet_tf.layers.resample import BoxDownsample
from fanet_tf.layers.resample import DepthToSpace
from fanet_tf.layers.resample import Upsample
from fanet_tf.layers.shrinked_skip import Replicate
from fanet_tf.layers.stabilise import Restore
from fanet_tf.layers.stabilise import Stabilise

__all__ = [
    "ARNetBlock",
    "BoxDownsample",
    "DepthToSpace",
    "FeatureAlign",
    "GroupConv2D",
    "HaarDWT",
    "HaarIDWT",
    "Limit",
    "Replicate",
    "Restore",
    "Stabilise",
    "Upsample",
]
