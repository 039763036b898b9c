"""The flag `--overwrite`, of commands whose outputs are single files."""

from absl import flags

OVERWRITE = flags.DEFINE_bool(
    "overwrite",
    False,
    "Replace existing outputs that this command did not write.",
)
