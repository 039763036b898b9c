"""A corpus of small DNGs: writes a `dng_cases.Case` and tells its scene."""

import functools
from typing import NamedTuple

import dng_codings
import numpy as np
import raw_files
import textures
from dng_cases import FLOATS
from dng_cases import Case
from dng_cases import table

from fanet_tf.files import tiff
from fanet_tf.raw import cfa

# TIFF's numbers of compression and predictor.
_COMPRESSION = {"packed": 1, "table": 1, "float": 1, "jpeg": 7}
_DEFLATE = 8
_SENSOR_WHITE = 16000  # What the numbers of `_black` are meant for.
_NEUTRAL = (0.5, 1.0, 0.625)  # White as the camera sees it.
_MASKED = 3  # Counts above black in masked borders.


class Written(NamedTuple):
    """What stands in a DNG of the corpus.

    Attributes:
        scene: `[H, W]` of the active area, 0 = black and 1 = white.
        noisy: likewise, as it is stored.
        kept: tag number -> bytes of the main table that must stay.
    """

    scene: np.ndarray
    noisy: np.ndarray
    kept: dict[int, bytes]


@functools.lru_cache(maxsize=1)
def _colours():
    """A picture of muted colours as the camera sees them, `[3, 240, 240]`."""
    bands = [
        np.fft.ifft2(transform).real
        for transform in textures.spectra(5, 240, 240)
    ]
    low, high = np.percentile(bands, (1, 99))
    rgb = np.clip((np.array(bands) - low) / (high - low), 0, 1)
    grey = rgb.mean(0)
    return (0.15 + 0.4 * (grey + 0.5 * (rgb - grey))) * np.reshape(
        _NEUTRAL, (3, 1, 1)
    )


def _planes(pattern):
    return [
        ((slice(row, None, 2), slice(column, None, 2)), plane)
        for (row, column), plane in zip(
            cfa.cell(pattern), (0, 1, 1, 2), strict=True
        )
    ]


def means(mosaic: np.ndarray, pattern: str) -> np.ndarray:
    """Returns the mean of R, Gr, Gb, B of a mosaic."""
    return np.array([mosaic[place].mean() for place, _ in _planes(pattern)])


def _scene(case):
    """Returns a scene and the same with noise whose plane means are 0."""
    height, width = case.size
    rng = np.random.default_rng(case.seed)
    a, b = case.noise
    scene = np.empty(case.size)
    for place, colour in _planes(case.pattern):
        scene[place] = _colours()[colour, :height, :width][place]
    noise = np.sqrt(a * scene + b) * rng.standard_normal(case.size)
    for place, _ in _planes(case.pattern):
        noise[place] -= noise[place].mean()
    return scene, scene + noise


def _black(case):
    """Returns the black of each pixel of the active area, and its tags."""
    rng = np.random.default_rng(case.seed)
    black, tags = raw_files.black(case.black, *case.size, rng)
    unit = case.white_level / _SENSOR_WHITE
    tags = {
        number: numbers if number == 50713 else unit * np.asarray(numbers)
        for number, numbers in tags.items()
    }
    types = {50713: tiff.SHORT, 50714: tiff.RATIONAL}
    # As the file holds them, in fractions.
    found = {
        number: tiff.make(types.get(number, tiff.SRATIONAL), n, case.order)
        for number, n in tags.items()
    }
    return black * unit, found


def _first(case):
    """Returns the picture of the main table, where the mosaic has another."""
    if case.place == "main":
        return None
    is_mosaic = case.place == "preview"
    pixels = np.full((50, 60) if is_mosaic else (50, 60, 3), 99, np.uint8)
    samples = 1 if is_mosaic else 3
    numbers = {254: 1, 256: 60, 257: 50, 258: samples * [8], 259: 1, 278: 50}
    numbers |= {262: 32803 if is_mosaic else 2, 277: samples, 284: 1}
    if is_mosaic:
        numbers |= {33421: [2, 2], 33422: [0, 1, 1, 2], 50714: 9, 50717: 255}
    return tiff.Ifd(
        {
            number: tiff.make(
                {33422: tiff.BYTE}.get(number, tiff.SHORT), value, case.order
            )
            for number, value in numbers.items()
        },
        pixels=[pixels],
    )


# What a matrix of each illuminant (A, D65, D50) adds to the camera's own.
_TINTS = (0.9, 1.0, 0.95)
_ILLUMINANTS = (17, 21, 23)
_FORWARD = (0.45, 0.35, 0.16, 0.22, 0.7, 0.08, 0.02, 0.1, 0.7)


def _colour_tags(case, tag):
    tags = {}
    numbers = [
        (50721, 50723, 50964, 50778),
        (50722, 50724, 50965, 50779),
        (52531, 52530, 52532, 52529),
    ]
    for index in range(case.illuminants):
        matrix, calibration, forward, illuminant = numbers[index]
        rows = np.array(raw_files.MATRIX) * _TINTS[index]
        tags[matrix] = tag(tiff.SRATIONAL, rows)
        tags[illuminant] = tag(tiff.SHORT, _ILLUMINANTS[index])
        if case.illuminants > 1:
            tags[calibration] = tag(tiff.SRATIONAL, np.eye(3).ravel())
            tags[forward] = tag(tiff.SRATIONAL, _FORWARD)
    if case.illuminants == 1:
        tags[50778] = tag(tiff.SHORT, 21)
    if case.neutral == "gains":
        tags[50728] = tag(tiff.RATIONAL, _NEUTRAL)
    elif case.neutral == "xy":
        tags[50729] = tag(tiff.RATIONAL, [0.3127, 0.329])
    return tags


def _stored(case, x):
    """Returns the codes of counts `[H, W]`."""
    if case.coding in FLOATS:
        return x
    if case.coding == "table":
        steps = (table()[1:] + table()[:-1]) / 2
        return np.searchsorted(steps, x)
    return np.clip(np.rint(x), 0, (1 << case.bits) - 1).astype(np.uint64)


def _coded(case, part):
    """Returns the bytes of one strip or tile."""
    bits, order = case.bits, case.order
    if case.coding in ("packed", "table"):
        return dng_codings.packed(part.astype(np.uint32), bits, order)
    if case.coding == "jpeg":
        return dng_codings.lossless_jpeg(
            part, bits, case.components, case.predictor
        )
    if case.coding == "float":
        return dng_codings.floats(part, bits, order)
    if case.coding in FLOATS:
        rows = dng_codings.floats(part, bits, order)
        predictor = int(case.coding)
        return dng_codings.deflated(
            dng_codings.predicted(rows, part.shape[1], bits, predictor, order)
        )
    if case.coding == "difference":
        part = np.diff(part, axis=1, prepend=np.uint64(0))
        part &= np.uint64((1 << bits) - 1)
    return dng_codings.deflated(dng_codings.packed(part, bits, order))


def write(path, case: Case) -> Written:
    """Writes a DNG.

    Args:
        path: of the file.
        case: what it is like.
    """
    order = case.order

    def tag(type_, numbers):
        return tiff.make(type_, numbers, order)

    scene, noisy = _scene(case)
    black, levels = _black(case)
    span = case.white_level - black
    counts = np.full(case.shape, float(black.mean() + _MASKED))
    top, left, bottom, right = case.active
    counts[top:bottom, left:right] = black + noisy * span
    codes = _stored(case, counts)
    if case.coding == "jpeg" and case.components == 2:
        # Whole groups of components; the last column is masked then.
        codes = np.pad(codes, [(0, 0), (0, codes.shape[1] % 2)], mode="edge")
    if case.parts == "tiles":
        tile = (48, 64)
        parts = dng_codings.tiles(codes, *tile)
    else:
        tile = None
        rows = -(-len(codes) // (5 if case.parts == "strips" else 1))
        parts = [codes[y : y + rows] for y in range(0, len(codes), rows)]
    compression = _COMPRESSION.get(case.coding, _DEFLATE)
    predictor = 1
    if case.coding == "difference":
        predictor = 2
    elif compression == _DEFLATE and case.coding in FLOATS:
        predictor = int(case.coding)
    changes = {
        256: tag(tiff.LONG, codes.shape[1]),
        258: tag(tiff.SHORT, case.bits),
        259: tag(tiff.SHORT, compression),
        317: tag(tiff.SHORT, predictor),
        339: tag(tiff.SHORT, 3 if case.coding in FLOATS else 1),
        50706: tag(tiff.BYTE, [1, 6, 0, 0]),
        50710: tag(tiff.BYTE, case.plane_colour),
        50714: None,
        **levels,
        51041: tag(tiff.DOUBLE, case.pairs * case.noise)
        if case.pairs
        else None,
    }
    if case.coding == "table":
        changes[50712] = tag(tiff.SHORT, table())
    kept = _colour_tags(case, tag)
    raw_files.camera_dng(
        path,
        np.zeros(case.shape, np.uint16),
        case.pattern,
        order,
        active=case.active,
        white=case.white_level,
        orientation=case.orientation,
        changes=changes | {50728: None} | kept,
        coded=[_coded(case, part) for part in parts],
        tile=tile,
        first=_first(case),
    )
    stored = codes[:, : case.shape[1]]
    if case.coding == "table":
        stored = table()[stored]
    stored = stored[top:bottom, left:right].astype(np.float64)
    return Written(
        scene,
        (stored - black) / span,
        {274: tag(tiff.SHORT, case.orientation).data}
        | {number: tag.data for number, tag in kept.items()},
    )
