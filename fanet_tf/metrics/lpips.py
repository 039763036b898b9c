"""Learned perceptual image patch similarity, from the authors' package.

`pip install '.[lpips]'` in a clone brings `lpips` 0.1.4 and torch; the heads of
LPIPS v0.1 are in the package, the backbone's ImageNet weights are fetched by
torchvision at the first use (offline: put them under `TORCH_HOME`). Where
either is missing there is no figure: none is made up.

Reference: Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features
as a Perceptual Metric". The paper we follow does not name its backbone.
"""

from collections.abc import Callable

import numpy as np

from fanet_tf.errors import InputError

NETWORKS = ("alex", "vgg")


class UnavailableError(Exception):
    """LPIPS cannot be measured here; the message says what is missing."""


def load(network: str = "alex") -> Callable:
    """Returns `f(srgb, reference) -> float`, images `[H, W, 3]` in 0..1.

    Args:
        network: backbone, `"alex"` (the authors' choice for a metric) or
            `"vgg"`.

    Raises:
        UnavailableError: the package or its weights cannot be had.
    """
    if network not in NETWORKS:
        raise InputError(
            f"LPIPS must use one of {', '.join(NETWORKS)}. "
            f"Received: {network!r}"
        )
    try:
        import lpips
        import torch
    except ImportError as error:
        raise UnavailableError(
            "LPIPS was not measured: install the extra with "
            f"\"pip install '.[lpips]'\" ({error})."
        ) from error
    try:
        model = lpips.LPIPS(net=network, verbose=False).eval()
    except Exception as error:  # torch.hub raises URLError, OSError and others.
        raise UnavailableError(
            f"LPIPS was not measured: the weights of {network} cannot be had "
            f"({type(error).__name__}: {error})."
        ) from error

    def distance(srgb, reference) -> float:
        with torch.no_grad():
            images = [
                # [1, 3, H, W] in -1..1, as LPIPS was trained.
                torch.from_numpy(
                    np.ascontiguousarray(
                        2.0 * np.moveaxis(image, -1, 0)[None] - 1.0, np.float32
                    )
                )
                for image in (srgb, reference)
            ]
            return float(model(*images).item())

    return distance
