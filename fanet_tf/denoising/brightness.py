"""Keeps the mean brightness of each plane of a frame.

Noise has no mean, so what a network takes away must have none either. A
trained network comes near to that: what it takes has a mean of some hundredths
of the noise's deviation, the same at every brightness (it works in the
stabilised domain), which in the shadows of a high gain is a per cent. Here
that one number is measured for each plane over the whole frame and put back:

    x + shift sqrt(a x + b)

It is one number a plane and a frame: it cannot make seams, restore noise, or
follow the picture.
"""

import collections

import numpy as np

_BLOCK = 8  # Packed pixels a side.
CELL = 2 * _BLOCK  # Sensor pixels.
_MIN_BLOCKS = 64
# Blocks nearer than this to where values are clipped are left out: clipped
# noise has a mean of its own. In deviations of the noise.
_CLEARANCE = 4.0
# A network that is further off is wrong in another way.
_MAX_SHIFT = 0.25
# A saturated value, once it was divided by its gain and multiplied again.
_ROUNDING = 1e-6


def _deviation(x, a, b, gain=1.0):
    return np.sqrt(gain * (a * np.maximum(x, 0.0) + b * gain))


def _means(x):
    """Returns the means of the blocks of `[h, w, 4]`."""
    height, width = (n // _BLOCK for n in x.shape[:2])
    x = x[: height * _BLOCK, : width * _BLOCK]
    x = x.reshape(height, _BLOCK, width, _BLOCK, 4)
    # As `x.mean((1, 3))` adds them, bit by bit, in a third of its time.
    total = np.zeros((height, width, 4), x.dtype)
    for row, column in np.ndindex(_BLOCK, _BLOCK):
        total += x[:, row, :, column]
    return total / (_BLOCK * _BLOCK)


class Brightness:
    """Measures what was taken from a frame, and puts its mean back.

    Args:
        a: shot-noise slope.
        b: read-noise variance.
        floor: value below which the frame is clipped, for each plane; minus
            infinity where it is not.
    """

    def __init__(self, a: float, b: float, floor):
        self._noise = (a, b)
        self._floor = np.asarray(floor)
        self._taken = np.zeros(4)
        self._deviations = np.zeros(4)
        self._blocks = np.zeros(4, int)
        self._used = collections.deque()  # Blocks, to be compared.

    def see(self, noisy: np.ndarray, white: np.ndarray | float = 1.0) -> None:
        """Takes a part of the noisy frame in, `[h, w, 4]`.

        It begins a whole number of blocks from the frame's corner, so that
        the result does not depend on how the frame is cut. Blocks that are not
        whole are left out.

        Args:
            noisy: as the sensor saw it, before any shading correction.
            white: where it is saturated.
        """
        before = _means(noisy)
        deviation = _deviation(before, *self._noise)
        clearance = _CLEARANCE * deviation
        if isinstance(white, np.ndarray):
            white = _means(white)
        used = (before - clearance > self._floor) & (before + clearance < white)
        self._used.append(used)
        self._taken += np.sum(before * used, (0, 1), np.float64)
        self._deviations += np.sum(deviation * used, (0, 1), np.float64)
        self._blocks += np.sum(used, (0, 1))

    def compare(self, denoised: np.ndarray) -> None:
        """Takes a part of the result in, in the order of `see`."""
        used = self._used.popleft()
        self._taken -= np.sum(_means(denoised) * used, (0, 1), np.float64)

    def shifts(self) -> np.ndarray:
        """Returns what to put back, `[4]`, in deviations of the noise.

        Zero for a plane of which too little was seen.
        """
        enough = self._blocks >= _MIN_BLOCKS
        shifts = self._taken / np.where(enough, self._deviations, 1.0)
        return np.clip(np.where(enough, shifts, 0.0), -_MAX_SHIFT, _MAX_SHIFT)

    def restore(self, x, plane: int, gain: np.ndarray | float = 1.0):
        """Returns values of a plane with the mean put back.

        Saturated values stay, and no other becomes saturated.

        Args:
            x: as they are in the file.
            plane: 0..3 of R, Gr, Gb, B.
            gain: the shading correction that they hold.
        """
        shift = self.shifts()[plane]
        moved = x + shift * _deviation(x, *self._noise, gain)
        return np.where(x < 1.0 - _ROUNDING, np.minimum(moved, 1.0), x)


def floor_of(mosaic, places) -> list[float]:
    """Returns the value each plane is clipped at, in the mosaic's units.

    A plane is taken for clipped where more than one pixel in a thousand
    stands exactly at its minimum, and it is not flat.

    Args:
        mosaic: `[H, W]`.
        places: `(row, column)` of each plane in the 2 x 2 cell.
    """
    floors = []
    for row, column in places:
        plane = mosaic[row::2, column::2]
        floor = -np.inf
        if plane.size:
            lowest = plane.min()
            there = np.count_nonzero(plane == lowest)
            if max(5, 1e-3 * plane.size) < there < plane.size:
                floor = float(lowest)
        floors.append(floor)
    return floors
