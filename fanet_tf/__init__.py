"""RAW denoising on phones: Feature-Align Networks from noise to device.

A program needs three names:

    from fanet_tf import Denoiser, NoiseProfile, load_bundle

    denoiser = Denoiser(load_bundle())        # The array that ships.
    denoised = denoiser.denoise_mosaic(mosaic, "RGGB", (3e-3, 2e-6))

They are imported when they are asked for, so `import fanet_tf` alone loads no
runtime; none of them loads TensorFlow.
"""

import importlib

__version__ = "0.1.0"
__all__ = ["Denoiser", "NoiseProfile", "load_bundle"]

# Name: its module, and its name there.
_LAZY = {
    "Denoiser": ("fanet_tf.denoising.denoiser", "Denoiser"),
    "NoiseProfile": ("fanet_tf.calibration.profile", "NoiseProfile"),
    "load_bundle": ("fanet_tf.denoising.bundle", "load"),
}


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(importlib.import_module(module), attribute)
