"""Reads a bundle: `manifest.json`, the models and their golden tiles.

Heights, widths, halos and strides are packed pixels; a RAW megapixel is
250,000 of them.
"""

import dataclasses
import json
import math
import pathlib

import numpy as np

from android_bench.errors import BenchError
from android_bench.phone.transfer import sha256_of

PACKED_PIXELS_PER_MP = 250_000


@dataclasses.dataclass(frozen=True)
class Tile:
    """The fixed input of a network.

    Attributes:
        height: packed rows.
        width: packed columns.
        halo: outer pixels that are thrown away.
        stride: tiles start at multiples of it.
    """

    height: int
    width: int
    halo: int
    stride: int

    @property
    def network_mp(self) -> float:
        """RAW megapixels the network computes."""
        return self.height * self.width / PACKED_PIXELS_PER_MP

    @property
    def useful_mp(self) -> float:
        """RAW megapixels that are kept inside a frame."""
        height = self.height - 2 * self.halo
        width = self.width - 2 * self.halo
        return height * width / PACKED_PIXELS_PER_MP

    def tiles_of(self, height: int, width: int) -> int:
        """Number of tiles that cover a packed frame.

        The first and the last tile of a row keep their outer halo.
        """
        return self._along(height, self.height) * self._along(width, self.width)

    def _along(self, length: int, tile: int) -> int:
        if length <= tile:
            return 1
        step = (tile - 2 * self.halo) // self.stride * self.stride
        return math.ceil((length - 2 * self.halo) / step)


@dataclasses.dataclass(frozen=True)
class Model:
    """One member of the array in one recipe."""

    member: int
    recipe: str
    path: pathlib.Path
    sha256: str
    size_bytes: int
    tile: Tile
    noisy: pathlib.Path
    scale: float
    offset: float
    crop: tuple[int, int, int, int]
    expected: pathlib.Path | None

    @property
    def name(self) -> str:
        """`m0.float32`: short, unique in a bundle, safe in a file name."""
        return f"m{self.member}.{self.recipe}"

    def golden_noisy(self) -> np.ndarray:
        """`[1, height, width, 4]` float32: the golden tile, repeated."""
        small = _load(self.noisy)
        if small.ndim != 3:
            raise BenchError(
                "a golden input must be [height, width, planes]. Received: "
                f"{self.noisy.name} of shape {small.shape}"
            )
        height, width = small.shape[:2]
        repeats = (
            math.ceil(self.tile.height / height),
            math.ceil(self.tile.width / width),
            1,
        )
        whole = np.tile(small, repeats)
        whole = whole[: self.tile.height, : self.tile.width]
        return np.ascontiguousarray(whole[np.newaxis], dtype=np.float32)

    def golden_denoised(self) -> np.ndarray | None:
        """What the bundle says the crop comes out as; None without."""
        return None if self.expected is None else _load(self.expected)


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What a manifest promises, checked against the files."""

    path: pathlib.Path
    name: str
    sha256: str
    models: tuple[Model, ...]


def _load(path: pathlib.Path) -> np.ndarray:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BenchError(
            f"a golden file must be a .npy array. Received: {path} ({error})"
        ) from None


def _inside(folder: pathlib.Path, name: str) -> pathlib.Path:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BenchError(
            f"a bundle's files must lie inside it. Received: {name!r}"
        )
    if not path.is_file():
        raise BenchError(
            f"a bundle must hold the files of its manifest. Received: {folder} "
            f"without {name}"
        )
    return path


def _model(folder: pathlib.Path, member: dict, recipe: str) -> Model:
    entry = member["recipes"][recipe]
    golden = member["golden"]
    path = _inside(folder, entry["file"])
    digest = sha256_of(path)
    if digest != entry["sha256"]:
        raise BenchError(
            f"{entry['file']} must have the sha256 of the manifest "
            f"({entry['sha256'][:12]}...). Received: {digest[:12]}..."
        )
    tile = Tile(
        **{
            name: int(member["tile"][name])
            for name in ("height", "width", "halo", "stride")
        }
    )
    if (
        min(tile.height, tile.width) <= 2 * tile.halo
        or tile.stride < 1
        or min(tile.height, tile.width) - 2 * tile.halo < tile.stride
    ):
        raise BenchError(
            "a tile must leave at least its stride inside its halo. "
            f"Received: {tile}"
        )
    expected = golden["denoised"].get(recipe)
    return Model(
        member=int(member["index"]),
        recipe=recipe,
        path=path,
        sha256=digest,
        size_bytes=path.stat().st_size,
        tile=tile,
        noisy=_inside(folder, golden["noisy"]),
        scale=float(golden["scale"]),
        offset=float(golden["offset"]),
        crop=tuple(int(value) for value in golden["crop"]),
        expected=_inside(folder, expected) if expected else None,
    )


def _chosen(what: str, wanted: list[str], present: list[str]) -> list[str]:
    missing = [name for name in wanted if name not in present]
    if missing:
        raise BenchError(
            f"`--{what}` must name {what} of the bundle "
            f"({', '.join(present)}). Received: {', '.join(missing)}"
        )
    return [name for name in present if not wanted or name in wanted]


def read(
    folder: pathlib.Path,
    members: list[str] = (),
    recipes: list[str] = (),
) -> Bundle:
    """Reads a bundle and checks its models' sha256.

    Args:
        folder: the bundle.
        members: indices to keep; all when empty.
        recipes: names to keep; all when empty.

    Raises:
        BenchError: the folder is no bundle, or a file differs.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise BenchError(
            "a bundle must be a folder with a manifest.json. Received: "
            f"{str(folder)!r}"
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version = manifest["schema_version"]
        if version != 1:
            raise BenchError(
                "`schema_version` must be 1: this fanet-bench knows no other. "
                f"Received: {version!r} in {path}"
            )
        entries = sorted(manifest["members"], key=lambda entry: entry["index"])
        names = _chosen(
            "members", list(members), [str(entry["index"]) for entry in entries]
        )
        listed = dict.fromkeys(
            recipe for entry in entries for recipe in entry["recipes"]
        )
        kept = _chosen("recipes", list(recipes), list(listed))
        models = tuple(
            _model(folder, entry, recipe)
            for entry in entries
            if str(entry["index"]) in names
            for recipe in kept
            if recipe in entry["recipes"]
        )
        name = str(manifest.get("name", folder.name))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BenchError(
            f"{path} must follow the bundle's schema, version 1. Received: "
            f"{type(error).__name__} {error}"
        ) from None
    if not models:
        raise BenchError(f"a bundle must hold a member. Received: {folder}")
    return Bundle(folder, name, sha256_of(path), models)
