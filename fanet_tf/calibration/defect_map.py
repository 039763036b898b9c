"""Defective pixels: those that are off in every frame of a dark series.

A pixel is a defect if its mean over the series lies off its neighbours of the
same colour by

    more than 3 deviations of the read noise     else nobody sees it
    more than 6 deviations of such means         else it may be chance: 2e-9
    half of that in most of the frames           else it was a single event

or if it reads one and the same count in all frames where noise leaves that less
than 1e-7 of a chance. Dark frames show bright pixels and stuck ones; a pixel
that is blind to light looks like any other there.
"""

import dataclasses
import math
import pathlib

import cv2
import numpy as np

from fanet_tf.calibration.samples import Levels
from fanet_tf.files import atomic
from fanet_tf.files import marks

_VISIBLE = 3.0
_UNLIKELY = 6.0
_CHANCE = 1e-7
SCHEMA_VERSION = 1

is_ours = marks.json_with("schema_version", "sensor", "defects")


@dataclasses.dataclass(frozen=True)
class Found:
    """Defects of one gain, in packed coordinates.

    Attributes:
        y: `[n]` rows.
        x: `[n]` columns.
        plane: `[n]`, 0..3 of R, Gr, Gb, B.
        offset: `[n]` counts above the neighbours; below 0: a dark pixel.
    """

    y: np.ndarray
    x: np.ndarray
    plane: np.ndarray
    offset: np.ndarray

    def usable(self, shape) -> np.ndarray:
        """Returns `shape`, `[h, w, 4]`, False at the defects."""
        usable = np.ones(shape, bool)
        usable[self.y, self.x, self.plane] = False
        return usable


def find(
    packed: np.ndarray,
    mean: np.ndarray,
    levels: tuple[Levels, ...],
    clipped: bool = False,
) -> Found:
    """Finds the defects of a series.

    Args:
        packed: `[F, h, w, 4]` counts of dark frames of one gain, two or more.
        mean: `[h, w, 4]` of them.
        levels: four `Levels`.
        clipped: whether the sensor clips at black: then a constant pixel is
            nothing strange.
    """
    parts = [
        _of_plane(packed[..., p], mean[..., p], levels[p].step, clipped)
        for p in range(4)
    ]
    planes = [np.full(len(part[0]), p) for p, part in enumerate(parts)]
    y, x, offset = (np.concatenate(c) for c in zip(*parts, strict=True))
    return Found(y, x, np.concatenate(planes), offset)


def _of_plane(frames, mean, step, clipped):
    """Returns `y`, `x` and offset of the defects of one plane."""
    mean = np.ascontiguousarray(mean, np.float32)
    # Of 25 neighbours 12 may be defective.
    local = cv2.medianBlur(mean, 5)
    away = mean - local
    count = len(frames)
    noise = np.float32(frames[0]) - mean
    read = _deviation(noise) / math.sqrt(1.0 - 1.0 / count)
    limit = max(_VISIBLE * read, _UNLIKELY * _deviation(away), 2.0 * step)
    off = np.abs(away) > limit
    y, x = np.nonzero(off)
    series = np.float32(frames[:, y, x]) - local[y, x]
    signed = np.sort(series * np.sign(away[y, x]), axis=0)
    # Half of the frames, the weaker one of two.
    stays = signed[(count - 1) // 2] > 0.5 * np.abs(away[y, x])
    y, x = y[stays], x[stays]
    if not clipped and _chance_of_constant(read, step, count) < _CHANCE:
        same = np.all(frames == frames[:1], axis=0)
        same[y, x] = False
        more_y, more_x = np.nonzero(same)
        y, x = np.concatenate([y, more_y]), np.concatenate([x, more_x])
    return y, x, away[y, x]


def _deviation(values) -> float:
    """Returns the deviation of what is mostly Gaussian, by its median."""
    return 1.4826 * float(np.median(np.abs(values)))


def _chance_of_constant(read: float, step: float, count: int) -> float:
    """Returns how likely a good pixel reads one count in all frames."""
    most = step / max(read * math.sqrt(2.0 * math.pi), 1e-30)
    return min(most, 1.0) ** (count - 1)


@dataclasses.dataclass(frozen=True)
class DefectMap:
    """The defects of a sensor, found at any gain.

    Attributes:
        rows: `[n]` of the full mosaic, rising.
        columns: `[n]` of the full mosaic.
        offsets: `[n]` above the neighbours in units of white, at the gain that
            shows it most; below 0: a dark pixel.
        shape: `(H, W)` of the full mosaic.
        num_pixels: that were looked at.
    """

    rows: np.ndarray
    columns: np.ndarray
    offsets: np.ndarray
    shape: tuple[int, int]
    num_pixels: int

    def __len__(self):
        return len(self.rows)

    @property
    def num_bright(self) -> int:
        """Returns how many add to what they should read."""
        return int(np.sum(self.offsets > 0.0))

    @property
    def num_pairs(self) -> int:
        """Returns how many lie beside one before them in a row."""
        return int(
            np.sum((np.diff(self.rows) == 0) & (np.diff(self.columns) == 1))
        )

    def to_json(self, sensor: str) -> dict:
        """Returns what the file holds; its places are the full mosaic's."""
        return {
            "schema_version": SCHEMA_VERSION,
            "sensor": sensor,
            "height": self.shape[0],
            "width": self.shape[1],
            "defects": {
                "rows": self.rows.tolist(),
                "columns": self.columns.tolist(),
                "offsets": [round(float(o), 5) for o in self.offsets],
            },
        }


def join(parts, origin: tuple[int, int], shape, num_pixels: int) -> DefectMap:
    """Joins what several gains have found.

    Args:
        parts: of `(Found, counts from black to white)` of each gain.
        origin: place of the first red pixel of the packed frames in the full
            mosaic.
        shape: `(H, W)` of the full mosaic.
        num_pixels: of the packed frames.
    """
    rows, columns, offsets = [], [], []
    for found, scale in parts:
        rows.append(2 * found.y + found.plane // 2 + origin[0])
        columns.append(2 * found.x + found.plane % 2 + origin[1])
        offsets.append(found.offset / scale)
    rows, columns, offsets = map(np.concatenate, (rows, columns, offsets))
    # The strongest of each place first: `unique` keeps the first.
    order = np.argsort(-np.abs(offsets), kind="stable")
    flat = (rows * shape[1] + columns)[order]
    flat, first = np.unique(flat, return_index=True)
    return DefectMap(
        flat // shape[1],
        flat % shape[1],
        offsets[order][first],
        tuple(int(n) for n in shape),
        num_pixels,
    )


def write(
    found: DefectMap, path: pathlib.Path, sensor: str, overwrite: bool = False
) -> None:
    """Writes the map, whole or not at all.

    Args:
        found: the map.
        path: of the JSON file.
        sensor: its name.
        overwrite: replaces a file that is no map of ours, too.
    """
    atomic.write_json(
        path,
        found.to_json(sensor),
        None,
        is_ours=is_ours,
        overwrite=overwrite,
        through=True,
    )
