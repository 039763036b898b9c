"""Scenes of all kinds, and what several denoisers make of a capture of one."""

import numpy as np

from fanet_tf.data import camera
from fanet_tf.data import evaluation_sets
from fanet_tf.data import scene_kinds


def by_kind(photographs: str, limit: int, size: int) -> dict:
    """Returns the clean scenes of each kind by its name.

    Args:
        photographs: a folder, or "held_back".
        limit: of the photographs.
        size: of the centre crops, pixels.
    """
    return {
        kind.name: evaluation_sets.clean_scenes(
            photographs, camera.get("imx258"), limit, size, kind
        )
        for kind in scene_kinds.KINDS.values()
    }


def denoised(capture, denoisers) -> list[np.ndarray]:
    """Returns what each gives of a capture, `[h, w, 4]` in 0..1."""
    noise = capture.noise.pair()
    return [
        np.clip(denoiser.denoise_packed(capture.noisy, noise), 0.0, 1.0)
        for denoiser in denoisers
    ]
