"""One RAW frame: counts, levels, colours and the metadata to carry over."""

import dataclasses
from typing import NamedTuple

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import black
from fanet_tf.files import limits
from fanet_tf.files import tiff
from fanet_tf.raw import cfa
from fanet_tf.raw import isp
from fanet_tf.raw import levels

# The colours of a camera we know nothing about: it sees as sRGB does.
SRGB_COLOR_MATRIX = isp.RGB_FROM_XYZ


class Shot(NamedTuple):
    """How a frame was taken, as far as its decoder tells; 0 or empty if not.

    Attributes:
        seconds: of exposure.
        f_number: of the aperture.
        focal_mm: focal length.
        time: `YYYY:MM:DD HH:MM:SS` of the camera's clock.
    """

    seconds: float = 0.0
    f_number: float = 0.0
    focal_mm: float = 0.0
    time: str = ""


@dataclasses.dataclass(frozen=True)
class RawImage:
    """One Bayer frame as its file holds it.

    Attributes:
        mosaic: `[H, W]` sensor counts with all masked borders, uint16; or
            float32 from a `.npy`.
        pattern: CFA pattern at the upper left corner of `active`.
        black_level: counts of R, Gr, Gb, B that are black.
        black_offsets: what black adds to its level from place to place of the
            active area, or None.
        white_level: counts that are white (saturated).
        active: `(top, left, bottom, right)`, the part with a picture in it.
        color_matrix: `[3, 3]` XYZ to camera RGB (DNG ColorMatrix), or None.
        neutral: camera RGB of white, green 1 (DNG AsShotNeutral), or None.
        noise: `(a, b)` of the file's NoiseProfile, in units where black is 0
            and white is 1; or None.
        noise_fault: why a NoiseProfile that is there cannot be used, or empty.
        iso: the camera's label, or None.
        orientation: EXIF orientation, 1..8.
        exposure: DNG BaselineExposure, in stops; how much brighter the
            picture is meant to be shown.
        make: of the camera.
        model: of the camera.
        shot: how it was taken, for files whose EXIF is not read.
        source: the tags of the file it came from, to carry over; or None.
        is_dng: whether `source` are the tags of a DNG.
    """

    mosaic: np.ndarray
    pattern: str
    black_level: tuple[float, float, float, float]
    white_level: float
    active: tuple[int, int, int, int] | None = None
    color_matrix: np.ndarray | None = None
    neutral: tuple[float, float, float] | None = None
    noise: tuple[float, float] | None = None
    noise_fault: str = ""
    black_offsets: black.BlackOffsets | None = None
    iso: float | None = None
    orientation: int = 1
    exposure: float = 0.0
    make: str = ""
    model: str = ""
    shot: Shot = Shot()
    source: tiff.Tiff | None = None
    is_dng: bool = False

    def __post_init__(self):
        if self.mosaic.ndim != 2 or not all(
            1 <= side <= limits.MAX_SIDE for side in self.mosaic.shape
        ):
            raise InputError(
                "A mosaic must be [H, W] with sides of 1 to "
                f"{limits.MAX_SIDE}. Received: shape={self.mosaic.shape}"
            )
        height, width = self.mosaic.shape
        if self.active is None:
            object.__setattr__(self, "active", (0, 0, height, width))
        top, left, bottom, right = self.active
        if not (0 <= top < bottom <= height and 0 <= left < right <= width):
            raise InputError(
                "The active area must lie in the mosaic. Received: "
                f"active={self.active}, shape={self.mosaic.shape}"
            )
        if self.pattern not in cfa.PATTERNS:
            raise InputError(
                "The colour filter array must be a Bayer pattern, one of "
                f"{', '.join(cfa.PATTERNS)}. Received: {self.pattern!r}"
            )
        if len(self.black_level) == 1:
            object.__setattr__(self, "black_level", 4 * (self.black_level[0],))
        lowest = 0.0 if self.mosaic.dtype == np.uint16 else -1e9
        if len(self.black_level) != 4 or not all(
            lowest <= b < self.white_level < 1e10 for b in self.black_level
        ):
            raise InputError(
                "Black levels must be four counts below the white level. "
                "Received: "
                f"black_level={self.black_level}, "
                f"white_level={self.white_level}"
            )

    @property
    def visible(self) -> np.ndarray:
        """The active part of the mosaic, a view."""
        top, left, bottom, right = self.active
        return self.mosaic[top:bottom, left:right]

    def normalized(self) -> np.ndarray:
        """Returns the active part, 0 = black and 1 = white, float32."""
        height, width = self.visible.shape
        here = levels.level_map(
            self.black_level, cfa.cell(self.pattern), height, width
        )[0, :, :, 0]
        if self.black_offsets is not None:
            everywhere = slice(None)
            here += self.black_offsets.at(everywhere, everywhere)
        return levels.normalize(
            self.visible, here, np.float32(self.white_level)
        ).astype(np.float32)

    def cropped(self, rows: slice, columns: slice) -> "RawImage":
        """Returns a part of the active area, and what is masked around it.

        Args:
            rows: of the active area.
            columns: likewise.
        """
        top, left = self.active[:2]
        height, width = self.visible.shape
        (y, bottom, _), (x, right, _) = (
            rows.indices(height),
            columns.indices(width),
        )
        offsets = self.black_offsets
        if offsets is not None:
            offsets = offsets.cropped(slice(y, bottom), slice(x, right))
        return dataclasses.replace(
            self,
            active=(top + y, left + x, top + bottom, left + right),
            pattern=cfa.shift_pattern(self.pattern, y, x),
            black_offsets=offsets,
        )

    def with_one_black(self) -> "RawImage":
        """Returns the frame without black offsets: as float32, if it has any.

        Its pixels keep their place between black and white.
        """
        if self.black_offsets is None:
            return self
        height, width = self.visible.shape
        level = levels.level_map(
            self.black_level, cfa.cell(self.pattern), height, width
        )[0, :, :, 0]
        x = self.normalized()
        mosaic = self.mosaic.astype(np.float32)
        top, left, bottom, right = self.active
        mosaic[top:bottom, left:right] = levels.denormalize(
            x, level, np.float32(self.white_level)
        )
        return dataclasses.replace(self, mosaic=mosaic, black_offsets=None)

    def with_mosaic(self, visible, factor: int = 1, **changes) -> "RawImage":
        """Returns the frame with another active part.

        Args:
            visible: `[H, W]` counts, `factor` times those of `self`.
            factor: of finer counts; masked borders and levels grow with it.
            **changes: other fields.
        """
        mosaic = visible
        if visible.shape != self.mosaic.shape:
            top, left, bottom, right = self.active
            mosaic = np.minimum(
                self.mosaic.astype(visible.dtype), 65535 // factor
            )
            mosaic *= visible.dtype.type(factor)
            mosaic[top:bottom, left:right] = visible
        offsets = self.black_offsets
        levels_now = {
            "black_level": tuple(factor * n for n in self.black_level),
            "black_offsets": offsets and offsets.scaled(factor),
            "white_level": factor * self.white_level,
        }
        return dataclasses.replace(
            self, mosaic=mosaic, **{**levels_now, **changes}
        )
