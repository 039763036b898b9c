"""The flag `--max_pixels`, of commands that read pictures or RAW frames."""

from absl import flags

from fanet_tf.files import limits

MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels",
    limits.DEFAULT_MAX_PIXELS,
    "Most pixels that a picture or a RAW frame may have.",
)
