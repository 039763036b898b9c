"""The halo: how much of a tile's edge is thrown away, chosen by its error.

A tile's outer pixels see zeros where the frame goes on. How far that reaches is
known in two ways:

    exact       from the layers: further in, nothing changes at all. It follows
                the largest path, and most of that path carries next to nothing
    measured    from photographs: how much the pixels at each distance change

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

TOLERANCE = 0.05  # Largest error, in deviations of the noise.
# A step along a whole edge is seen earlier than an error of one pixel. 0.01
# deviations are half a level of 255 in black, where an sRGB curve is steepest,
# at gain 64 of the IMX258's stand-in: 12.92 * 255 * 0.01 * sqrt(3.2e-4) = 0.6.
_SEAM_SHARE = 0.2
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
    run: Run, tiles: Iterable[dict], stride: int, exact: int
) -> list[Row]:
    """Measures the halos up to the exact one, as far as the tile allows.

    Args:
        run: the member in float32.
        tiles: inputs by name, `noisy` of `[1, h, w, 4]`, all of one size.
        stride: of the network; halos are multiples of half of it.
        exact: the halo that the layers give.

    Returns:
        A row for each halo, in rising order; none if the tile is too small.
    """
    step = max(stride // 2, 1)
    corners = np.concatenate([_corners(run, t, stride) for t in tiles])
    # The outermost line of the rolled tile's reach is not looked at.
    halos = range(step, min(corners.shape[1] - step, exact) + 1, step)
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


def choose(tables: list[list[Row]], tolerance: float, exact: int) -> int:
    """Returns the smallest halo that is within the tolerance in every member.

    Args:
        tables: of each member.
        tolerance: largest error, in deviations of the noise; a seam may err by
            a fifth of it.
        exact: the halo that the layers give, where no smaller one serves.
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
        exact: the halo that the layers give.
    """
    rows = [
        {
            name: value if name == "halo" else _rounded(value)
            for name, value in dataclasses.asdict(row).items()
        }
        for row in table
    ]
    return {"exact": exact, "tolerance": tolerance, "table": rows}


def _rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}") if math.isfinite(value) else value
