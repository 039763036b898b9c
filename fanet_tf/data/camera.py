"""Colour of a camera: the settings that unprocessing and the ISP share."""

import dataclasses

import numpy as np

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


@dataclasses.dataclass(frozen=True)
class Camera:
    """What a camera does to colour.

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

    def typical(self):
        """Returns `(cam_from_rgb [3, 3], rgb, red, blue gain)`, the middle.

        Fixed, so that evaluation sees the same camera in every run.
        """
        matrix = self.cam_from_rgb().mean(axis=0)
        return (
            matrix,
            1.0 / self.rgb_gain[0],
            sum(self.red_gain) / 2.0,
            sum(self.blue_gain) / 2.0,
        )


# Brooks et al. 2019: 1.9..2.4 and 1.5..1.9. No white balance of an IMX258 is
# public; its range here is wider on both sides, since phones meet tungsten
# light (low red gain, high blue gain) more often than the DND's cameras.
CAMERAS = {
    "imx258": Camera("Sony IMX258", _DND_XYZ_TO_CAM, (1.4, 2.4), (1.4, 2.4)),
    "dnd": Camera("DND", _DND_XYZ_TO_CAM, (1.9, 2.4), (1.5, 1.9)),
}


def get(name: str) -> Camera:
    """Returns a camera by name."""
    if name not in CAMERAS:
        raise InputError(
            f"A camera must be one of {', '.join(CAMERAS)}. Received: {name!r}"
        )
    return CAMERAS[name]
