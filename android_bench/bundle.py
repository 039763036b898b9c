"""The models that are measured: each member of a bundle in each recipe.

`fanet_tf.denoising.bundle` reads and checks the bundle. This module adds the
golden tile of each member, on which the output of a phone is checked.

Heights, widths, halos and strides count packed pixels; a RAW megapixel has
250,000 of them.
"""

import dataclasses
import math
import pathlib

import numpy as np

from android_bench.errors import BenchError
from fanet_tf.denoising import bundle as bundles
from fanet_tf.denoising import tiles
from fanet_tf.denoising.bundle import Tile
from fanet_tf.errors import InputError
from fanet_tf.files import npy

PACKED_PIXELS_PER_MP = 250_000
_MAX_GOLDEN_VALUES = 1 << 26


@dataclasses.dataclass(frozen=True)
class Golden:
    """A member's test input, and the output that its recipe must give.

    Attributes:
        noisy: `.npy` file of an input, `[height, width, 4]`.
        scale: `1 / a` of its noise.
        offset: `b / a^2` of its noise.
        crop: `y, x, height, width` of the expected output within the tile.
        denoised: `.npy` file of the expected output; None without one.
    """

    noisy: pathlib.Path
    scale: float
    offset: float
    crop: tuple[int, int, int, int]
    denoised: pathlib.Path | None


@dataclasses.dataclass(frozen=True)
class Model:
    """One member of the array in one recipe.

    Attributes:
        member: its index in the array.
        recipe: its number formats.
        path: the flatbuffer.
        sha256: of the flatbuffer, in hexadecimal.
        size_bytes: of the flatbuffer.
        tile: the fixed size of its input.
        golden: its test input and output.
    """

    member: int
    recipe: str
    path: pathlib.Path
    sha256: str
    size_bytes: int
    tile: Tile
    golden: Golden

    @property
    def name(self) -> str:
        """`m0.float32`: short, unique in a bundle, safe in a file name."""
        return f"m{self.member}.{self.recipe}"

    def golden_noisy(self) -> np.ndarray:
        """`[1, height, width, 4]` float32: the golden input, repeated."""
        small = _load(self.golden.noisy)
        if small.ndim != 3:
            raise BenchError(
                "A golden input must be [height, width, planes]. Received: "
                f"{self.golden.noisy.name} of shape {small.shape}"
            )
        size = (self.tile.height, self.tile.width)
        repeats = [-(-n // s) for n, s in zip(size, small.shape, strict=False)]
        whole = np.tile(small, (*repeats, 1))[: size[0], : size[1]]
        return np.ascontiguousarray(whole[np.newaxis], dtype=np.float32)

    def golden_denoised(self) -> np.ndarray | None:
        """The expected output at the crop; None where the bundle has none."""
        path = self.golden.denoised
        return None if path is None else _load(path)


@dataclasses.dataclass(frozen=True)
class Bundle:
    """The chosen models of a checked bundle.

    Attributes:
        path: its folder.
        name: of the array.
        sha256: of the manifest.
        models: member by member, recipe by recipe.
    """

    path: pathlib.Path
    name: str
    sha256: str
    models: tuple[Model, ...]


def network_mp(tile: Tile) -> float:
    """Returns the RAW megapixels that the network computes in a tile."""
    return tile.height * tile.width / PACKED_PIXELS_PER_MP


def useful_mp(tile: Tile) -> float:
    """Returns the RAW megapixels of a tile that are kept inside a frame."""
    height, width = tile.height - 2 * tile.halo, tile.width - 2 * tile.halo
    return height * width / PACKED_PIXELS_PER_MP


def tiles_of(tile: Tile, height: int, width: int) -> int:
    """Returns how many tiles `fanet-denoise` lays over a packed frame."""
    halo, stride = tile.halo, tile.stride
    return math.prod(
        len(
            tiles.spans(
                tiles.padded_size(length, side, halo, stride),
                side,
                halo,
                stride,
            )
        )
        for length, side in ((height, tile.height), (width, tile.width))
    )


def read(
    folder: pathlib.Path, members: list[str] = (), recipes: list[str] = ()
) -> Bundle:
    """Reads a bundle and chooses its models.

    Args:
        folder: the bundle.
        members: indices to keep; all when empty.
        recipes: names to keep; all when empty.

    Raises:
        InputError: the folder is no bundle, a file differs from its manifest,
            or a chosen member or recipe does not exist.
    """
    array = bundles.load(folder)
    indices = [str(member.index) for member in array.members]
    listed = dict.fromkeys(r for m in array.members for r in m.paths)
    kept_members = _chosen("members", members, indices)
    kept_recipes = _chosen("recipes", recipes, list(listed))
    models = tuple(
        _model(array.folder, member, recipe)
        for member in array.members
        if str(member.index) in kept_members
        for recipe in kept_recipes
        if recipe in member.paths
    )
    digest = bundles.sha256(array.folder / bundles.MANIFEST)
    return Bundle(array.folder, array.name, digest, models)


def _chosen(what: str, wanted: list[str], present: list[str]) -> list[str]:
    missing = [name for name in wanted if name not in present]
    if missing:
        raise BenchError(
            f"`--{what}` must name {what} of the bundle "
            f"({', '.join(present)}). Received: {', '.join(missing)}"
        )
    return [name for name in present if not wanted or name in wanted]


def _model(folder: pathlib.Path, member: bundles.Member, recipe: str) -> Model:
    tile = member.tile
    if min(tile.height, tile.width) - 2 * tile.halo < tile.stride:
        raise BenchError(
            "A tile must leave at least its stride inside its halo. "
            f"Received: {tile}"
        )
    path = member.path(recipe)
    return Model(
        member=member.index,
        recipe=recipe,
        path=path,
        sha256=member.record["recipes"][recipe]["sha256"],
        size_bytes=path.stat().st_size,
        tile=tile,
        golden=_golden(folder, member, recipe),
    )


def _golden(
    folder: pathlib.Path, member: bundles.Member, recipe: str
) -> Golden:
    record = member.record["golden"]
    expected = record["denoised"].get(recipe)
    y, x, height, width = record["crop"]
    return Golden(
        noisy=_present(folder, record["noisy"]),
        scale=record["scale"],
        offset=record["offset"],
        crop=(y, x, height, width),
        denoised=_present(folder, expected) if expected else None,
    )


def _present(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / name
    if not path.is_file():
        raise BenchError(
            "A bundle must contain the files of its manifest. Received: "
            f"{folder} without {name}"
        )
    return path


def _load(path: pathlib.Path) -> np.ndarray:
    try:
        return npy.read(path, _MAX_GOLDEN_VALUES)
    except (OSError, InputError) as error:
        raise BenchError(
            f"A golden file must be a .npy array. Received: {path} ({error})"
        ) from None
