"""Photographs and radiance maps as arrays, and the photographs held back."""

import pathlib

import cv2
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import pictures

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
RADIANCE_SUFFIXES = (".hdr",)  # The wheels of OpenCV read no OpenEXR.
# Photographs of scikit-image that no training source ever gives.
HELD_BACK = ("astronaut", "chelsea", "coffee")


def read_srgb(path) -> np.ndarray:
    """Reads a photograph: `[H, W, 3]` sRGB, uint8 or uint16.

    Raises:
        InputError: the file is no photograph of 8 or 16 bits.
    """
    pixels = pictures.read(path, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path}: must hold 8 or 16 bits a channel. "
            f"Received: {pixels.dtype}"
        )
    return pixels


def read_srgb16(path) -> np.ndarray:
    """Reads a photograph: `[H, W, 3]` sRGB, uint16; see `read_srgb`."""
    pixels = read_srgb(path)
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint16) * 257
    return pixels


def read_radiance(path) -> np.ndarray:
    """Reads a radiance map: `[H, W, 3]` float32 linear RGB, 0 or more.

    Raises:
        InputError: the file is no colour radiance map.
    """
    radiance = pictures.read(path, cv2.IMREAD_UNCHANGED)
    if radiance.ndim != 3 or not np.isfinite(radiance).all():
        raise InputError(f"{path}: must be a readable colour radiance map.")
    return np.maximum(radiance[..., 2::-1].astype(np.float32), 0.0)


def of_skimage(name: str) -> pathlib.Path:
    """Returns the path of a photograph that comes with scikit-image."""
    import skimage.data

    path = pathlib.Path(skimage.data.__file__).with_name(name)
    if not path.exists():
        raise InputError(f"scikit-image must hold {name}. Received: no {path}")
    return path


def held_back() -> dict[str, np.ndarray]:
    """Returns the photographs of `HELD_BACK` by name, `[H, W, 3]` uint16."""
    return {name: read_srgb16(of_skimage(f"{name}.png")) for name in HELD_BACK}
