"""Clean images that are held in memory: photographs, radiance maps, drawings.

A config names each source by a string:

* `"bundled"`: the colour photographs that come with scikit-image and
  scikit-learn, without those held back for evaluation;
* `"dead_leaves"` or `"dead_leaves:COUNT"`: procedural images;
* a folder: every PNG, JPEG, TIFF or WebP below it (8 or 16 bit sRGB), and every
  `.hdr`, a linear radiance map.

Images are `[H, W, 3]` uint16, coded with the camera pipeline's own curve
(`isp.smoothstep` of `isp.gamma_compression`), which unprocessing assumes of an
sRGB photograph. 16 bits keep the shadows of linear sources.
"""

import pathlib

import cv2
import numpy as np

from fanet_tf.data import damage as damage_lib
from fanet_tf.data import dead_leaves
from fanet_tf.data import images as images_lib
from fanet_tf.errors import InputError
from fanet_tf.raw import isp

_BUNDLED = (
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
_BUNDLED_NAMES = (*_BUNDLED, "china.jpg", "flower.jpg")
_EXPOSURES = 4  # Of each radiance map, two stops either side of middle grey.


def encode_linear(linear):
    """Codes linear RGB 0..1 as the bank holds it: uint16."""
    linear = np.clip(linear, 0.0, 1.0).astype(np.float32)
    coded = isp.smoothstep(np.clip(isp.gamma_compression(linear), 0.0, 1.0))
    return np.round(coded * 65535.0).astype(np.uint16)


def roots_of_areas(images) -> np.ndarray:
    """Returns how much likelier a crop is of one image than of another.

    A large picture gives more crops than a small one, yet does not drown the
    others.
    """
    return np.array([np.sqrt(i.shape[0] * i.shape[1]) for i in images])


def is_known(source: str) -> bool:
    """Tells whether `load` knows a source, or finds its folder."""
    kind = source.partition(":")[0]
    return (
        source == "bundled"
        or kind == "dead_leaves"
        or pathlib.Path(source).is_dir()
    )


def unknown(sources: list[str]) -> InputError:
    """Returns the refusal of all sources that are not there."""
    return InputError(
        "A source must be bundled, dead_leaves[:COUNT], a folder of "
        "photographs that exists, or KIND:FOLDER (docs/data.md). Received: "
        f"{damage_lib.listed([repr(name) for name in sources])}"
    )


def load(source: str, seed: int, smallest: int = 1) -> list[np.ndarray]:
    """Returns the images of one source, each `[H, W, 3]` uint16.

    Args:
        source: see the module.
        seed: of procedural images and of the exposures of radiance maps.
        smallest: least height and width of an image.

    Raises:
        InputError: there is no such source, it holds no image, more of its
            files are damaged than `damage.Damage` skips, or some are too small;
            all such files are named.
    """
    kind, _, count = source.partition(":")
    damage = damage_lib.Damage(0)
    if source == "bundled":
        named = dict(zip(_BUNDLED_NAMES, _bundled(), strict=True))
    elif kind == "dead_leaves":
        images = _procedural(count or "32", seed)
        named = {f"{source}, {i}": image for i, image in enumerate(images)}
    elif not is_known(source):
        raise unknown([source])
    else:
        named, damage = _folder(pathlib.Path(source), seed)
    shapes = {name: image.shape for name, image in named.items()}
    _refuse(damage, shapes, smallest)
    return list(named.values())


def check(files: list[pathlib.Path], smallest: int) -> None:
    """Reads photographs that are going to be streamed.

    Args:
        files: of one source.
        smallest: least height and width.

    Raises:
        InputError: some are too small, or more of them are damaged than
            `damage.Damage` skips; all such files are named.
    """
    damage, shapes = damage_lib.Damage(len(files)), {}
    for path in files:
        with damage.reading(path, wait=True):
            shapes[str(path)] = images_lib.read_srgb(path).shape
    _refuse(damage, shapes, smallest)


def _refuse(
    damage: damage_lib.Damage, shapes: dict[str, tuple[int, ...]], smallest: int
) -> None:
    """Refuses damaged and too small images, all in one message."""
    refusals = filter(None, [damage.refusal(), _too_small(shapes, smallest)])
    if refusal := ". ".join(refusals):
        raise InputError(refusal)


def _too_small(shapes: dict[str, tuple[int, ...]], smallest: int) -> str:
    """Returns why images of these shapes are refused, or nothing."""
    small = [
        f"{name} of {shape[1]} x {shape[0]}"
        for name, shape in shapes.items()
        if min(shape[:2]) < smallest
    ]
    if not small:
        return ""
    return (
        f"Every training image must be at least {smallest} pixels wide and "
        f"high. Received: {damage_lib.listed(small)}"
    )


def _bundled() -> list[np.ndarray]:
    from sklearn import datasets

    return [
        images_lib.read_srgb16(images_lib.of_skimage(name)) for name in _BUNDLED
    ] + [
        datasets.load_sample_image(name).astype(np.uint16) * 257
        for name in ("china.jpg", "flower.jpg")
    ]


def _procedural(count: str, seed: int) -> list[np.ndarray]:
    if not count.isdecimal() or not int(count):
        raise InputError(
            "The source dead_leaves:COUNT must count at least one image. "
            f"Received: {count!r}"
        )
    return [
        encode_linear(dead_leaves.dead_leaves([seed, index]))
        for index in range(int(count))
    ]


def _folder(
    folder: pathlib.Path, seed: int
) -> tuple[dict[str, np.ndarray], damage_lib.Damage]:
    """Returns the images of a folder, and which of its files are damaged."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())

    def of(suffixes):
        return [p for p in files if p.suffix.lower() in suffixes]

    photographs = of(images_lib.PHOTO_SUFFIXES)
    radiance = of(images_lib.RADIANCE_SUFFIXES)
    damage = damage_lib.Damage(len(photographs) + len(radiance))
    images = {}
    for path in photographs:
        with damage.reading(path, wait=True):
            images[str(path)] = images_lib.read_srgb16(path)
    for index, path in enumerate(radiance):
        with damage.reading(path, wait=True):
            linear = images_lib.read_radiance(path)
            for number, image in enumerate(_exposures(linear, [seed, index])):
                images[f"{path}, exposure {number}"] = image
    if not images and not damage.is_refused():
        suffixes = images_lib.PHOTO_SUFFIXES + images_lib.RADIANCE_SUFFIXES
        raise InputError(
            f"{folder}: must hold photographs ({', '.join(suffixes)}). "
            "Received: none"
        )
    return images, damage


def _exposures(radiance, seed) -> list[np.ndarray]:
    """Codes a radiance map at a few exposures about middle grey."""
    grey = float(np.median(radiance.mean(axis=-1)))
    stops = np.random.default_rng(seed).uniform(-2.0, 2.0, _EXPOSURES)
    return [
        encode_linear(radiance * (0.18 * 2.0**stop / max(grey, 1e-6)))
        for stop in stops
    ]


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
