"""Colour of a camera: the settings that unprocessing and the ISP share."""

import dataclasses
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from fanet_tf.data import imx258_colour
from fanet_tf.data.imx258_colour import Illuminant
from fanet_tf.errors import InputError
from fanet_tf.raw import isp

# XYZ to camera RGB of the four cameras of the Darmstadt Noise Dataset, as
# published with Brooks et al. 2019 (unprocess.py, `random_ccm`).
_DND_XYZ_TO_CAM = (
    ((1.0234, -0.2969, -0.2266), (-0.5625, 1.6328, -0.0469), (-0.0703, 0.2188, 0.6406)),  # noqa: E501
    ((0.4913, -0.0541, -0.0202), (-0.6130, 1.3513, 0.2906), (-0.1564, 0.2151, 0.7183)),  # noqa: E501
    ((0.8380, -0.2630, -0.0639), (-0.2887, 1.0725, 0.2496), (-0.0627, 0.1427, 0.5438)),  # noqa: E501
    ((0.6596, -0.2079, -0.0562), (-0.4782, 1.3016, 0.1933), (-0.0970, 0.1581, 0.5181)),  # noqa: E501
)  # fmt: skip


class Camera(Protocol):
    """What a camera does to colour.

    Attributes:
        name: of the camera or sensor.
        rgb_gain: mean and deviation of `1 / brightness gain`.
    """

    name: str
    rgb_gain: tuple[float, float]

    @property
    def num_draws(self) -> int:
        """Returns how many uniform draws the colour of a crop takes."""

    def colours(self, uniform, xp=np):
        """Draws colours of crops.

        Args:
            uniform: draws in 0..1, `[num_draws, B]` float32.
            xp: namespace of the arrays.

        Returns:
            Linear sRGB to camera RGB `[B, 3, 3]`, whose rows sum to 1, and the
            white-balance gains of red and blue, each `[B]`.
        """

    def typical(self):
        """Returns `(cam_from_rgb [3, 3], rgb, red, blue gain)`, the middle.

        Fixed, so that evaluation sees the same camera in every run.
        """


@dataclasses.dataclass(frozen=True)
class BoxCamera:
    """A camera whose gains are drawn from ranges, independently.

    Attributes:
        name: of the camera or sensor.
        xyz_to_cam: ColorMatrices; training draws convex mixtures of them.
        red_gain: lowest and highest white-balance gain of red.
        blue_gain: lowest and highest white-balance gain of blue.
        rgb_gain: mean and deviation of `1 / brightness gain`.
    """

    name: str
    xyz_to_cam: tuple
    red_gain: tuple[float, float]
    blue_gain: tuple[float, float]
    rgb_gain: tuple[float, float] = (0.8, 0.1)

    def cam_from_rgb(self):
        """Returns `[n, 3, 3]`: linear sRGB to camera RGB, rows sum to 1."""
        return np.stack([isp.cam_from_rgb(m) for m in self.xyz_to_cam])

    @property
    def num_draws(self) -> int:
        """Returns how many uniform draws the colour of a crop takes."""
        return len(self.xyz_to_cam) + 2

    def colours(self, uniform, xp=np):
        """Draws colours of crops; see `Camera`."""
        cam_from_rgb = xp.einsum(
            "nb,nij->bij", _mixture(uniform[:-2], xp), self.cam_from_rgb()
        )
        red = _between(uniform[-2], self.red_gain)
        return cam_from_rgb, red, _between(uniform[-1], self.blue_gain)

    def typical(self):
        """Returns the middle; see `Camera`."""
        matrix = self.cam_from_rgb().mean(axis=0)
        return (
            matrix,
            1.0 / self.rgb_gain[0],
            sum(self.red_gain) / 2.0,
            sum(self.blue_gain) / 2.0,
        )


@dataclasses.dataclass(frozen=True)
class IlluminantCamera:
    """A camera whose matrix and gains follow the light, as in tuning files.

    Each crop draws a place on a curve of illuminants, uniform from one to the
    next, and a mixture of modules; matrix and both gains belong together.

    Attributes:
        name: of the camera or sensor.
        modules: module -> name of an illuminant -> `Illuminant`.
        curve: names of the illuminants from red to blue; where there are two,
            a crop draws its place between them.
        middle: the illuminant of evaluation.
        rgb_gain: mean and deviation of `1 / brightness gain`.
    """

    name: str
    modules: Mapping[str, Mapping[str, Illuminant]]
    curve: tuple[tuple[str, ...], ...]
    middle: str
    rgb_gain: tuple[float, float] = (0.8, 0.1)

    def __post_init__(self):
        if not all(1 <= len(names) <= 2 for names in self.curve):
            raise ValueError(
                "A place of `curve` must have one or two illuminants. "
                f"Received: {self.curve}"
            )

    def _table(self):
        """Returns `[module, illuminant, 11]`: matrix, red and blue gain."""
        names = [name for place in self.curve for name in place]
        return np.float32(
            [
                [_numbers(module[name]) for name in names]
                for module in self.modules.values()
            ]
        )

    @property
    def num_draws(self) -> int:
        """Returns how many uniform draws the colour of a crop takes."""
        return 2 + len(self.modules)

    def colours(self, uniform, xp=np):
        """Draws colours of crops; see `Camera`."""
        place = uniform[0] * float(len(self.curve) - 1)
        weights = []
        for index, names in enumerate(self.curve):
            near = xp.maximum(1.0 - xp.abs(place - float(index)), 0.0)
            if len(names) == 1:
                weights.append(near)
            else:
                weights += [near * (1.0 - uniform[1]), near * uniform[1]]
        drawn = xp.einsum(
            "mb,nb,mnf->bf",
            _mixture(uniform[2:], xp),
            xp.stack(weights),
            self._table(),
        )
        matrix = xp.reshape(drawn[:, :9], (-1, 3, 3))
        return matrix, drawn[:, 9], drawn[:, 10]

    def typical(self):
        """Returns the mean module under the middle light; see `Camera`."""
        numbers = np.mean(
            [_numbers(module[self.middle]) for module in self.modules.values()],
            axis=0,
        )
        matrix = np.float32(numbers[:9].reshape(3, 3))
        return matrix, 1.0 / self.rgb_gain[0], *map(float, numbers[9:])


def _numbers(light: Illuminant):
    """Returns linear sRGB to camera RGB, row by row, and both gains."""
    matrix = np.linalg.inv(np.float64(light.rgb_from_cam))
    matrix /= matrix.sum(axis=1, keepdims=True)  # The file has four digits.
    return [*matrix.ravel(), light.red, light.blue]


def _mixture(uniform, xp):
    """Returns weights of a convex mixture, `[n, B]`."""
    weights = uniform + 1e-6
    return weights / xp.sum(weights, axis=0)


def _between(uniform, limits):
    low, high = limits
    return low + uniform * np.float32(high - low)


CAMERAS: dict[str, Camera] = {
    # The colours of the DND's cameras, and white balances wider than Brooks et
    # al.'s on both sides, since phones meet tungsten light (low red gain, high
    # blue gain) more often. What the figures of the shipped array are measured
    # with, so it stays as it is.
    "imx258": BoxCamera("Sony IMX258", _DND_XYZ_TO_CAM, (1.4, 2.4), (1.4, 2.4)),
    # Published tuning of the sensor itself.
    "imx258_tuned": IlluminantCamera(
        "Sony IMX258, published tuning",
        imx258_colour.MODULES,
        imx258_colour.CURVE,
        middle="D50",
    ),
    # Brooks et al. 2019.
    "dnd": BoxCamera("DND", _DND_XYZ_TO_CAM, (1.9, 2.4), (1.5, 1.9)),
}


def get(name: str) -> Camera:
    """Returns a camera by name."""
    if name not in CAMERAS:
        raise InputError(
            f"A camera must be one of {', '.join(CAMERAS)}. Received: {name!r}"
        )
    return CAMERAS[name]
