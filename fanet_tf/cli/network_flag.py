"""The flag `--network`: a network of the user's own."""

from typing import Any

from absl import flags

from fanet_tf.cli import program

_NETWORK = flags.DEFINE_string(
    "network",
    None,
    "FILE.py:FUNCTION that builds a network of your own (docs/own.md). The "
    "file is run.",
)


def use() -> dict[str, Any] | None:
    """Runs the file that the flag names, if it names one.

    Returns:
        The `model` section of a config, without the transform, or None.
    """
    if _NETWORK.value is None:
        return None
    program.import_tensorflow()
    from fanet_tf.models import own_network

    return own_network.use(_NETWORK.value)
