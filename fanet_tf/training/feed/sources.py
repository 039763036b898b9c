"""The sets that a mix of crops is drawn from.

A set that is too large for memory is read from its files as it is used. A
config names such a source `kind:folder`:

    photos:     photographs, unprocessed        mirflickr:  the same, MIRFLICKR
    raws:       RAW files of low noise          sid:        See-in-the-Dark
    sidd:       SIDD's clean frames

Every other source of a mix (`image_sources`) is held in memory.
"""

import dataclasses
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np

from fanet_tf.data import folder as folder_lib
from fanet_tf.data import sid
from fanet_tf.data import sidd
from fanet_tf.errors import InputError
from fanet_tf.training.feed import image_sources
from fanet_tf.training.feed.photo_crops import PhotoCrops
from fanet_tf.training.feed.photo_crops import places

KINDS = ("photos", "mirflickr", "raws", "sid", "sidd")


@dataclasses.dataclass(frozen=True)
class Source:
    """One set.

    Attributes:
        name: as a config names it.
        items: its files (or pairs, or names of images).
        crops: `f(item, rng, count, size) -> [count, size, size, 4]`, clean
            packed RGGB.
        chances: of each item; None draws all alike.
    """

    name: str
    items: list
    crops: Callable
    chances: np.ndarray | None = None


def is_streamed(name: str) -> bool:
    """Tells whether a config's source is read from its files as it is used."""
    return name.partition(":")[0] in KINDS


def streamed(name: str, photographs: PhotoCrops) -> Source:
    """Finds the files of `kind:folder`; reads none of them.

    Args:
        name: of the source.
        photographs: how a photograph becomes RAW.

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
    return Source(name, find(folder), photographs.of_file)


def loaded(
    name: str, photographs: PhotoCrops, seed: int, smallest: int
) -> Source:
    """Loads the images of a source of `image_sources` into memory.

    Args:
        name: of the source.
        photographs: how an image becomes RAW.
        seed: of procedural images.
        smallest: images with a side below this are refused.
    """
    images = image_sources.load(name, seed, smallest)
    chances = image_sources.roots_of_areas(images)

    def crops(item, rng, count, size):
        return photographs.of_image(images[item], rng, count, size, name)

    return Source(
        name, list(range(len(images))), crops, chances / chances.sum()
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


def _raw_crops(path, rng, count: int, size: int):
    """Crops of a RAW file of low noise."""
    clean = folder_lib.read_raw_scene(path).clean
    corners = places(rng, count, clean.shape, size, path)
    return np.stack([clean[y : y + size, x : x + size] for y, x in corners])


def _sidd_crops(pair: sidd.Pair, rng, count: int, size: int):
    """Crops of a clean frame of SIDD, read window by window."""
    # A pixel more each way, for a phase that is not RGGB.
    window = 2 * size + 2
    corners = places(rng, count, sidd.size(pair), window, pair.name)
    return np.stack(
        [
            sidd.read_clean(pair, (int(y), int(x), window, window)).clean[
                :size, :size
            ]
            for y, x in corners
        ]
    )
