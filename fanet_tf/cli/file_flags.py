"""Flags of every command that reads or writes files.

A command shows them in its help with `flags.adopt_module_key_flags`.
"""

from absl import flags

from fanet_tf.files import limits

OVERWRITE = flags.DEFINE_bool(
    "overwrite",
    False,
    "Replace existing outputs that this command did not write.",
)
MAX_PIXELS = flags.DEFINE_integer(
    "max_pixels",
    limits.DEFAULT_MAX_PIXELS,
    "Most pixels that a picture or a RAW frame may have.",
)
