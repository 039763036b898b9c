"""Networks that benchmarks build: `VARIANT` or `VARIANT:TRANSFORM`."""

from typing import Any

from fanet_tf import models
from fanet_tf import variants
from fanet_tf.models import receptive


def model(name: str) -> dict[str, Any]:
    """Returns the model of a variant, with its own or the named transform."""
    variant, _, transform = name.partition(":")
    changes = {"transform": transform} if transform else {}
    return {**variants.get(variant).model, **changes}


def halo(network: dict[str, Any]) -> int:
    """Returns the packed pixels that its layers reach with random weights.

    Args:
        network: of `model`.
    """
    stride = models.stride(**network)

    def core(height, width):
        return models.core(
            height=height, width=width, group_form="dense", **network
        )

    return receptive.halo(receptive.radius(core, stride), stride)
