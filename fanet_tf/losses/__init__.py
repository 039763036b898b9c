"""What training minimises: each loss one file, weighed in the config."""

from fanet_tf.losses.charbonnier import charbonnier
from fanet_tf.losses.domain import DOMAINS
from fanet_tf.losses.domain import error

__all__ = ["DOMAINS", "charbonnier", "error"]
