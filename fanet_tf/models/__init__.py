"""The networks, built of `layers`.

`build` makes a member from a config's `model` section: the name of a network,
the transform, and the network's own sizes. Each network is a module with two
functions: `build(height, width, **sizes)`, and `stride(**sizes)`, of which its
input's height and width are multiples.
"""

from fanet_tf.models import gated
from fanet_tf.models import member
from fanet_tf.models import pmrid
from fanet_tf.models import unet
from fanet_tf.models import upi

_NETWORKS = {"unet": unet, "upi": upi, "pmrid": pmrid, "gated": gated}


def names():
    """Returns the names of the networks."""
    return tuple(_NETWORKS)


def build(
    name, height, width, transform="anscombe", group_form="masked", **sizes
):
    """Builds a member graph by the name of its network.

    Args:
        name: one of `names()`.
        height: packed pixels.
        width: packed pixels.
        transform: see `layers.Stabilise`.
        group_form: see `layers.GroupConv2D`; only `unet` has such layers.
        **sizes: arguments of the network's builder.

    Returns:
        keras.Model, see `member.build`.
    """
    return member.build(
        core(name, height, width, group_form=group_form, **sizes), transform
    )


def core(name, height, width, group_form="masked", transform=None, **sizes):
    """Builds the network between the two transforms; arguments as `build`."""
    del transform  # So that a config's `model` section can be passed.
    network = _network(name)
    if network is unet:
        sizes["group_form"] = group_form
    return network.build(height, width, **sizes)


def stride(name, transform=None, group_form=None, **sizes) -> int:
    """Returns of what a network's height and width are multiples.

    Tiles that start at its multiples give what the whole frame gives.
    """
    del transform, group_form
    return _network(name).stride(**sizes)


def _network(name):
    if name not in _NETWORKS:
        raise ValueError(
            f"`name` must be one of {', '.join(_NETWORKS)}. "
            f"Received: name={name!r}"
        )
    return _NETWORKS[name]
