"""Colour of the IMX258 under seven illuminants, from published tuning files.

Numbers of the camera tuning of three modules, Rockchip's ISP: white-balance
gains of red and blue (green 1), and the matrix from white-balanced camera RGB
to linear sRGB, whose rows sum to 1. Published tuning, no measurement of ours.

Sources: github.com/varzhou/hardware-rockchip-camera, commit 6479534, and
github.com/khadas/android_hardware_rockchip_camera, commit a4b1e6e; both
SiliconImage/isi/drv/IMX258*/calib/*.xml (2018). Their black levels are 256 and
257 of 4095, that is 64 of 1023.
"""

from typing import NamedTuple


class Illuminant(NamedTuple):
    """What a tuning file says of one light.

    Attributes:
        name: of the light.
        red: white-balance gain.
        blue: white-balance gain.
        rgb_from_cam: white-balanced camera RGB to linear sRGB, row by row.
    """

    name: str
    red: float
    blue: float
    rgb_from_cam: tuple[tuple[float, float, float], ...]


# All three modules have the same Horizon. Two of them have a D75 that is a copy
# of another module's D50, with more blue gain than their D65: theirs is left
# out.
# fmt: off
_HORIZON = Illuminant("Horizon", 0.9145, 2.5264, ((1.7329, 0.1156, -0.8485), (-0.6211, 2.1507, -0.5297), (-0.5677, -1.5678, 3.1355)))  # noqa: E501
_D75 = Illuminant("D75", 1.9452, 1.241, ((1.8563, -0.6141, -0.2423), (-0.2506, 1.6829, -0.4322), (-0.0356, -0.583, 1.6186)))  # noqa: E501

_MODULES = {
    "GEIR180235": (
        Illuminant("A", 1.1343, 2.5658, ((1.8259, -0.1921, -0.6338), (-0.6132, 2.1144, -0.5012), (-0.1055, -1.5331, 2.6386))),  # noqa: E501
        Illuminant("TL84", 1.4297, 2.0326, ((1.9384, -0.5771, -0.3614), (-0.4739, 1.7903, -0.3164), (-0.0992, -0.8497, 1.949))),  # noqa: E501
        Illuminant("CWF", 1.6275, 2.1725, ((2.3788, -1.0336, -0.3453), (-0.5623, 1.8049, -0.2426), (-0.1424, -0.7833, 1.9256))),  # noqa: E501
        Illuminant("D50", 1.7734, 1.5228, ((1.7575, -0.477, -0.2805), (-0.339, 1.4558, -0.1168), (-0.0746, -0.5365, 1.6111))),  # noqa: E501
        Illuminant("D65", 1.9848, 1.3599, ((1.8644, -0.6051, -0.2593), (-0.3166, 1.7646, -0.448), (-0.0809, -0.6103, 1.6912))),  # noqa: E501
    ),
    "GEIR180236": (
        Illuminant("A", 1.1951, 2.5226, ((1.6766, -0.2081, -0.4685), (-0.5571, 1.9568, -0.3997), (-0.1095, -1.1052, 2.2147))),  # noqa: E501
        Illuminant("TL84", 1.3632, 1.8928, ((2.0637, -0.6148, -0.4489), (-0.6404, 2.0659, -0.4255), (-0.1651, -0.7662, 1.9312))),  # noqa: E501
        Illuminant("CWF", 1.612, 2.0975, ((2.4145, -1.0371, -0.3774), (-0.6943, 2.0055, -0.3113), (-0.1916, -0.7148, 1.9064))),  # noqa: E501
        Illuminant("D50", 1.8461, 1.5402, ((2.0504, -0.7184, -0.332), (-0.388, 1.6959, -0.3079), (-0.1398, -0.5007, 1.6405))),  # noqa: E501
        Illuminant("D65", 1.9497, 1.3064, ((1.8783, -0.5481, -0.3302), (-0.3588, 1.8006, -0.4418), (-0.1134, -0.4247, 1.538))),  # noqa: E501
    ),
    "khadas": (
        Illuminant("A", 1.2215, 2.5269, ((1.7192, -0.1708, -0.5483), (-0.5756, 2.0186, -0.443), (-0.1182, -1.1264, 2.2447))),  # noqa: E501
        Illuminant("TL84", 1.4498, 2.0702, ((1.8628, -0.4774, -0.3854), (-0.4802, 1.7394, -0.2592), (-0.1222, -0.6996, 1.8218))),  # noqa: E501
        Illuminant("CWF", 1.7222, 2.1292, ((2.2086, -0.8719, -0.3367), (-0.516, 1.7254, -0.2094), (-0.1432, -0.5531, 1.6962))),  # noqa: E501
        Illuminant("D50", 1.5507, 1.6425, ((2.0269, -0.7102, -0.3167), (-0.3774, 1.9414, -0.5639), (-0.0776, -0.5749, 1.6524))),  # noqa: E501
        Illuminant("D65", 2.0443, 1.283, ((1.9483, -0.6019, -0.3465), (-0.33, 1.7669, -0.4369), (-0.1156, -0.3673, 1.483))),  # noqa: E501
    ),
}
# fmt: on

MODULES = {
    name: {light.name: light for light in (_HORIZON, *lights, _D75)}
    for name, lights in _MODULES.items()
}

# From red to blue light. White balances lie on this curve; where there are two
# lights, fluorescent ones, it is as wide as they are apart.
CURVE = (("Horizon",), ("A",), ("TL84", "CWF"), ("D50",), ("D65",), ("D75",))
