"""Training losses, each in one file; the config gives their weights.

`weighed.terms` computes all that a config asks for. Charbonnier, simple
distillation, Feature Loss and RGB perceptual loss are the paper's.
"""

from fanet_tf.losses.charbonnier import charbonnier
from fanet_tf.losses.distillation import distillation
from fanet_tf.losses.domain import DOMAINS
from fanet_tf.losses.domain import error
from fanet_tf.losses.domain import variance
from fanet_tf.losses.feature import TeacherFeatures
from fanet_tf.losses.feature import feature_loss
from fanet_tf.losses.psnr import psnr
from fanet_tf.losses.rgb_perceptual import COLOUR
from fanet_tf.losses.rgb_perceptual import rgb_perceptual
from fanet_tf.losses.weighed import NAMES
from fanet_tf.losses.weighed import check
from fanet_tf.losses.weighed import member_inputs
from fanet_tf.losses.weighed import terms
from fanet_tf.losses.weighed import weight

__all__ = [
    "COLOUR",
    "DOMAINS",
    "NAMES",
    "TeacherFeatures",
    "charbonnier",
    "check",
    "distillation",
    "error",
    "feature_loss",
    "member_inputs",
    "psnr",
    "rgb_perceptual",
    "terms",
    "variance",
    "weight",
]
