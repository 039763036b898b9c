"""Data sets as evaluation takes them: captures, how many, and facts to show.

Each function checks at once that the files are there and reads them one at a
time afterwards; damaged ones are skipped within the limit of `damage.Damage`.
"""

import dataclasses
import itertools
import pathlib
from collections.abc import Iterator

from fanet_tf.calibration.profile import GainLaw
from fanet_tf.data import captures
from fanet_tf.data import damage as damage_lib
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import images
from fanet_tf.data import paired
from fanet_tf.data import scene_kinds
from fanet_tf.data import sid
from fanet_tf.data import sidd
from fanet_tf.data.camera import Camera
from fanet_tf.data.captures import Capture
from fanet_tf.data.captures import Scene
from fanet_tf.data.scene_kinds import SceneKind
from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class EvaluationSet:
    """Captures to evaluate on.

    Attributes:
        captures: read as they are asked for.
        total: how many there are, if none is damaged.
        facts: what the page says of the set.
        damage: which files were skipped.
        scenes: the clean frames of a set with synthetic noise, read apart from
            `captures`; None where the noise is real.
    """

    captures: Iterator[Capture]
    total: int
    facts: dict[str, str]
    damage: damage_lib.Damage
    scenes: Iterator[Scene] | None = None


def _synthetic(items, read, name, gains, profile, seed, facts):
    damage = damage_lib.Damage(len(items))
    scenes = _scenes(items, read, name, damage)
    return EvaluationSet(
        captures.synthetic(scenes, gains, profile, seed),
        len(items) * len(gains),
        {
            **facts,
            "Noise": (
                f"{profile.sensor}, {profile.status} profile, gains "
                f"{', '.join(f'{gain:g}' for gain in gains)}, seed {seed}"
            ),
        },
        damage,
        # Files that are damaged are counted once, by `captures`.
        _scenes(items, read, name, damage_lib.Damage(len(items))),
    )


def _scenes(items, read, name, damage):
    """Reads items one by one; a failed one is skipped, not its user's error.

    The rest of a set that is refused is read for the names of the damaged ones.
    """
    for item in items:
        result = None
        with damage.reading(name(item), wait=True):
            result = read(item)
        if damage.is_told():
            break
        if result is not None and not damage.is_refused():
            yield result
    damage.check()


def _named(files, folder):
    """Names files by their path below `folder`, so that names are unique."""
    return {
        path: path.relative_to(folder).with_suffix("").as_posix()
        for path in files
    }


def _centre(image, size: int | None):
    """Returns the centre `[size, size, 3]`, or less of a smaller image."""
    if size is None:
        return image
    starts = [max(side - size, 0) // 2 for side in image.shape[:2]]
    return image[tuple(slice(start, start + size) for start in starts)]


def clean_scenes(
    source: str,
    camera: Camera,
    limit: int = 0,
    size: int | None = None,
    kind: SceneKind = scene_kinds.AS_THEY_ARE,
) -> list[Scene]:
    """Reads the photographs that judge a training or an export, unprocessed.

    Args:
        source: `"held_back"`, those of `images.HELD_BACK`, or a folder.
        camera: whose colour they take on.
        limit: of their number; 0 takes all.
        size: side of a centre crop in pixels of the photograph; smaller
            photographs are left out. None takes each whole.
        kind: of scenes that becomes of them.

    Raises:
        InputError: none is left, or more are damaged than `damage` skips.
    """
    files = [
        path
        for path in sorted(pathlib.Path(source).glob("*"))
        if path.suffix.lower() in images.PHOTO_SUFFIXES
    ]
    damage = damage_lib.Damage(len(files))
    if source == "held_back":
        found = iter(images.held_back().items())
    else:
        found = _scenes(
            files, lambda path: (path.stem, images.read_srgb(path)), str, damage
        )
    large = (item for item in found if min(item[1].shape[:2]) >= (size or 1))
    scenes = [
        captures.scene_from_srgb(name, _centre(image, size), camera, kind)
        for name, image in itertools.islice(large, limit or None)
    ]
    if not scenes:
        least = f" of at least {size} x {size} pixels" if size else ""
        raise InputError(
            f"{source}: must be a folder of photographs{least}, or "
            "'held_back'. Received: none"
        )
    return scenes


def photos(
    folder,
    camera: Camera,
    gains,
    profile: GainLaw,
    seed: int = 0,
    limit: int | None = None,
    crop: int | None = None,
    kind: SceneKind = scene_kinds.AS_THEY_ARE,
) -> EvaluationSet:
    """Photographs, unprocessed, with synthetic noise at each gain.

    Args:
        folder: of the photographs; `"held_back"`: those of `images.HELD_BACK`.
        camera: whose colour they take on.
        gains: of the noise.
        profile: of the sensor.
        seed: of the noise.
        limit: of their number; None takes all.
        crop: side of a centre crop in pixels of the photograph; None takes the
            whole. The noise is drawn on the crop, as training does when it
            validates, so both see the same captures.
        kind: of scenes that becomes of them.
    """
    if str(folder) == "held_back":
        files = [images.of_skimage(f"{name}.png") for name in images.HELD_BACK]
        names = dict(zip(files[:limit], images.HELD_BACK, strict=False))
    else:
        names = _named(folder_lib.photos(folder)[:limit], folder)

    def read(path):
        srgb = _centre(images.read_srgb(path), crop)
        return captures.scene_from_srgb(names[path], srgb, camera, kind)

    shown = "" if crop is None else f", centre crops of {crop} x {crop}"
    return _synthetic(
        list(names),
        read,
        str,
        gains,
        profile,
        seed,
        {
            "Data": f"{len(names)} photographs of {folder}{shown}, unprocessed",
            "Camera": f"{camera.name}, typical matrix and white balance",
            **(
                {} if kind == scene_kinds.AS_THEY_ARE else {"Scenes": str(kind)}
            ),
        },
    )


def raws(
    folder, gains, profile: GainLaw, seed: int = 0, limit=None
) -> EvaluationSet:
    """RAW files of low noise as clean, with synthetic noise at each gain."""
    names = _named(folder_lib.raws(folder)[:limit], folder)
    return _synthetic(
        list(names),
        lambda path: folder_lib.read_raw_scene(path, names[path]),
        str,
        gains,
        profile,
        seed,
        {"Data": f"{len(names)} RAW files of {folder}"},
    )


def see_in_the_dark(
    folder, gains, profile: GainLaw, seed: int = 0, limit=None
) -> EvaluationSet:
    """Long exposures of the test split, with synthetic noise at each gain."""
    files = sid.long_exposures(folder, "test")[:limit]
    return _synthetic(
        files,
        folder_lib.read_raw_scene,
        str,
        gains,
        profile,
        seed,
        {"Data": f"{len(files)} long exposures of See-in-the-Dark, test split"},
    )


def smartphone(folder, limit: int | None = None) -> EvaluationSet:
    """SIDD's real noisy frames, with the noise of their metadata."""
    pairs = sidd.find(folder)[:limit]
    damage = damage_lib.Damage(len(pairs))
    return EvaluationSet(
        _scenes(pairs, sidd.read_capture, lambda pair: pair.noisy, damage),
        len(pairs),
        {
            "Data": f"{len(pairs)} captures of SIDD, real noise",
            "Noise": "GainLaw of each capture's metadata",
        },
        damage,
    )


def pairs(folder, limit: int | None = None) -> EvaluationSet:
    """A paired set of `fanet-pairs`: real noise, long exposures as clean."""
    index = paired.read_index(folder)
    records = index["pairs"][:limit]
    damage = damage_lib.Damage(len(records))
    return EvaluationSet(
        _scenes(
            records,
            lambda record: paired.read_capture(folder, record),
            lambda record: f"{folder}/{record.get('name')}",
            damage,
        ),
        len(records),
        {
            "Data": f"{len(records)} captured pairs of {folder}",
            "Noise": f"real; (a, b) of the profile {index.get('profile')}",
        },
        damage,
    )
