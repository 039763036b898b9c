"""Which captures to make, and the list of those that were made.

A list is a CSV with a line a capture:

    scene,role,gain,exposure_ms,file
    01,clean,1,1280,01_clean.dng
    01,noisy,37.2,34.409,01_noisy_01.dng

Each scene has one clean frame at gain 1, and noisy ones whose shorter exposure
makes up for their gain: all have the same brightness.
"""

import csv
import dataclasses
import io
import math
import pathlib

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import names

_MAX_BYTES = 16 << 20
_MOST = {"gain": 1e6, "exposure_ms": 1e9}
COLUMNS = ("scene", "role", "gain", "exposure_ms", "file")
ROLES = ("noisy", "clean")


@dataclasses.dataclass(frozen=True)
class Shot:
    """One line of the list.

    Attributes:
        scene: groups noisy frames with their clean one.
        role: `"noisy"` or `"clean"`.
        gain: of the sensor, 1 or more.
        exposure_ms: exposure time in milliseconds.
        file: relative to the folder of captures, and below it.
    """

    scene: str
    role: str
    gain: float
    exposure_ms: float
    file: str

    @property
    def name(self) -> str:
        """Name of the pair, and of its folder: the file's without suffix."""
        return pathlib.PurePath(self.file).stem

    @property
    def exposure(self) -> float:
        """Gain times exposure time: what brightness is proportional to."""
        return self.gain * self.exposure_ms


def make(
    scenes: int,
    per_scene: int,
    seed: int = 0,
    gain_range=(1.0, 64.0),
    clean_ms: float = 1280.0,
) -> list[Shot]:
    """Draws a plan: gains uniform over the range, as the paper's test set.

    Args:
        scenes: how many.
        per_scene: noisy captures of each.
        seed: the same seed gives the same plan.
        gain_range: lowest and highest gain.
        clean_ms: exposure time of the clean frames.
    """
    rng = np.random.default_rng(seed)
    shots = []
    for number in range(1, scenes + 1):
        scene = f"{number:02d}"
        shots.append(Shot(scene, "clean", 1.0, clean_ms, f"{scene}_clean.dng"))
        for index in range(1, per_scene + 1):
            gain = round(float(rng.uniform(*gain_range)), 2)
            shots.append(
                Shot(
                    scene,
                    "noisy",
                    gain,
                    round(clean_ms / gain, 4),
                    f"{scene}_noisy_{index:02d}.dng",
                )
            )
    return shots


def to_csv(shots) -> str:
    """Returns the list as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for shot in shots:
        writer.writerow(
            [
                f"{value:g}" if isinstance(value, float) else value
                for value in dataclasses.astuple(shot)
            ]
        )
    return text.getvalue()


def _positive(path, line, name, text) -> float:
    try:
        value = float(text)
    except (TypeError, ValueError):
        value = math.nan
    if not 0 < value <= _MOST[name]:
        raise InputError(
            f"{path}, line {line}: `{name}` must be a positive number up to "
            f"{_MOST[name]:g}. Received: {text!r}"
        )
    return value


def read(path) -> list[Shot]:
    """Reads a list of captures and checks every line."""
    path = pathlib.Path(path)
    if not path.exists():
        raise InputError(
            "A list of captures must be a CSV file (--plan prints one to fill "
            f"in). Received: {path}"
        )
    text = inputs.read_text(path, _MAX_BYTES)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputError(f"{path}: must be CSV text: {error}") from error
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise InputError(
            f"{path}: must have lines, and the columns {', '.join(COLUMNS)}. "
            f"Received: {', '.join(map(str, rows[0])) if rows else 'no lines'}"
        )
    shots = []
    for line, row in enumerate(rows, start=2):
        if row["role"] not in ROLES or not row["scene"] or not row["file"]:
            raise InputError(
                f"{path}, line {line}: must have a scene, a file and the role "
                f"noisy or clean. Received: {row['role']!r}"
            )
        _check_file(path, line, row["file"])
        shots.append(
            Shot(
                row["scene"],
                row["role"],
                _positive(path, line, "gain", row["gain"]),
                _positive(path, line, "exposure_ms", row["exposure_ms"]),
                row["file"],
            )
        )
    _check_names(path, shots)
    return shots


def _check_file(path, line, file) -> None:
    """Refuses a path that leads out of the captures, or is no plain name."""
    where = f"`file` of line {line} of {path}"
    names.plain(names.below(file, where).stem, f"The name in {where}")


def _check_names(path, shots) -> None:
    """Refuses two noisy captures that would become one pair."""
    seen = {}
    for shot in shots:
        if shot.role != "noisy":
            continue
        # Some file systems take upper and lower case for the same.
        key = shot.name.casefold()
        if key in seen:
            raise InputError(
                f"{path}: noisy captures must have names of their own. "
                f"Received: {seen[key]} and {shot.file}"
            )
        seen[key] = shot.file


def by_scene(shots) -> dict[str, tuple[Shot, list[Shot]]]:
    """Groups the list: scene -> its clean capture and its noisy ones."""
    scenes = {}
    for name in dict.fromkeys(shot.scene for shot in shots):
        mine = [shot for shot in shots if shot.scene == name]
        clean = [shot for shot in mine if shot.role == "clean"]
        noisy = [shot for shot in mine if shot.role == "noisy"]
        if len(clean) != 1 or not noisy:
            raise InputError(
                f"Scene {name!r} must have one clean capture and at least one "
                f"noisy. Received: {len(clean)} clean, {len(noisy)} noisy"
            )
        scenes[name] = (clean[0], noisy)
    return scenes
