"""Sets that are too large for memory: their files, and crops of one file.

A config names such a source `kind:folder`:

    photos:     photographs, unprocessed        mirflickr:  the same, MIRFLICKR
    raws:       RAW files of low noise          sid:        See-in-the-Dark
    sidd:       SIDD's clean frames
"""

import dataclasses
import functools
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from fanet_tf.data import folder as folder_lib
from fanet_tf.data import images
from fanet_tf.data import sid
from fanet_tf.data import sidd
from fanet_tf.data.camera import Camera
from fanet_tf.errors import InputError
from fanet_tf.raw import unprocess

KINDS = ("photos", "mirflickr", "raws", "sid", "sidd")


@dataclasses.dataclass(frozen=True)
class Source:
    """One set.

    Attributes:
        name: `kind:folder`.
        items: its files (or pairs).
        crops: `f(item, rng, count, size) -> [count, size, size, 4]`, clean
            packed RGGB.
    """

    name: str
    items: list
    crops: Callable


def is_streamed(name: str) -> bool:
    """Tells whether a config's source is read from its files as it is used."""
    return name.partition(":")[0] in KINDS


def source(name: str, camera: Camera) -> Source:
    """Finds the files of `kind:folder`; reads none of them.

    Args:
        name: of the source.
        camera: whose colour photographs take on.

    Raises:
        InputError: there is no such kind, or the folder is not such a set.
    """
    kind, _, folder = name.partition(":")
    if kind not in KINDS or not folder:
        raise InputError(
            f"A streamed source must be KIND:FOLDER, KIND of {', '.join(KINDS)}"
            f". Received: {name!r}"
        )
    if kind == "sidd":
        return Source(name, sidd.find(folder), _sidd_crops)
    if kind in ("raws", "sid"):
        find = folder_lib.raws if kind == "raws" else sid.long_exposures
        return Source(name, find(folder), _raw_crops)
    find = folder_lib.photos if kind == "photos" else folder_lib.mirflickr
    return Source(
        name, find(folder), functools.partial(_photo_crops, camera=camera)
    )


def check_weights(names: Sequence[str], weights: Sequence[float]) -> None:
    """Refuses weights that do not fit a config's sources.

    Args:
        names: `config.data.sources`.
        weights: `config.data.weights`, the share of the crops of each.
    """
    if (
        not names
        or len(weights) != len(names)
        or min(weights) < 0
        or max(weights) <= 0
    ):
        raise InputError(
            "There must be a weight for each source (`data.weights` for "
            "`data.sources`), none negative and one above 0. Received: "
            f"{len(names)} sources, weights={list(weights)}"
        )


def _places(rng, count: int, shape, size: int, name):
    """Draws upper left corners of windows of `size` in `shape`."""
    room = np.array(shape[:2]) - size
    if room.min() < 0:
        raise InputError(
            f"{name}: must be at least {size} x {size} pixels. "
            f"Received: {tuple(shape[:2])}"
        )
    return rng.integers(0, room + 1, (count, 2))


def _photo_crops(path, rng, count: int, size: int, camera: Camera):
    """Crops of a photograph, each unprocessed with a camera of its own."""
    srgb = images.read_srgb(path)
    places = _places(rng, count, srgb.shape, 2 * size, path)
    windows = np.stack(
        [srgb[y : y + 2 * size, x : x + 2 * size] for y, x in places]
    )
    srgb = np.float32(windows / np.iinfo(srgb.dtype).max)
    cam_from_rgb, red, blue = camera.colours(
        rng.random((camera.num_draws, count), dtype=np.float32)
    )
    mean, deviation = camera.rgb_gain
    normal = np.clip(rng.standard_normal(count), -3.0, 3.0)
    return unprocess.unprocess(
        srgb,
        cam_from_rgb,
        np.float32(1.0 / (mean + deviation * normal)),
        red,
        blue,
    )


def _raw_crops(path, rng, count: int, size: int):
    """Crops of a RAW file of low noise."""
    clean = folder_lib.read_raw_scene(path).clean
    places = _places(rng, count, clean.shape, size, path)
    return np.stack([clean[y : y + size, x : x + size] for y, x in places])


def _sidd_crops(pair: sidd.Pair, rng, count: int, size: int):
    """Crops of a clean frame of SIDD, read window by window."""
    # A pixel more each way, for a phase that is not RGGB.
    window = 2 * size + 2
    places = _places(rng, count, sidd.size(pair), window, pair.name)
    return np.stack(
        [
            sidd.read_clean(pair, (int(y), int(x), window, window)).clean[
                :size, :size
            ]
            for y, x in places
        ]
    )
