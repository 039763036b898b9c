"""The quality gate: what a recipe loses on photographs that are held back.

The loss is counted in decibels of RAW PSNR against the member in float32, per
gain, over all pixels and over the darkest quarter of each photograph, where
eight bits hurt first. Photographs lie side by side in a tile, so that the very
flatbuffer that ships is run, and few times.
"""

import dataclasses
import math
import pathlib

import numpy as np

from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import photos
from fanet_tf.errors import InputError
from fanet_tf.raw import ksigma

_CELLS = 2  # Photographs along each side of a tile.


@dataclasses.dataclass(frozen=True)
class Loss:
    """What a recipe loses at one gain, in dB; negative is a win.

    Attributes:
        gain: of the sensor.
        psnr: of the recipe, mean over the photographs.
        all_db: loss over all pixels.
        dark_db: loss over the darkest quarter of each photograph.
    """

    gain: float
    psnr: float
    all_db: float
    dark_db: float

    @property
    def worst(self) -> float:
        """The larger of the two losses; infinite where one is NaN."""
        worst = max(self.all_db, self.dark_db)
        finite = math.isfinite(self.all_db) and math.isfinite(self.dark_db)
        return worst if finite else math.inf


def scenes(source: str, camera: str, limit: int):
    """Returns `(name, clean [h, w, 4])` of photographs that no run trains on.

    Args:
        source: `"held_back"`: the package's three; else a folder.
        camera: whose colour they take on.
        limit: of their number; 0 takes all.
    """
    if source == "held_back":
        images = photos.held_back()
    else:
        images = {
            path.stem: photos.read_image(path)
            for path in sorted(pathlib.Path(source).glob("*"))
            if path.suffix.lower() in photos.PHOTOGRAPHS
        }
    if not images:
        raise InputError(
            f"{source}: must hold photographs to measure quality on. "
            "Received: none"
        )
    chosen = list(images.items())[: limit or None]
    return [
        captures.scene_from_srgb(name, image, camera_lib.get(camera))
        for name, image in chosen
    ]


class Gate:
    """Measures recipes of members against float32.

    Args:
        photographs: from `scenes`.
        profile: the sensor's noise.
        gains: candidates; a member is measured at those of its subrange.
        below_black: `"signed"` keeps the noise there as a phone's file does.
    """

    def __init__(self, photographs, profile, gains, below_black="clipped"):
        signed = below_black == "signed"
        self._pedestal = captures.PEDESTAL if signed else 0.0
        self._scenes = photographs
        self._profile = profile
        self._gains = gains
        self.names = [scene.name for scene in photographs]

    def gains(self, a_range) -> list[float]:
        """Returns the gains of a subrange, its ends included."""
        low, high = (float(self._profile.gain(a)) for a in a_range)
        inside = [
            float(g)
            for g in self._gains
            if low / (1 + 1e-6) <= g <= high * (1 + 1e-6)
        ]
        return inside or [math.sqrt(low * high)]

    def reference(self, runner, a_range, height, width) -> "Reference":
        """Runs the float32 member; `runner` maps inputs to `denoised`."""
        return Reference(
            {
                gain: [
                    (tile, _scores(runner(tile.inputs), tile))
                    for tile in self._tiles(gain, height, width)
                ]
                for gain in self.gains(a_range)
            }
        )

    def _tiles(self, gain, height, width):
        rows, columns = height // _CELLS, width // _CELLS
        cells = [
            captures.Scene(s.name, _fit(s.clean, rows, columns), s.colour)
            for s in self._scenes
        ]
        drawn = [
            captures.draw(cell, gain, self._profile, pedestal=self._pedestal)
            for cell in cells
        ]
        per_tile = _CELLS * _CELLS
        for first in range(0, len(drawn), per_tile):
            group = drawn[first : first + per_tile]
            noisy = np.zeros((1, height, width, 4), np.float32)
            places = []
            for place in range(per_tile):
                y, x = divmod(place, _CELLS)
                where = np.s_[
                    y * rows : (y + 1) * rows, x * columns : (x + 1) * columns
                ]
                # An unfilled place repeats a photograph, so that the tile's
                # range is that of photographs.
                noisy[0][where] = group[place % len(group)].noisy
                if place < len(group):
                    places.append((where, group[place].clean))
            scale, offset = ksigma.scale_offset(group[0].noise)
            yield _Tile(
                {
                    "noisy": noisy,
                    "scale": scale.astype(np.float32),
                    "offset": offset.astype(np.float32),
                },
                places,
            )


def of_crops(runner, pairs) -> "Reference":
    """Runs the float32 member on calibration crops, as one gain.

    Args:
        runner: maps inputs to `denoised`.
        pairs: list of `(inputs, clean [1, h, w, 4])`.
    """
    tiles = [_Tile(inputs, [(np.s_[:, :], c[0])]) for inputs, c in pairs]
    return Reference(
        {math.nan: [(t, _scores(runner(t.inputs), t)) for t in tiles]}
    )


@dataclasses.dataclass(frozen=True)
class Reference:
    """Tiles of each gain with what float32 reaches on them."""

    tiles: dict

    def losses(self, runner) -> list[Loss]:
        """Returns the loss at each gain of what `runner` computes."""
        losses = []
        for gain, tiles in self.tiles.items():
            ours = [s for t, _ in tiles for s in _scores(runner(t.inputs), t)]
            theirs = [s for _, scores in tiles for s in scores]
            mine, reference = np.mean(ours, axis=0), np.mean(theirs, axis=0)
            losses.append(
                Loss(
                    gain,
                    float(mine[0]),
                    float(reference[0] - mine[0]),
                    float(reference[1] - mine[1]),
                )
            )
        return losses


@dataclasses.dataclass(frozen=True)
class _Tile:
    inputs: dict
    places: list  # (slices, clean [h, w, 4]) of each photograph.


def _fit(clean, height, width):
    """Cuts the centre out, mirrored where the photograph is smaller."""
    grow = [
        max(0, size - have)
        for size, have in zip((height, width), clean.shape[:2], strict=True)
    ]
    if any(grow):
        before_after = [(g // 2, g - g // 2) for g in grow]
        clean = np.pad(clean, (*before_after, (0, 0)), mode="symmetric")
    top = (clean.shape[0] - height) // 2
    left = (clean.shape[1] - width) // 2
    return clean[top : top + height, left : left + width]


def _scores(denoised, tile):
    """Returns `(psnr, psnr of the darkest quarter)` of each photograph."""
    scores = []
    for where, clean in tile.places:
        error = (np.clip(denoised[0][where], 0.0, 1.0) - clean).astype(float)
        dark = clean <= np.quantile(clean, 0.25)
        scores.append((_psnr(error), _psnr(error[dark])))
    return scores


def _psnr(error):
    return -10.0 * math.log10(max(float(np.mean(error**2)), 1e-20))


def record(losses, limit) -> dict:
    """Returns the manifest's entry of a measured recipe."""
    return {
        "limit_db": limit,
        "passed": passed(losses, limit),
        "gains": [
            {
                "gain": loss.gain,
                "psnr_db": round(loss.psnr, 3),
                "loss_db": round(loss.all_db, 4),
                "dark_loss_db": round(loss.dark_db, 4),
            }
            for loss in losses
        ],
    }


def passed(losses, limit) -> bool:
    """Whether no gain loses more than `limit` dB."""
    return all(loss.worst <= limit for loss in losses)
