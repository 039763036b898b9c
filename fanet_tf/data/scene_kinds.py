"""Kinds of scenes that an evaluation judges apart, all made of photographs.

A photograph of a test set was scaled down and exposed for the eye: it is twice
as sharp as a frame of a phone and several times as bright as one at night. A
denoiser that leads on photographs need not lead there, so each kind gets its
own figures.
"""

import dataclasses

import cv2
import numpy as np

from fanet_tf.errors import InputError


@dataclasses.dataclass(frozen=True)
class SceneKind:
    """What lens and light make of a photograph before the sensor sees it.

    Attributes:
        name: of the kind.
        blur: deviation of a Gaussian in pixels of the sensor, in linear light
            before the colour filter; 0: none.
        exposure: factor on the RAW values.
    """

    name: str
    blur: float = 0.0
    exposure: float = 1.0

    def __str__(self):
        blur = f"blur of {self.blur:g} pixels" if self.blur else "no blur"
        return f"{self.name}: {blur}, exposure {self.exposure:g}"

    def soften(self, linear):
        """Blurs linear RGB `[H, W, 3]` as a lens does, mirrored at edges."""
        if not self.blur:
            return linear
        return cv2.GaussianBlur(
            linear, (0, 0), self.blur, borderType=cv2.BORDER_REFLECT_101
        )

    def expose(self, packed):
        """Returns packed RAW `[h, w, 4]` with less light."""
        return packed * np.float32(self.exposure)


# Blur of 1 pixel: the sharpness `D(1) / D(8)` (benchmarks/sharpness.py) of
# photographs of CID22 falls from 0.05 ... 0.20 ... 0.50 (10 %, 50 %, 90 % of
# their parts) to 0.04 ... 0.10 ... 0.22; RAW frames as cameras and phones write
# them have 0.03 to 0.20.
KINDS = {
    kind.name: kind
    for kind in (
        SceneKind("photographs"),
        SceneKind("native", blur=1.0),
        SceneKind("dark", exposure=2.0**-2),
        SceneKind("night", blur=1.0, exposure=2.0**-4),
    )
}
AS_THEY_ARE = KINDS["photographs"]


def get(name: str) -> SceneKind:
    """Returns a kind by name."""
    if name not in KINDS:
        raise InputError(
            f"A kind of scenes must be one of {', '.join(KINDS)}. "
            f"Received: {name!r}"
        )
    return KINDS[name]
