"""Clean images to train on: photographs, radiance maps, procedural ones.

A source is named by a string:

* `"bundled"`: the colour photographs that come with scikit-image and
  scikit-learn, less the three kept for evaluation;
* `"dead_leaves"` or `"dead_leaves:COUNT"`: procedural images;
* a folder: every PNG, JPEG, TIFF or WebP below it, 8 or 16 bit sRGB, and
  every `.hdr` or `.exr` linear radiance map.

Images are `[H, W, 3]` uint16, coded with the camera pipeline's own curve
(`isp.smoothstep` of `isp.gamma_compression`), which is what unprocessing takes
an sRGB photograph for. 16 bits keep the shadows of linear sources.
"""

import pathlib

import cv2
import numpy as np

from fanet_tf.data import dead_leaves
from fanet_tf.errors import InputError
from fanet_tf.files import pictures
from fanet_tf.raw import isp

# Kept for evaluation: no source ever gives these.
HELD_BACK = ("astronaut", "chelsea", "coffee")

_BUNDLED = (
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
PHOTOGRAPHS = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"}
_LINEAR = {".hdr", ".exr"}
_EXPOSURES = 4  # Of each radiance map, two stops either side of middle grey.


def encode_linear(linear):
    """Codes linear RGB 0..1 as the bank holds it: uint16."""
    linear = np.clip(linear, 0.0, 1.0).astype(np.float32)
    coded = isp.smoothstep(np.clip(isp.gamma_compression(linear), 0.0, 1.0))
    return np.round(coded * 65535.0).astype(np.uint16)


def read_image(path) -> np.ndarray:
    """Reads a photograph: `[H, W, 3]` uint16 sRGB."""
    pixels = pictures.read(path, cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint16) * 257
    if pixels.dtype != np.uint16:
        raise InputError(
            f"{path}: must hold 8 or 16 bits a channel. "
            f"Received: {pixels.dtype}"
        )
    return pixels


def held_back() -> dict[str, np.ndarray]:
    """Returns the three photographs kept for evaluation, by name."""
    return {
        name: read_image(_package_file(f"{name}.png")) for name in HELD_BACK
    }


def load(source: str, seed: int) -> list[np.ndarray]:
    """Returns the images of one source, each `[H, W, 3]` uint16."""
    if source == "bundled":
        from sklearn import datasets

        images = [read_image(_package_file(name)) for name in _BUNDLED]
        images += [
            datasets.load_sample_image(name).astype(np.uint16) * 257
            for name in ("china.jpg", "flower.jpg")
        ]
        return images
    if source.startswith("dead_leaves"):
        count = int(source.partition(":")[2] or 32)
        return [
            encode_linear(dead_leaves.dead_leaves([seed, index]))
            for index in range(count)
        ]
    return _load_folder(pathlib.Path(source), seed)


def smooth_variant(image, seed):
    """Returns `image` enlarged 1.5 to 4 times, or defocused; same size.

    Photographs that were scaled down are sharper than any camera's RAW: lens,
    focus and pixel size leave little at the finest scale. A network that only
    sees busy pictures leaves noise in flat areas.
    """
    rng = np.random.default_rng(seed)
    height, width = image.shape[:2]
    if rng.random() < 0.25:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.7, 4.0))
    factor = rng.uniform(1.5, 4.0)
    window_h, window_w = int(height / factor), int(width / factor)
    top = rng.integers(height - window_h + 1)
    left = rng.integers(width - window_w + 1)
    window = image[top : top + window_h, left : left + window_w]
    return cv2.resize(window, (width, height), interpolation=cv2.INTER_CUBIC)


def _package_file(name):
    import skimage.data

    path = pathlib.Path(skimage.data.__file__).with_name(name)
    if not path.exists():
        raise InputError(f"scikit-image must hold {name}. Received: no {path}")
    return path


def _load_folder(folder, seed):
    if not folder.is_dir():
        raise InputError(
            "A source must be 'bundled', 'dead_leaves[:COUNT]' or a folder of "
            f"photographs. Received: {str(folder)!r}"
        )
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    images = [read_image(p) for p in files if p.suffix.lower() in PHOTOGRAPHS]
    for index, path in enumerate(
        p for p in files if p.suffix.lower() in _LINEAR
    ):
        images += _read_radiance(path, [seed, index])
    if not images:
        raise InputError(
            f"{folder}: must hold photographs "
            f"({', '.join(sorted(PHOTOGRAPHS | _LINEAR))}). Received: none"
        )
    return images


def _read_radiance(path, seed):
    """Reads a linear radiance map at a few exposures."""
    radiance = pictures.read(path, cv2.IMREAD_UNCHANGED)
    if radiance.ndim != 3 or not np.isfinite(radiance).all():
        raise InputError(f"{path}: must be a readable colour radiance map.")
    radiance = np.maximum(radiance[..., 2::-1].astype(np.float32), 0.0)
    grey = float(np.median(radiance.mean(axis=-1)))
    stops = np.random.default_rng(seed).uniform(-2.0, 2.0, _EXPOSURES)
    return [
        encode_linear(radiance * (0.18 * 2.0**stop / max(grey, 1e-6)))
        for stop in stops
    ]
