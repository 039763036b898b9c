"""What the DNGs of the corpus are like: layout x coding x levels x metadata."""

import dataclasses
import functools

import numpy as np
from hypothesis import strategies as st

from fanet_tf.raw import cfa

INTEGERS = ("packed", "jpeg", "deflate", "difference", "table")
FLOATS = ("float", "3", "34894", "34895")
BLACKS = ("zero", "one", "four", "2x2", "rows", "columns", "both", "4x4", "all")
_BITS = {
    "packed": (8, 10, 12, 14, 16),
    "jpeg": (10, 12, 14, 16),
    "deflate": (8, 16, 32),
    "difference": (8, 16, 32),
    "table": (8,),
} | dict.fromkeys(FLOATS, (16, 24, 32))


@functools.lru_cache(maxsize=1)
def table():
    """A LinearizationTable: finer steps in the dark, as the eye wants."""
    return np.arange(256) ** 2 // 16


@dataclasses.dataclass(frozen=True)
class Case:
    """What a DNG is like.

    Attributes:
        seed: of its noise and its levels.
        size: of the active area, `[H, W]`.
        margins: masked rows above, columns left, rows below, columns right.
        pattern: at the corner of the active area.
        order: of the bytes.
        place: of the mosaic's table: `main`, `sub` (a SubIFD beside an RGB
            thumbnail) or `preview` (one beside a smaller mosaic).
        parts: `whole`, `strips` or `tiles`.
        coding: one of `INTEGERS` or `FLOATS`.
        bits: of a pixel.
        components: of a lossless JPEG.
        predictor: of a lossless JPEG.
        white: white level as a part of what the bits can hold.
        black: one of `BLACKS`.
        noise: `(a, b)`, with 0 = black and 1 = white.
        pairs: how many pairs the NoiseProfile has; 0 leaves it out.
        orientation: EXIF's.
        illuminants: how many sets of colour matrices there are, 1 to 3.
        neutral: `gains` (AsShotNeutral), `xy` (AsShotWhiteXY) or `none`.
        plane_colour: CFAPlaneColor.
    """

    seed: int = 0
    size: tuple[int, int] = (208, 240)
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)
    pattern: str = "RGGB"
    order: str = "<"
    place: str = "main"
    parts: str = "whole"
    coding: str = "packed"
    bits: int = 16
    components: int = 2
    predictor: int = 1
    white: float = 1.0
    black: str = "one"
    noise: tuple[float, float] = (1e-3, 1e-5)
    pairs: int = 1
    orientation: int = 1
    illuminants: int = 1
    neutral: str = "gains"
    plane_colour: tuple[int, int, int] = (0, 1, 2)

    @property
    def shape(self) -> tuple[int, int]:
        """Of the mosaic with its masked borders."""
        top, left, bottom, right = self.margins
        return self.size[0] + top + bottom, self.size[1] + left + right

    @property
    def active(self) -> tuple[int, int, int, int]:
        """The ActiveArea."""
        top, left = self.margins[:2]
        return top, left, top + self.size[0], left + self.size[1]

    @property
    def white_level(self) -> int:
        """In counts."""
        if self.coding in FLOATS:
            return 1 if self.white < 0.8 else 4095
        if self.coding == "table":
            return round(self.white * table()[-1])
        return round(self.white * ((1 << self.bits) - 1))

    def plain(self) -> "Case":
        """Returns the same picture as LibRaw reads it without fault.

        In 16 bits, as LibRaw rounds black to whole counts. Where an active area
        begins at an odd place, LibRaw takes the black of a neighbour, in every
        integer DNG; from other counts one of a single black is written.
        """
        is_converted = self.coding in FLOATS or self.bits == 32
        return dataclasses.replace(
            self,
            place="main",
            parts="whole",
            coding="packed",
            bits=16,
            white=1.0,
            black="one" if is_converted else self.black,
            plane_colour=(0, 1, 2),
        )


@st.composite
def cases(draw, codings=INTEGERS + FLOATS):
    """Draws a `Case`; only combinations that DNG allows."""

    def one_of(*values):
        return draw(st.sampled_from(values))

    coding = one_of(*codings)
    margin = st.sampled_from((0, 1, 2, 7, 16))
    return Case(
        seed=draw(st.integers(0, 99)),
        size=(draw(st.integers(200, 240)), draw(st.integers(200, 240))),
        margins=draw(st.tuples(margin, margin, margin, margin)),
        pattern=one_of(*cfa.PATTERNS),
        order=one_of("<", ">"),
        place=one_of("main", "sub", "preview"),
        parts=one_of("whole", "strips", "tiles"),
        coding=coding,
        bits=one_of(*_BITS[coding]),
        components=one_of(1, 2),
        predictor=one_of(1, 6),
        white=one_of(1.0, 0.9375, 0.75),
        black=one_of(*BLACKS),
        noise=one_of((3e-4, 3e-6), (1e-3, 1e-5), (3e-3, 6e-5)),
        pairs=one_of(0, 1, 3),
        orientation=draw(st.integers(1, 8)),
        illuminants=one_of(1, 2, 3),
        neutral=one_of("gains", "xy", "none"),
        plane_colour=one_of((0, 1, 2), (1, 0, 2)),
    )
