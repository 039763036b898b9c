"""The quality gate: what a recipe loses on photographs that are held back.

The loss is counted in decibels of RAW PSNR against the member in float32, at
each gain of its subrange, over all pixels and over the darkest quarter of the
pixels (`evaluation.regions.dark`), where eight bits hurt first. Photographs lie
side by side in a tile, so that the flatbuffer that ships is run, and few times.
"""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from fanet_tf.calibration.profile import NoiseProfile
from fanet_tf.data import captures
from fanet_tf.evaluation import regions
from fanet_tf.metrics.psnr import psnr
from fanet_tf.raw import ksigma

_CELLS = 2  # Photographs along each side of a tile.

# Maps a member's inputs by name to `denoised` [1, h, w, 4].
Run = Callable[[dict], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Loss:
    """What a recipe loses at one gain, in dB; negative where it gains.

    Attributes:
        gain: of the sensor.
        psnr: of the recipe, mean over the photographs.
        all_db: loss over all pixels.
        dark_db: loss over the darkest quarter of each photograph's pixels.
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


class Gate:
    """Measures recipes of members against float32.

    Args:
        photographs: none of which was trained on.
        profile: the sensor's noise.
        gains: candidates; a member is measured at those of its subrange.
        below_black: `"signed"` keeps the noise there, as a phone's file does;
            `"clipped"` cuts it off.
    """

    def __init__(
        self,
        photographs: list[captures.Scene],
        profile: NoiseProfile,
        gains: tuple[float, ...],
        below_black: str = "clipped",
    ):
        signed = below_black == "signed"
        self._pedestal = captures.PEDESTAL if signed else 0.0
        self._scenes = photographs
        self._profile = profile
        self._gains = gains
        self.names = [scene.name for scene in photographs]

    def gains(self, a_range: tuple[float, float]) -> list[float]:
        """Returns the gains of a subrange, its ends included."""
        low, high = (float(self._profile.gain(a)) for a in a_range)
        inside = [
            float(g)
            for g in self._gains
            if low / (1 + 1e-6) <= g <= high * (1 + 1e-6)
        ]
        return inside or [math.sqrt(low * high)]

    def reference(
        self, run: Run, a_range: tuple[float, float], height: int, width: int
    ) -> "Reference":
        """Measures the member in float32.

        Args:
            run: the member.
            a_range: its subrange.
            height: of its input, packed pixels.
            width: of its input.
        """
        return Reference(
            {
                gain: [
                    (tile, tile.psnrs(run))
                    for tile in self._tiles(gain, height, width)
                ]
                for gain in self.gains(a_range)
            }
        )

    def frames(
        self, a_range: tuple[float, float], height: int, width: int
    ) -> list[dict]:
        """Returns one input at each gain of a subrange: four photographs.

        Args:
            a_range: of the member.
            height: of its input, packed pixels.
            width: of its input.
        """
        return [
            next(self._tiles(gain, height, width)).inputs
            for gain in self.gains(a_range)
        ]

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


def of_crops(run: Run, pairs: list[tuple[dict, np.ndarray]]) -> "Reference":
    """Measures the member in float32 on calibration crops, as one gain.

    Args:
        run: the member.
        pairs: list of `(inputs, clean [1, h, w, 4])`.
    """
    tiles = [_Tile(inputs, [(np.s_[:, :], c[0])]) for inputs, c in pairs]
    return Reference({math.nan: [(tile, tile.psnrs(run)) for tile in tiles]})


@dataclasses.dataclass(frozen=True)
class Reference:
    """The tiles of each gain, with the PSNRs that float32 reaches on them."""

    tiles: dict

    def losses(self, run: Run) -> list[Loss]:
        """Returns the loss at each gain of what `run` computes."""
        losses = []
        for gain, tiles in self.tiles.items():
            ours = np.mean([s for t, _ in tiles for s in t.psnrs(run)], axis=0)
            theirs = np.mean([s for _, psnrs in tiles for s in psnrs], axis=0)
            losses.append(
                Loss(
                    gain,
                    float(ours[0]),
                    float(theirs[0] - ours[0]),
                    float(theirs[1] - ours[1]),
                )
            )
        return losses


@dataclasses.dataclass(frozen=True)
class _Tile:
    inputs: dict
    places: list  # (slices, clean [h, w, 4]) of each photograph.

    def psnrs(self, run: Run) -> list[tuple[float, float]]:
        """Returns the PSNR of all and of dark pixels of each photograph."""
        denoised = np.clip(run(self.inputs)[0], 0.0, 1.0)
        return [
            (
                psnr(denoised[where], clean),
                psnr(denoised[where], clean, regions.dark(clean)),
            )
            for where, clean in self.places
        ]


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


def record(losses: list[Loss], limit: float) -> dict:
    """Returns the manifest's entry of a measured recipe."""
    return {
        "limit_db": limit,
        # At no gain, neither over all pixels nor over the dark ones.
        "passed": all(loss.worst <= limit for loss in losses),
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
