"""The networks, built of `layers`.

`build` makes a member from a config's `model` section: the name of a network,
the transform, and the network's own sizes. `core` makes the network between the
two transforms, and `cost.count` says what it costs.

Each network is a module with two functions: `build(height, width, ...)`, whose
further arguments are its sizes, and `stride(...)`, the required multiple of
height and width, whose arguments are those sizes that decide it.
"""

import inspect

import keras

from fanet_tf.models import gated
from fanet_tf.models import member
from fanet_tf.models import own_network
from fanet_tf.models import pmrid
from fanet_tf.models import unet
from fanet_tf.models import unprocessing_unet

_NETWORKS = {
    "unet": unet,
    "upi": unprocessing_unet,
    "pmrid": pmrid,
    "gated": gated,
    own_network.NAME: own_network,
}


def names() -> tuple[str, ...]:
    """Returns the names of the networks."""
    return tuple(_NETWORKS)


def build(
    name: str,
    height: int,
    width: int,
    transform: str = "anscombe",
    group_form: str = "masked",
    **sizes,
) -> keras.Model:
    """Builds a member graph by the name of its network.

    Args:
        name: one of `names()`.
        height: packed pixels.
        width: packed pixels.
        transform: see `layers.Stabilise`.
        group_form: see `layers.GroupConv2D`; only `unet` has such layers.
        **sizes: arguments of the network's builder. `variants.current` reads
            those of older runs.

    Returns:
        keras.Model, see `member.build`.

    Raises:
        ValueError: there is no such network, or it has no such sizes.
    """
    return member.build(
        core(name, height, width, group_form=group_form, **sizes), transform
    )


def core(
    name: str,
    height: int,
    width: int,
    group_form: str = "masked",
    transform: str | None = None,
    **sizes,
) -> keras.Model:
    """Builds the network between the two transforms; arguments as `build`."""
    del transform  # So that a config's `model` section can be passed.
    network = _network(name)
    sizes = _checked(name, sizes)
    if network is unet:
        sizes["group_form"] = group_form
    return network.build(height, width, **sizes)


def stride(
    name: str,
    transform: str | None = None,
    group_form: str | None = None,
    **sizes,
) -> int:
    """Returns the required multiple of a network's height and width.

    Tiles that start at its multiples give what the whole frame gives.
    """
    del transform, group_form
    network = _network(name)
    defaults = {
        key: parameter.default
        for key, parameter in inspect.signature(
            network.build
        ).parameters.items()
    }
    sizes = {**defaults, **_checked(name, sizes)}
    deciding = inspect.signature(network.stride).parameters
    return network.stride(**{key: sizes[key] for key in deciding})


def _checked(name, sizes) -> dict:
    """Returns the sizes; refuses one that the network does not have."""
    known = list(inspect.signature(_network(name).build).parameters)[2:]
    for key in sizes:
        if key not in known:
            raise ValueError(
                f"The sizes of {name!r} must be among {', '.join(known)}. "
                f"Received: {key}={sizes[key]!r}"
            )
    return sizes


def _network(name):
    if name not in _NETWORKS:
        raise ValueError(
            f"`name` must be one of {', '.join(_NETWORKS)}. "
            f"Received: name={name!r}"
        )
    return _NETWORKS[name]
