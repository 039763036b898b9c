"""Frames on disk -> scenes of one gain, their levels and their patches.

`read` takes a path and returns an object with the fields of a
`files.raw_image.RawImage`; this room knows no file format.
"""

import dataclasses
import hashlib
import pathlib

import numpy as np

from fanet_tf.calibration import patches as patches_lib
from fanet_tf.calibration.estimator import Scene
from fanet_tf.calibration.samples import Levels
from fanet_tf.errors import InputError
from fanet_tf.raw import cfa

# Frames whose coarse brightness differs by more show different scenes.
_SAME_SCENE = 0.03
# This share of pixels at the largest count, and so many of them, is
# saturation and not chance.
_SATURATED = 2e-4
_MIN_SATURATED = 16
# Floats with up to so many values may be counts in disguise.
_MAX_COUNTS = 1 << 16
# Steps that floats without counts are rounded to, black to white.
_FINE = 1 << 20


@dataclasses.dataclass(frozen=True)
class Info:
    """What is known of a frame before it is measured.

    Attributes:
        path: of the file.
        gain: of the sensor.
        iso: the camera's label, or None.
        camera: make and model.
        shape: `(H, W)` of the active mosaic.
        pattern: CFA pattern.
        full_shape: `(H, W)` with the masked borders.
        origin: place of the active mosaic in it.
    """

    path: pathlib.Path
    gain: float
    iso: float | None
    camera: str
    shape: tuple[int, int]
    pattern: str
    full_shape: tuple[int, int]
    origin: tuple[int, int]

    @property
    def packed_origin(self) -> tuple[int, int]:
        """Returns the place of the first packed pixel in the full mosaic."""
        row, column = cfa.rggb_origin(self.pattern)
        return self.origin[0] + row, self.origin[1] + column


def inspect(paths, gains, base_iso, read, progress=iter):
    """Reads all frames once and checks that they belong together.

    Args:
        paths: of the files.
        gains: one for each, or one for all; None takes ISO / base ISO.
        base_iso: the ISO of gain 1; None takes the lowest of the frames.
        read: path -> RAW image.
        progress: wraps the list of paths while it is read.

    Returns:
        List of `Info`, and the base ISO (None where gains were given).

    Raises:
        InputError: for unlike frames, or a gain that nobody knows.
    """
    if gains is not None:
        if len(gains) not in (1, len(paths)):
            raise InputError(
                "Give one gain, or one for each frame. Received: "
                f"{len(gains)} gains for {len(paths)} frames"
            )
        gains = list(gains) * (len(paths) // len(gains))
        for gain in gains:
            if not 0.0 < gain < 1e4:
                raise InputError(f"A gain must be positive. Received: {gain}")
    found, seen = [], {}
    for path in progress(paths):
        image = read(path)
        _check_new(path, image, seen)
        camera = image.model
        if not camera.startswith(image.make):
            camera = f"{image.make} {camera}".strip()
        found.append(
            Info(
                path,
                0.0,
                image.iso,
                camera,
                image.visible.shape,
                image.pattern,
                image.mosaic.shape,
                image.active[:2],
            )
        )
    for name in ("shape", "camera", "pattern"):
        values = {getattr(info, name) for info in found}
        if len(values) > 1:
            raise InputError(
                f"All frames must have one {name}. Received: "
                f"{', '.join(sorted(map(str, values)))}"
            )
    if gains is None:
        without = [info.path.name for info in found if not info.iso]
        if without:
            raise InputError(
                f"{without[0]}: says no ISO; give the gains, one for each frame"
            )
        base_iso = base_iso or min(info.iso for info in found)
        gains = [info.iso / base_iso for info in found]
    else:
        base_iso = None
    return [
        dataclasses.replace(info, gain=float(gain))
        for info, gain in zip(found, gains, strict=True)
    ], base_iso


def _check_new(path, image, seen) -> None:
    """Refuses a copy of a frame: it would halve the noise without a word.

    A frame of one value, as a covered lens may give, may come twice.
    """
    mosaic = image.visible
    if mosaic.min() == mosaic.max():
        return
    content = np.ascontiguousarray(mosaic)
    digest = hashlib.blake2b(memoryview(content).cast("B")).digest()
    other = seen.setdefault(digest, path)
    if other is not path:
        raise InputError(
            "Every frame must be a capture of its own. Received: identical "
            f"frames, {other} and {path}"
        )


def by_gain(infos) -> dict[float, list[Info]]:
    """Groups frames by gain, in rising order; 0.1 % apart is the same."""
    groups: dict[float, list[Info]] = {}
    for info in sorted(infos, key=lambda info: info.gain):
        for gain in groups:
            if abs(info.gain / gain - 1.0) < 1e-3:
                groups[gain].append(info)
                break
        else:
            groups[info.gain] = [info]
    return groups


def _lattice(packed, black, white):
    """Returns float frames as counts, with levels to match, and the step."""
    values = np.unique(packed)
    if len(values) <= _MAX_COUNTS and len(values) > 1:
        step = np.min(np.diff(values.astype(np.float64)))
        steps = (values - float(values[0])) / step
        # A step of float32's own precision is no lattice.
        fine = step < 1e-5 * (white - np.min(black))
        if not fine and np.max(np.abs(steps - np.round(steps))) < 0.05:
            first = float(values[0])
            # The longest distance knows the step best.
            step = (float(values[-1]) - first) / np.round(steps[-1])
            counts = np.round((packed - first) / step)
            return counts, (black - first) / step, (white - first) / step, 1.0
    return packed, black, white, (white - np.min(black)) / _FINE


def _levels(packed, black, white, step, is_float):
    """Finds out where the counts of `[F, h, w, 4]` end."""
    top = np.max(packed)
    at_top = np.sum(packed >= top)
    saturated = at_top > max(_SATURATED * packed.size, _MIN_SATURATED)
    middle = (np.min(black) + white) / 2.0
    high = top if saturated and middle < top < white else white
    found = []
    for plane in range(4):
        # Sensors with a pedestal clip far below black, others at it.
        lowest = np.min(packed[..., plane])
        if lowest < np.floor(black[plane]):
            low = -np.inf if is_float else 0.0
        else:
            low = float(np.ceil(black[plane] / step) * step)
        found.append(
            Levels(float(black[plane]), float(white), low, float(high), step)
        )
    return tuple(found)


def load(infos, read):
    """Reads frames of one gain.

    Returns:
        `[F, h, w, 4]` counts and four `Levels`.
    """
    stack, black, white = [], None, None
    for info in infos:
        image = read(info.path)
        levels = (image.black_level, image.white_level)
        if black is not None and levels != (black, white):
            raise InputError(
                f"{info.path}: frames of one gain must have the same levels. "
                f"Received: {levels} after {(black, white)}"
            )
        black, white = levels
        row, column = cfa.rggb_origin(image.pattern)
        mosaic = image.visible[None, row:, column:, None]
        height, width = (n // 2 * 2 for n in mosaic.shape[1:3])
        stack.append(cfa.pack(mosaic[:, :height, :width]))
    packed = np.concatenate(stack)
    black = np.asarray(black, np.float64)
    is_float = packed.dtype.kind == "f"
    if is_float:
        packed, black, white, step = _lattice(packed, black, white)
    else:
        present = np.flatnonzero(np.bincount(packed.ravel()))
        step = float(max(np.gcd.reduce(present), 1))
    return packed, _levels(packed, black, white, step, is_float)


def _coarse(packed, levels):
    """Returns the brightness of a frame on a coarse grid."""
    black = np.array([level.black for level in levels])
    height, width = (max(n // 16, 1) for n in packed.shape[:2])
    rows = np.add.reduceat(
        packed.astype(np.float64).sum(axis=-1) - black.sum(),
        np.arange(0, packed.shape[0], height),
    )
    sums = np.add.reduceat(rows, np.arange(0, packed.shape[1], width), axis=1)
    return sums / (height * width * 4 * levels[0].scale)


def split_scenes(packed, levels) -> list[np.ndarray]:
    """Splits frames of one gain where light or framing changed.

    Returns:
        List of index arrays; differences are taken within each.
    """
    groups = []
    for index, frame in enumerate(packed):
        coarse = _coarse(frame, levels)
        for group, reference in groups:
            change = np.abs(coarse - reference)
            change = change / np.maximum(reference, 0.005)
            if np.median(change) < _SAME_SCENE:
                group.append(index)
                break
        else:
            groups.append(([index], coarse))
    return [np.array(group) for group, _ in groups]


def make_scenes(packed, levels, find) -> list[Scene]:
    """Makes the scenes of frames of one gain.

    Args:
        packed: `[F, h, w, 4]` counts.
        levels: four `Levels`.
        find: takes `[h, w, 4]`, 0..1, returns patches.
    """
    scenes = []
    for group in split_scenes(packed, levels):
        frames = packed[group]
        mean = np.mean(frames, axis=0, dtype=np.float64)
        unit = np.stack(
            [levels[i].normalize(mean[..., i]) for i in range(4)], axis=-1
        )
        scenes.append(Scene(frames, levels, find(unit)))
    return scenes


class Finder:
    """Finds patches, and remembers where a chart was.

    A chart that is too dark or too noisy to be seen is looked for where a
    better frame of the same shoot had it.

    Args:
        mode: `"auto"`, `"chart"` or `"flat"`.
        corners: of the chart, or None; see `patches.from_corners`.
    """

    def __init__(self, mode: str = "auto", corners=None):
        self.mode = mode
        self.corners = corners
        self.last = None
        self.kinds: list[str] = []

    def __call__(self, packed):
        """Returns the patches of `[h, w, 4]`, 0 = black, 1 = white."""
        if self.corners is not None:
            self.kinds.append("corners")
            return patches_lib.from_corners(self.corners, packed.shape[:2])
        if self.mode != "flat":
            found = patches_lib.find_chart(packed)
            if found is not None or self.last is not None:
                self.kinds.append("chart" if found else "chart of before")
                self.last = found or self.last
                return self.last
            if self.mode == "chart":
                raise InputError(
                    "A ColorChecker must be seen in the frame. Received: none "
                    "found; give its --corners, or use --patches=flat"
                )
        self.kinds.append("flat")
        return patches_lib.find_flat(packed)
