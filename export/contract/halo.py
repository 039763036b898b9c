"""The halo: how much of a tile's edge is thrown away, chosen by its error.

A tile's outer pixels see zeros where the frame goes on. How far that reaches is
known in two ways:

    reach       from the layers, with random weights: further in, nothing
                changes at all. It follows the largest path, and most of that
                path carries next to nothing
    measured    from photographs: how much the pixels at each distance change

Trained weights of a very deep network can carry farther than random ones, so
the exact halo is the reach or what photographs show, whichever is larger.

The measurement takes one tile and no larger network. Rolled by half its side, a
tile shows in its middle what lay in its corners, so there

    error = denoise(tile) - unroll(denoise(roll(tile)))

is what the missing neighbours cost, up to a quarter of the side from the edges:
the edges of the rolled tile are as far away. Errors are in deviations of the
noise at that brightness, `sqrt(a x + b)`.
"""

import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from export.contract.quality import Run
from fanet_tf.denoising import agreement
from fanet_tf.errors import InputError

TOLERANCE = 0.05  # Largest error, in deviations of the noise.
# A step along a whole edge is seen earlier than an error of one pixel. 0.01
# deviations are half a level of 255 in black, where an sRGB curve is steepest,
# at gain 64 of the IMX258's stand-in: 12.92 * 255 * 0.01 * sqrt(3.2e-4) = 0.6.
_SEAM_SHARE = 0.2
# Deviations that only rounding leaves.
_NOTHING = 1e-3
_FEWEST = 2  # Tiles must be large enough for this many candidates.


@dataclasses.dataclass(frozen=True)
class Row:
    """What a halo costs, in deviations of the noise.

    Attributes:
        halo: packed pixels.
        largest: error of any value that is kept.
        p999: error that 99.9 % of the values in the outermost kept ring stay
            below; the ring is as wide as the step between halos.
        rms: of the errors in that ring.
        seam: largest mean error of the outermost kept line along an edge, of a
            plane: the step that the eye would follow.
    """

    halo: int
    largest: float
    p999: float
    rms: float
    seam: float

    def within(self, tolerance: float) -> bool:
        """Tells whether no value and no edge errs by more."""
        return (
            self.largest <= tolerance and self.seam <= _SEAM_SHARE * tolerance
        )


def measure(
    run: Run, tiles: Iterable[dict], stride: int, most: int = 1 << 16
) -> list[Row]:
    """Measures the halos, as far as the tile allows.

    Args:
        run: the member in float32.
        tiles: inputs by name, `noisy` of `[1, h, w, 4]`, all of one size.
        stride: of the network; halos are multiples of half of it.
        most: packed pixels; no larger halo is measured.

    Returns:
        A row for each halo, in rising order; none if the tile is too small.
    """
    step = max(stride // 2, 1)
    corners = np.concatenate([_corners(run, t, stride) for t in tiles])
    # The outermost line of the rolled tile's reach is not looked at.
    halos = range(step, min(corners.shape[1] - step, most) + 1, step)
    if len(halos) < _FEWEST:
        return []
    return [_row(corners, halo, step) for halo in halos]


def _corners(run, inputs, stride):
    """Returns the errors in the tile's corners, in deviations of the noise.

    `[4, side, side, 4]`, each turned so that its indices are the distances to
    the two edges.
    """
    height, width = inputs["noisy"].shape[1:3]
    # By multiples of the stride, so that the pyramids' blocks stay.
    shift = [size // 2 // stride * stride for size in (height, width)]
    rolled = np.roll(inputs["noisy"], shift, (1, 2))
    back = [-s for s in shift]
    deep = np.roll(run({**inputs, "noisy": rolled}), back, (1, 2))
    scale, offset = (np.ravel(inputs[name])[0] for name in ("scale", "offset"))
    error = agreement.error(run(inputs), deep, scale, offset)[0]
    side = min(height, width) // 4
    return np.stack(
        [
            error[::rows, ::columns][:side, :side]
            for rows in (1, -1)
            for columns in (1, -1)
        ]
    )


def _row(corners, halo, step) -> Row:
    kept = corners[:, halo:, halo:]
    # The outermost ring of what is kept.
    place = np.arange(kept.shape[1])
    ring = np.abs(kept[:, np.minimum.outer(place, place) < step])
    along = (kept[:, 0].mean(axis=1), kept[:, :, 0].mean(axis=1))
    return Row(
        halo,
        float(np.abs(kept).max()),
        float(np.quantile(ring, 0.999)),
        float(np.sqrt(np.mean(np.square(ring)))),
        float(np.abs(along).max()),
    )


def exact(tables: list[list[Row]], reach: int) -> int:
    """Returns the halo beyond which nothing changes, as far as tiles show it.

    Args:
        tables: of each member.
        reach: of the layers with random weights.
    """
    shown = [table[-1].halo for table in tables if table]
    beyond = max([reach, *shown])
    return max(reach, choose(tables, _NOTHING, beyond))


def check(tables: list[list[Row]], halo: int, tolerance: float | None) -> None:
    """Refuses a halo that was measured and errs by more.

    Args:
        tables: of each member.
        halo: that was chosen.
        tolerance: that it was chosen by; None: nothing may change.

    Raises:
        InputError: no halo that the tile can show is within the tolerance.
    """
    limit = _NOTHING if tolerance is None else tolerance
    for table in tables:
        for row in table:
            # What is not finite has a gate of its own.
            finite = math.isfinite(row.largest)
            if row.halo == halo and finite and not row.within(limit):
                raise InputError(
                    "`tile` must be so large that the network's halo fits in "
                    "a quarter of it, or `halo_tolerance` larger. Received: "
                    f"errors of up to {row.largest:.3g} deviations of the "
                    f"noise, {row.halo} packed pixels from the edge"
                )


def choose(tables: list[list[Row]], tolerance: float, exact: int) -> int:
    """Returns the smallest halo that is within the tolerance in every member.

    Args:
        tables: of each member.
        tolerance: largest error, in deviations of the noise; a seam may err by
            a fifth of it.
        exact: the halo where no smaller one serves.
    """
    chosen = 0
    for table in tables:
        fitting = [exact]
        for row in reversed(table):
            if not row.within(tolerance):
                break
            fitting.append(row.halo)
        chosen = max(chosen, fitting[-1])
    return chosen


def record(table: list[Row], tolerance: float | None, exact: int) -> dict:
    """Returns the manifest's entry of a member.

    Args:
        table: of `measure`.
        tolerance: that the halo was chosen by; None: it is the exact one.
        exact: of `exact`; larger halos are left out.
    """
    rows = [
        {
            name: value if name == "halo" else _rounded(value)
            for name, value in dataclasses.asdict(row).items()
        }
        for row in table
        if row.halo <= exact
    ]
    return {"exact": exact, "tolerance": tolerance, "table": rows}


def _rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}") if math.isfinite(value) else value
