"""The sets that a mix of crops is drawn from.

A set that is too large for memory is read from its files as it is used. A
config names such a source `kind:folder`:

    photos:     photographs, unprocessed        mirflickr:  the same, MIRFLICKR
    raws:       RAW files of low noise          sid:        See-in-the-Dark
    sidd:       SIDD's clean frames             pairs:      captured pairs, with
                                                            their own noise

Every other source of a mix (`image_sources`) is held in memory.
"""

import dataclasses
import pathlib
from collections.abc import Callable
from collections.abc import Sequence

import numpy as np
from absl import logging

from fanet_tf.data import damage as damage_lib
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import sid
from fanet_tf.data import sidd
from fanet_tf.errors import InputError
from fanet_tf.training.feed import image_sources
from fanet_tf.training.feed import real_pairs
from fanet_tf.training.feed.photo_crops import PhotoCrops
from fanet_tf.training.feed.photo_crops import places

KINDS = ("photos", "mirflickr", "raws", "sid", "sidd", "pairs")
_ROUNDING = 1e-6  # Of `a` in float32, at the ends of a member's range.


@dataclasses.dataclass(frozen=True)
class Source:
    """One set.

    Attributes:
        name: as a config names it.
        items: its files (or pairs, or names of images).
        crops: `f(item, rng, count, size) -> [count, size, size, 4]`, clean
            packed RGGB.
        chances: of each item; None draws all alike.
        planes: how many of a crop's planes are taken: 4, or
            `real_pairs.PLANES` where it brings its own noise.
    """

    name: str
    items: list
    crops: Callable
    chances: np.ndarray | None = None
    planes: int = 4


def is_streamed(name: str) -> bool:
    """Tells whether a config's source is read from its files as it is used."""
    return name.partition(":")[0] in KINDS


def check_names(names: Sequence[str]) -> None:
    """Refuses all sources of a config that are not there, in one list."""
    absent = [name for name in names if not _is_there(name)]
    if absent:
        raise image_sources.unknown(absent)


def _is_there(name: str) -> bool:
    if is_streamed(name):
        return pathlib.Path(name.partition(":")[2]).is_dir()
    return image_sources.is_known(name)


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
    if kind == "pairs":
        return Source(
            name,
            real_pairs.find(folder),
            real_pairs.Pair.crops,
            planes=real_pairs.PLANES,
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


def check_photographs(source: Source, smallest: int) -> None:
    """Reads the photographs of a small streamed set, to name all bad ones.

    A set of which none may be damaged is read anyway before long.

    Args:
        source: of `streamed`; a set that is not small, or has no photographs,
            is left alone.
        smallest: least height and width.
    """
    is_small = not damage_lib.Damage(len(source.items)).spare()
    if is_small and source.name.partition(":")[0] in ("photos", "mirflickr"):
        image_sources.check(source.items, smallest)


def within(
    sources: list[Source],
    weights: Sequence[float],
    a_range: tuple[float, float],
) -> tuple[list[Source], list[float]]:
    """Leaves out the pairs whose noise is none of a member's.

    A source without any is left out with its weight.

    Args:
        sources: of a mix.
        weights: share of the crops that each gives.
        a_range: of the member, overlap included.

    Raises:
        InputError: nothing is left.
    """
    low, high = a_range[0] * (1 - _ROUNDING), a_range[1] * (1 + _ROUNDING)
    kept, shares = [], []
    for source, weight in zip(sources, weights, strict=True):
        if source.planes > 4:
            items = [pair for pair in source.items if low <= pair.a <= high]
            logging.info(
                "%s: %d of %d pairs have the member's noise.",
                source.name,
                len(items),
                len(source.items),
            )
            source = dataclasses.replace(source, items=items)
        if source.items:
            kept.append(source)
            shares.append(weight)
    if not kept or max(shares) <= 0:
        raise InputError(
            "A source must hold pairs with the noise of every member that is "
            f"trained on it alone. Received: none with a in {low:.3g} to "
            f"{high:.3g}; --config.data.sources=pairs:FOLDER,bundled adds "
            "photographs with drawn noise"
        )
    return kept, shares


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
