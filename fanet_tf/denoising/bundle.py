"""Reads and checks a bundle: the folder of flatbuffers that an app ships.

`docs/bundle.md` says what stands in it. Whoever runs members (denoising,
evaluation, the parity check of the export) opens the bundle here.

Example:
    array = bundle.load("runs/quickstart/bundle")
    member = array.member_for(a=3e-3, signal=0.1)
    member.path("float32")
"""

import dataclasses
import hashlib
import itertools
import math
import os
import pathlib
from typing import Any

from fanet_tf import nsma
from fanet_tf.denoising import manifest_schema
from fanet_tf.denoising import tiles
from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import names
from fanet_tf.files import strict_json

SCHEMA_VERSION = 1
MANIFEST, CHECKSUMS = "manifest.json", "SHA256SUMS"

_ZOO = pathlib.Path(__file__).parents[1] / "zoo"
_DEFAULT = "imx258"
_ROUNDING = 1e-6
_MAX_MANIFEST_BYTES = 1 << 20


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

    @property
    def half_precision(self) -> tuple[float, float] | None:
        """The `a` for which half-precision arithmetic was found right.

        None if it was found wrong, or was not measured: float16 is not in the
        bundle, or the bundle is older than the measurement.
        """
        found = self.record.get("half_precision", {}).get("a_range")
        return tuple(found) if found else None

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
        reference_signal: at which they stand (`nsma.at_reference`); 0: members
            are chosen by `a` alone.
        noise: the manifest's noise law, a dict.
        manifest: all of it.
    """

    folder: pathlib.Path
    name: str
    members: tuple[Member, ...]
    edges: tuple[float, ...]
    reference_signal: float
    noise: dict
    manifest: dict

    def member_for(self, a: float, signal: float | None = None) -> Member:
        """Returns the member with `edges[i] <= a < edges[i + 1]`, clamped.

        Args:
            a: of the frame's noise.
            signal: of the frame, see `denoising.signal`; None: the reference.
        """
        if signal is not None:
            a = nsma.at_reference(a, signal, self.reference_signal)
        return self.members[nsma.member_of(a, self.edges)]

    def alone(self, index: int) -> "Bundle":
        """Returns an array in which one member serves every frame."""
        return dataclasses.replace(
            self,
            members=(self.members[index],),
            edges=(self.edges[0], self.edges[-1]),
            reference_signal=0.0,
        )

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


def shipped() -> list[str]:
    """Returns the names of the arrays that ship with the package."""
    return sorted(path.parent.name for path in _ZOO.glob(f"*/{MANIFEST}"))


def locate(bundle: str | os.PathLike | None = None) -> pathlib.Path:
    """Returns the folder of a bundle, which need not be one.

    Args:
        bundle: its folder, or the name of a shipped array, unless a folder of
            that name is there; None means the array for a phone.

    Raises:
        InputError: no array ships with this installation.
    """
    name = str(bundle or _DEFAULT)
    known = name in shipped()
    if not bundle and not known:
        raise InputError(
            "No array ships with this installation: give one with "
            "--bundle=FOLDER (fanet-export and fanet-quickstart make them)."
        )
    here = pathlib.Path(name)
    return _ZOO / name if known and (not bundle or not here.is_dir()) else here


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with inputs.open_regular(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load(bundle: str | os.PathLike | None = None) -> Bundle:
    """Reads a bundle and checks its manifest and every file it names.

    Args:
        bundle: its folder or name, see `locate`.

    Raises:
        InputError: with what must hold and what came.
    """
    folder = locate(bundle)
    if not folder.is_dir():
        raise InputError(
            "A bundle must be a folder, or the name of a shipped array "
            f"({', '.join(shipped())}). Received: {folder}"
        )
    manifest = read_manifest(folder)
    members = tuple(
        _member(folder, index, record)
        for index, record in enumerate(manifest["members"])
    )
    edges = _rising(folder, "selector.edges", manifest["selector"]["edges"])
    if len(edges) != len(members) + 1:
        raise InputError(
            f"{folder}: `selector.edges` must be one more than the members. "
            f"Received: {len(members)} members, edges={edges}"
        )
    _check_tiling(folder, members, manifest.get("tiling"))
    _check_file(folder, manifest["selector"])
    noise = dict(manifest["noise"])
    noise["gain_range"] = _rising(
        folder, "noise.gain_range", noise["gain_range"]
    )
    # Printed, and stored in outputs.
    for field in ("sensor", "status"):
        noise[field] = names.printable(noise[field])
    name = names.printable(manifest["name"])
    reference = manifest["selector"].get("signal", {}).get("reference", 0.0)
    return Bundle(folder, name, members, edges, reference, noise, manifest)


def read_manifest(folder: pathlib.Path) -> dict[str, Any]:
    """Reads a bundle's manifest, which must follow `manifest.schema.json`.

    Raises:
        InputError: with the first place that does not.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(f"A bundle must hold {MANIFEST}. Missing: {path}")
    if path.stat().st_size > _MAX_MANIFEST_BYTES:
        raise InputError(f"{path}: is too large for a manifest.")
    manifest = strict_json.read_object(path)
    version = manifest.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise InputError(
            f"{path}: `schema_version` must be 1 to {SCHEMA_VERSION}; a newer "
            f"bundle needs a newer fanet_tf. Received: {version!r}"
        )
    manifest_schema.check(path, manifest)
    return manifest


def _rising(folder, name, numbers) -> tuple[float, ...]:
    if any(low >= high for low, high in itertools.pairwise(numbers)):
        raise InputError(f"{folder}: `{name}` must rise. Received: {numbers}")
    return tuple(float(number) for number in numbers)


def _member(folder, index, record):
    if record["index"] != index:
        raise InputError(
            f"{folder}: members must be in order. "
            f"Received: index {record['index']!r} at place {index}"
        )
    tile = Tile(
        *(int(record["tile"][field.name]) for field in dataclasses.fields(Tile))
    )
    if (
        tile.height % tile.stride
        or tile.width % tile.stride
        or 2 * tile.halo >= min(tile.height, tile.width)
    ):
        raise InputError(
            f"{folder}: a tile must be a multiple of its stride and larger "
            f"than two halos. Received: {record['tile']}"
        )
    _check_halo(folder, tile.halo, record.get("halo"))
    shape = [1, tile.height, tile.width, 4]
    paths = {}
    for recipe, entry in record["recipes"].items():
        given = {i["name"]: i["shape"] for i in entry["inputs"]}
        outputs = {o["name"]: o["shape"] for o in entry["outputs"]}
        expected = {"noisy": shape, "scale": [1] * 4, "offset": [1] * 4}
        if given != expected or outputs != {"denoised": shape}:
            raise InputError(
                f"{folder}: member {index}, {recipe}: inputs must be "
                f"{expected} and the output `denoised` as `noisy`. "
                f"Received: {given}, {outputs}"
            )
        paths[recipe] = _check_file(folder, entry)
    return Member(
        index,
        _rising(folder, "a_range", record["a_range"]),
        _rising(folder, "gain_range", record["gain_range"]),
        tile,
        record.get("below_black", "clipped"),
        paths,
        record,
    )


def _check_tiling(folder, members, record):
    """Refuses what would give an app other tiles than ours.

    Bundles of before have no record, and these tiles.
    """
    if record is None:
        return
    for tile in (member.tile for member in members):
        margin = tiles.margin(tile.halo, tile.stride)
        if record["mirrored"] != margin:
            raise InputError(
                f"{folder}: `tiling.mirrored` must be {margin} packed pixels "
                f"with a halo of {tile.halo}. Received: {record['mirrored']}"
            )


def _check_halo(folder, halo, record):
    """Refuses a halo that errs by more than the manifest says it may.

    Bundles of before it was measured have no record, and the exact halo.
    """
    if record is None or halo >= record["exact"]:
        return
    errors = {row["halo"]: row["largest"] for row in record["table"]}
    tolerance = record["tolerance"]
    if tolerance is None or errors.get(halo, math.inf) > tolerance:
        raise InputError(
            f"{folder}: a halo must be {record['exact']}, or one that errs by "
            f"at most {tolerance} deviations. Received: {halo}, of {errors}"
        )


def _check_file(folder, entry):
    """Returns the path of a named file whose SHA-256 is the manifest's."""
    # The schema's `$` takes a line break at the end.
    path = folder / names.plain(entry["file"], f"{folder}: the name of a file")
    if not path.is_file():
        raise InputError(
            f"{folder}: a file of the bundle is missing: {entry['file']}"
        )
    found = sha256(path)
    if found != entry["sha256"]:
        raise InputError(
            f"{path}: its SHA-256 must be {entry['sha256']} (the manifest). "
            f"Received: {found}; the file was changed or is damaged"
        )
    if not is_flatbuffer(path):
        raise InputError(f"{path}: must be a flatbuffer of TFLite (TFL3).")
    return path


def is_flatbuffer(path: str | os.PathLike) -> bool:
    """Whether a file has the identifier of TFLite's flatbuffers."""
    with inputs.open_regular(path) as stream:
        return stream.read(8)[4:] == b"TFL3"
