"""Reads and checks a bundle: the folder of flatbuffers that an app ships.

`docs/bundle.md` says what stands in it. Whoever runs members (denoising,
evaluation, the parity check of the export) opens the bundle here.

Example:
    array = bundle.load("runs/quickstart/bundle")
    member = array.member_for(a=3e-3)
    member.path("float32")
"""

import dataclasses
import hashlib
import json
import math
import os
import pathlib

from fanet_tf import nsma
from fanet_tf.errors import InputError

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"
BELOW_BLACK = ("clipped", "signed")

_SHIPPED = pathlib.Path(__file__).parents[1] / "zoo" / "imx258"
_MAX_MANIFEST_BYTES = 16 << 20
_MAX_TILE = 8192
_ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True)
class Tile:
    """How a member walks over a frame, in packed pixels.

    Attributes:
        height: of its input.
        width: of its input.
        halo: outer pixels thrown away, except at the frame's edge.
        stride: tiles start at its multiples.
    """

    height: int
    width: int
    halo: int
    stride: int


@dataclasses.dataclass(frozen=True)
class Member:
    """One network of the array.

    Attributes:
        index: its place in the array.
        a_range: the shot-noise slopes it serves, `low <= a < high`.
        gain_range: the gains these belong to.
        tile: see `Tile`.
        below_black: `"clipped"`: it has seen no value below black and must
            get none; `"signed"`: it takes them as they are.
        paths: recipe -> flatbuffer.
        record: its entry in the manifest, whole.
    """

    index: int
    a_range: tuple[float, float]
    gain_range: tuple[float, float]
    tile: Tile
    below_black: str
    paths: dict[str, pathlib.Path]
    record: dict

    def path(self, recipe: str) -> pathlib.Path:
        """Returns the flatbuffer of a recipe."""
        if recipe not in self.paths:
            raise InputError(
                f"`recipe` must be one of {', '.join(self.paths)} in this "
                f"bundle. Received: {recipe!r}"
            )
        return self.paths[recipe]


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        folder: where it lies.
        name: of the array.
        members: in order.
        edges: of the subranges of `a`, one more than members.
        noise: the manifest's noise law, a dict.
        manifest: all of it.
    """

    folder: pathlib.Path
    name: str
    members: tuple[Member, ...]
    edges: tuple[float, ...]
    noise: dict
    manifest: dict

    def member_for(self, a: float) -> Member:
        """Returns the member with `edges[i] <= a < edges[i + 1]`, clamped."""
        return self.members[nsma.member_of(a, self.edges)]

    def covers(self, a: float) -> bool:
        """Whether `a` lies in the range that the members were trained for."""
        low, high = self.edges[0], self.edges[-1]
        # The edges are rounded to float32.
        return low * (1 - _ROUNDING) <= a <= high * (1 + _ROUNDING)

    @property
    def recipes(self) -> list[str]:
        """The recipes that every member has."""
        return [
            recipe
            for recipe in self.members[0].paths
            if all(recipe in member.paths for member in self.members)
        ]


def default_folder() -> pathlib.Path:
    """Returns the array that ships with the package."""
    if not (_SHIPPED / MANIFEST).is_file():
        raise InputError(
            "No array ships with this installation: give one with "
            "--bundle=FOLDER (fanet-export and fanet-quickstart make them)."
        )
    return _SHIPPED


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load(folder: str | os.PathLike | None = None) -> Bundle:
    """Reads a bundle and checks its manifest and every file it names.

    Args:
        folder: of the bundle; None means the array of the package.

    Raises:
        InputError: with what must hold and what came.
    """
    folder = pathlib.Path(folder) if folder else default_folder()
    if not folder.is_dir():
        raise InputError(f"A bundle must be a folder. Received: {folder}")
    path = folder / MANIFEST
    manifest = _manifest(path)
    try:
        return _bundle(folder, manifest)
    except (
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"{path}: must be a manifest of schema version {SCHEMA_VERSION} "
            f"(docs/bundle.md). Received: {type(error).__name__}: {error}"
        ) from error


def _manifest(path):
    if not path.is_file():
        raise InputError(f"A bundle must hold {MANIFEST}. Missing: {path}")
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise InputError(f"{path}: is too large for a manifest.")
    try:
        manifest = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: must be JSON: {error}") from error
    if not isinstance(manifest, dict):
        raise InputError(f"{path}: must be a JSON object.")
    version = manifest.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise InputError(
            f"{path}: `schema_version` must be 1 to {SCHEMA_VERSION}; a newer "
            f"bundle needs a newer fanet_tf. Received: {version!r}"
        )
    return manifest


def _bundle(folder, manifest):
    order = manifest["packing"]["order"]
    if order != ["R", "Gr", "Gb", "B"]:
        raise InputError(
            f"{folder}: `packing.order` must be R, Gr, Gb, B. Received: {order}"
        )
    members = tuple(
        _member(folder, index, record)
        for index, record in enumerate(manifest["members"])
    )
    edges = tuple(float(edge) for edge in manifest["selector"]["edges"])
    rising = all(
        0 < low < high < math.inf
        for low, high in zip(edges, edges[1:], strict=False)
    )
    if not members or len(edges) != len(members) + 1 or not rising:
        raise InputError(
            f"{folder}: `selector.edges` must rise and be one more than the "
            f"members. Received: {len(members)} members, edges={edges}"
        )
    _check_file(folder, manifest["selector"])
    noise = dict(manifest["noise"])
    for name, count in (
        ("gain_range", 2),
        ("a_coefficients", 2),
        ("b_coefficients", 3),
    ):
        noise[name] = _numbers(folder, name, noise[name], count)
    # Printed and stored in outputs: no lone surrogates that JSON may hold.
    name = str(manifest["name"]).encode("utf-8", "replace").decode()
    return Bundle(folder, name, members, edges, noise, manifest)


def _numbers(folder, name, values, count):
    numbers = tuple(float(value) for value in values)
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise InputError(
            f"{folder}: `{name}` must be {count} finite numbers. "
            f"Received: {values!r}"
        )
    return numbers


def _member(folder, index, record):
    if record["index"] != index:
        raise InputError(
            f"{folder}: members must stand in order. "
            f"Received: index {record['index']!r} at place {index}"
        )
    tile = Tile(*(record["tile"][f.name] for f in dataclasses.fields(Tile)))
    sizes = dataclasses.astuple(tile)
    if (
        not all(type(size) is int for size in sizes)
        or not 1 <= tile.stride <= min(tile.height, tile.width)
        or max(tile.height, tile.width) > _MAX_TILE
        or tile.height % tile.stride
        or tile.width % tile.stride
        or not 0 <= 2 * tile.halo < min(tile.height, tile.width)
    ):
        raise InputError(
            f"{folder}: a tile must be a multiple of its stride and larger "
            f"than two halos. Received: {record['tile']}"
        )
    below_black = record.get("below_black", "clipped")
    if below_black not in BELOW_BLACK:
        raise InputError(
            f"{folder}: `below_black` must be one of {', '.join(BELOW_BLACK)}. "
            f"Received: {below_black!r}"
        )
    if not record["recipes"]:
        raise InputError(f"{folder}: member {index} must have a recipe.")
    shape = [1, tile.height, tile.width, 4]
    paths = {}
    for recipe, entry in record["recipes"].items():
        inputs = {i["name"]: i["shape"] for i in entry["inputs"]}
        outputs = {o["name"]: o["shape"] for o in entry["outputs"]}
        expected = {"noisy": shape, "scale": [1] * 4, "offset": [1] * 4}
        if inputs != expected or outputs != {"denoised": shape}:
            raise InputError(
                f"{folder}: member {index}, {recipe}: inputs must be "
                f"{expected} and the output `denoised` as `noisy`. "
                f"Received: {inputs}, {outputs}"
            )
        paths[recipe] = _check_file(folder, entry)
    return Member(
        index,
        _numbers(folder, "a_range", record["a_range"], 2),
        _numbers(folder, "gain_range", record["gain_range"], 2),
        tile,
        below_black,
        paths,
        record,
    )


def _check_file(folder, entry):
    """Returns the path of a named file whose SHA-256 is the manifest's."""
    name = entry["file"]
    path = folder / name
    if pathlib.Path(name).name != name:
        raise InputError(f"{folder}: a file must lie in it. Received: {name!r}")
    if not path.is_file():
        raise InputError(f"{folder}: a file of the bundle is missing: {name}")
    found = sha256(path)
    if found != entry["sha256"]:
        raise InputError(
            f"{path}: its SHA-256 must be {entry['sha256']} (the manifest). "
            f"Received: {found}; the file was changed or is damaged"
        )
    return path
