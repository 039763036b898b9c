"""Lens and exposure, drawn for every crop: photographs made like a sensor's.

Photographs of a training set were scaled down from larger ones and exposed for
the eye. A phone's RAW frame is not: its lens spreads a point over a pixel or
two, and at night it is several stops under. `D(1) / D(8)` of the structure
function (`raw/sharpness.py`) is 0.03 to 0.2 in RAW frames of phones and cameras
and about 0.2 in photographs (`benchmarks/sharpness.py`).
"""

import dataclasses

import cv2
import numpy as np
import tensorflow as tf

from fanet_tf.errors import InputError

_REACH = 2.5  # Deviations of a Gaussian kernel that are kept.
_EDGE = cv2.BORDER_REFLECT_101  # As "REFLECT" of `tf.pad`.


@dataclasses.dataclass(frozen=True)
class Optics:
    """What is drawn for each crop; the defaults change nothing.

    Attributes:
        blur_share: share of the crops that are blurred.
        blur: lowest and highest deviation of the Gaussian, in pixels of the
            sensor; evenly in its logarithm.
        dark_share: share of the crops that are underexposed.
        dark_stops: fewest and most stops; evenly.
    """

    blur_share: float = 0.0
    blur: tuple[float, float] = (0.5, 2.5)
    dark_share: float = 0.0
    dark_stops: tuple[float, float] = (1.0, 5.0)

    def __post_init__(self):
        for name in ("blur_share", "dark_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(
                    f"`data.{name}` must lie in 0..1. "
                    f"Received: {getattr(self, name)}"
                )
        for name, least in (("blur", 0.1), ("dark_stops", 0.0)):
            low, high = getattr(self, name)
            if not least <= low <= high <= 10.0:
                raise InputError(
                    f"`data.{name}` must be two numbers in {least:g}..10, the "
                    f"lower first. Received: {(low, high)}"
                )

    def blurred(self, batch_size: int) -> int:
        """Returns how many crops of a batch are blurred: always the first.

        Crops are drawn at random, so their places are free; fixed ones save
        the others the work.
        """
        return round(self.blur_share * batch_size)

    def blur_cells(self, cells, uniform):
        """Blurs the first crops of a batch, as a lens does, before the CFA.

        Args:
            cells: `[B, h, w, 12]` linear, RGB of the four pixels of each cell.
            uniform: `[B]` draws in 0..1.
        """
        count = self.blurred(cells.shape[0])
        if not count:
            return cells
        deviation = self._deviation(uniform[:count], tf)
        image = tf.nn.depth_to_space(cells[:count], 2)
        image = _gaussian(image, deviation, self.blur[1])
        return tf.concat([tf.nn.space_to_depth(image, 2), cells[count:]], 0)

    def _deviation(self, uniform, xp):
        """Returns the Gaussians' deviations, of draws in 0..1."""
        low, high = np.log(self.blur).astype(np.float32)
        return xp.exp(low + uniform * (high - low))

    def exposure(self, uniform, xp=tf):
        """Returns the factor on each crop, `[B]` in 0..1.

        Args:
            uniform: `[2, B]` draws in 0..1.
            xp: `tf` or `numpy`.
        """
        low, high = self.dark_stops
        stops = low + uniform[0] * np.float32(high - low)
        return xp.where(uniform[1] < self.dark_share, 2.0**-stops, 1.0)

    def draw(self, linear, rng):
        """Blurs crops with NumPy and draws their exposures.

        Args:
            linear: `[B, H, W, 3]` float32 linear RGB.
            rng: `numpy.random.Generator`; without shares nothing is drawn.

        Returns:
            The crops, and the factor on each, `[B]` float32 in 0..1.
        """
        count = len(linear)
        if self.blur_share:
            deviation = self._deviation(rng.random(count), np)
            side = 2 * _radius(self.blur[1]) + 1
            linear = linear.copy()
            for crop in np.flatnonzero(rng.random(count) < self.blur_share):
                linear[crop] = cv2.GaussianBlur(
                    linear[crop],
                    (side, side),
                    deviation[crop],
                    borderType=_EDGE,
                )
        factor = np.ones(count, np.float32)
        if self.dark_share:
            factor = np.float32(self.exposure(rng.random((2, count)), np))
        return linear, factor


def _radius(deviation: float) -> int:
    """Returns how many pixels a kernel reaches to each side."""
    return int(np.ceil(_REACH * deviation))


def _gaussian(image, deviation, largest):
    """Blurs each of `[B, h, w, c]` with its deviation, mirrored at the edge.

    As products with a matrix for each crop and side: a sum over the taps of
    the kernel takes four times as long.
    """
    size, height, width, channels = image.shape
    image = tf.matmul(
        _blur_matrix(deviation, height, largest),
        tf.reshape(image, (size, height, width * channels)),
    )
    image = tf.reshape(image, (size, height, width, channels))
    image = tf.reshape(
        tf.transpose(image, (0, 2, 1, 3)), (size, width, height * channels)
    )
    image = tf.matmul(_blur_matrix(deviation, width, largest), image)
    image = tf.reshape(image, (size, width, height, channels))
    return tf.transpose(image, (0, 2, 1, 3))


def _blur_matrix(deviation, side, largest):
    """Returns `[B, side, side]`: what each pixel gives to each blurred one."""
    radius = _radius(largest)
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.exp(-0.5 * tf.square(offsets / deviation[:, None]))
    kernel /= tf.reduce_sum(kernel, axis=1, keepdims=True)
    # Row i has the taps about pixel i; mirrored pixels fold back.
    taps = np.arange(-radius, radius + 1) + np.arange(side)[:, None]
    pixels = (side - 1) - np.abs((side - 1) - np.abs(taps))
    places = np.eye(side, dtype=np.float32)[pixels]  # [side, taps, side]
    return tf.tensordot(kernel, places, ([1], [1]))


def of(data) -> Optics:
    """Returns the optics of a config's `data` section.

    A run may be older than the fields: nothing was drawn.
    """
    names = [field.name for field in dataclasses.fields(Optics)]
    return Optics(**{name: data[name] for name in names if name in data})
