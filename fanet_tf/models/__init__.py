"""The networks, built of `layers`.

`build` makes a member from a config's `model` section: the name of a network,
the transform, and the network's own sizes.
"""

from fanet_tf.models import member
from fanet_tf.models import unet

_BUILDERS = {"unet": unet.build}


def names():
    """Returns the names of the networks."""
    return tuple(_BUILDERS)


def build(name, height, width, transform="anscombe", **sizes):
    """Builds a member graph by the name of its network.

    Args:
        name: one of `names()`.
        height: packed pixels.
        width: packed pixels.
        transform: see `layers.Stabilise`.
        **sizes: arguments of the network's builder.

    Returns:
        keras.Model, see `member.build`.
    """
    if name not in _BUILDERS:
        raise ValueError(
            f"`name` must be one of {', '.join(_BUILDERS)}. "
            f"Received: name={name!r}"
        )
    return member.build(_BUILDERS[name](height, width, **sizes), transform)
