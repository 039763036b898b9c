"""Corrects the defective pixels of a frame, before the network sees it.

A member takes a defective pixel for a star, and spreads it. `--defects` says
which pixels are corrected: those of a list, those that are found, or none.
"""

import dataclasses
import warnings
from collections.abc import Iterable

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import defect_list
from fanet_tf.files.defect_list import DefectList
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw import defect_correction
from fanet_tf.raw import defect_detection
from fanet_tf.raw.noisy_mosaic import NoisyMosaic
from fanet_tf.raw.shading import ShadingMap

AUTO, NONE = "auto", "none"


@dataclasses.dataclass(frozen=True)
class Corrected:
    """A frame without its defective pixels.

    Attributes:
        image: the frame.
        known: how many pixels of a list were corrected; None without a list.
        found: how many others; None where none were looked for.
    """

    image: RawImage
    known: int | None
    found: int | None

    def describe(self) -> str:
        """Returns how many pixels were corrected, in words; or nothing."""
        parts = []
        if self.known is not None:
            parts.append(f"{self.known} listed")
        if self.found is not None:
            parts.append(f"{self.found} found")
        return f"defective pixels corrected: {', '.join(parts)}" * bool(parts)


@dataclasses.dataclass(frozen=True)
class Correction:
    """Which defective pixels are corrected.

    Attributes:
        find: whether they are looked for in each frame.
        known: a list of those that are known.
    """

    find: bool = True
    known: DefectList | None = None

    def correct(
        self,
        image: RawImage,
        noise: tuple[float, float],
        shading: ShadingMap | None = None,
        in_place: bool = False,
    ) -> Corrected:
        """Corrects a frame.

        Args:
            image: the frame; masked borders are left alone.
            noise: `(a, b)`, before a shading correction.
            shading: the gains that it was multiplied by.
            in_place: may change the pixels of `image`; otherwise they stay as
                they are.

        Raises:
            InputError: the list is of another frame size.
        """
        if not self.find and self.known is None:
            return Corrected(image, None, None)
        if self.known is not None:
            self.known.check(image.mosaic.shape)
        result = image.with_one_black()
        in_place &= image.mosaic.flags.writeable
        if result is image and not in_place:
            result = dataclasses.replace(image, mosaic=image.mosaic.copy())
        mosaic = _noisy(result, noise, shading)
        known = found = None
        if self.known is not None:
            known = defect_correction.correct(mosaic, *self._inside(image))
        if self.find:
            try:
                found = len(defect_detection.remove(mosaic)[0])
            except defect_detection.TooManyError as error:
                warnings.warn(
                    f"no defective pixels are looked for. {error}; is its "
                    "noise right?",
                    stacklevel=2,
                )
        if image.black_offsets is not None:
            result = _with_its_black(image, mosaic)
        return Corrected(result, known, found)

    def _inside(self, image):
        """Returns the listed pixels of the active area, as places in it."""
        top, left, bottom, right = image.active
        rows, columns = self.known.rows, self.known.columns
        inside = (top <= rows) & (rows < bottom)
        inside &= (left <= columns) & (columns < right)
        return rows[inside] - top, columns[inside] - left


def parse(texts: Iterable[str]) -> Correction:
    """Parses `--defects`: `none`, or `auto` and a path, each if wanted.

    Raises:
        InputError: anything else, or a file that is no list of defects.
    """
    texts = list(texts)
    paths = [text for text in texts if text not in (AUTO, NONE)]
    if texts == [NONE]:
        return Correction(find=False)
    if not texts or NONE in texts or "" in texts or len(paths) > 1:
        raise InputError(
            "--defects must be none, auto, a file, or auto and a file "
            f"(auto,FILE). Received: {','.join(texts)}"
        )
    known = defect_list.read(paths[0]) if paths else None
    return Correction(AUTO in texts, known)


def correct_packed(
    packed: np.ndarray, noise: tuple[float, float]
) -> np.ndarray:
    """Returns planes `[h, w, 4]` R, Gr, Gb, B without defective pixels."""
    mosaic = cfa.unpack(np.asarray(packed, np.float32)[None])[0, :, :, 0]
    image = RawImage(mosaic, "RGGB", (0.0,), 1.0)
    mosaic = Correction().correct(image, noise).image.mosaic
    return cfa.pack(mosaic[None, :, :, None])[0]


def _noisy(image, noise, shading):
    """Returns the active area as `raw` wants it; its counts are a view."""
    places = cfa.cell(image.pattern)
    black, planes = np.empty((2, 2)), np.empty((2, 2), np.int64)
    for plane, place in enumerate(places):
        black[place], planes[place] = image.black_level[plane], plane
    shape, gain = image.visible.shape, None
    if shading is not None:

        def gain(rows, columns):
            return shading.at(
                planes[rows & 1, columns & 1], rows, columns, shape
            )

    return NoisyMosaic(image.visible, black, image.white_level, noise, gain)


def _with_its_black(image, mosaic):
    """Returns a frame with what has changed of its part of one black."""
    before = image.with_one_black().visible
    rows, columns = np.nonzero(mosaic.counts != before)
    everywhere = slice(None)
    offsets = image.black_offsets.at(everywhere, everywhere)[rows, columns]
    # As far below white as there, in parts of white less black.
    below = 1.0 - mosaic.signal(mosaic.counts[rows, columns], rows, columns)
    span = mosaic.span[rows & 1, columns & 1]
    counts = image.white_level - below * (span - offsets)
    result = image.mosaic.copy()
    if result.dtype == np.uint16:
        counts = np.clip(np.rint(counts), 0, 65535)
    top, left = image.active[:2]
    result[top + rows, left + columns] = counts
    return dataclasses.replace(image, mosaic=result)
