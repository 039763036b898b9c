"""RAW frame to sRGB, through the minimal pipeline of `raw.isp`."""

import numpy as np

from fanet_tf.files import grey_world
from fanet_tf.files.raw_image import SRGB_COLOR_MATRIX
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw import isp
from fanet_tf.raw import levels
from fanet_tf.raw import unprocess

_BAND = 128  # Packed rows rendered at once: memory stays far below a frame.


def colours(image: RawImage):
    """Returns `(rgb_from_cam [3, 3], red gain, blue gain)` of a frame."""
    matrix = image.color_matrix
    if matrix is None:
        matrix = SRGB_COLOR_MATRIX
    rgb_from_cam = np.linalg.inv(isp.cam_from_rgb(matrix).astype(np.float64))
    neutral = image.neutral
    if neutral is None and image.is_dng:
        neutral = grey_world.neutral(image)
    red, green, blue = neutral or (1.0, 1.0, 1.0)
    return rgb_from_cam.astype(np.float32), green / red, green / blue


def _packed_rows(image: RawImage, start: int, stop: int):
    """Packed rows `start..stop` of the RGGB part, `[1, h, w, 4]`, 0..1."""
    row, column = cfa.rggb_origin(image.pattern)
    mosaic = image.visible[row + 2 * start : row + 2 * stop, column:]
    mosaic = mosaic[:, : mosaic.shape[1] // 2 * 2, None]
    packed = cfa.pack(mosaic[None]).astype(np.float32)
    black = np.asarray(image.black_level, np.float32)
    if image.black_offsets is not None:
        offsets = image.black_offsets.at(
            slice(row + 2 * start, row + 2 * stop),
            slice(column, column + mosaic.shape[1]),
        )
        black = black + cfa.pack(offsets[None, :, :, None])
    return levels.normalize(packed, black, np.float32(image.white_level))


def _packed_size(image: RawImage):
    row, column = cfa.rggb_origin(image.pattern)
    height, width = image.visible.shape
    return (height - row) // 2, (width - column) // 2


def _grey(image: RawImage):
    """A frame too small to hold one cell of each colour."""
    return np.full((*image.visible.shape, 3), 128, np.uint8)


def _balanced(image: RawImage, packed):
    """White-balances and clips, so that what is saturated stays neutral."""
    _, red, blue = colours(image)
    gains = np.array([red], np.float32), np.array([blue], np.float32)
    return np.clip(isp.apply_gains(packed, *gains), 0.0, 1.0)


def _srgb(image: RawImage, packed):
    bright = np.float32(2.0 ** np.clip(image.exposure, -4.0, 4.0))
    rgb_from_cam, _, _ = colours(image)
    one = np.ones(1, np.float32)
    packed = _balanced(image, packed) * bright
    return isp.to_srgb(packed, rgb_from_cam[None], one, one)[0]


def _srgb_counts(image, packed):
    return np.rint(255.0 * _srgb(image, packed)).astype(np.uint8)


def _bands(height, rows, render):
    """Renders packed rows band by band; yields pixel rows and the result.

    Args:
        height: number of packed rows.
        rows: `(start, stop)` -> these rows, `[1, h, w, 4]`.
        render: them -> `[2h, 2w, 3]`.
    """
    for start in range(0, height, _BAND):
        stop = min(start + _BAND, height)
        above, below = min(start, 1), min(height - stop, 1)
        band = render(rows(start - above, stop + below))
        yield 2 * start, 2 * stop, band[2 * above : len(band) - 2 * below]


def srgb(image: RawImage) -> np.ndarray:
    """Renders the active area at full size, `[H, W, 3]` uint8, not turned.

    An odd last row or column, and the first one where the pattern does not
    begin with red, repeat their neighbours.
    """
    return _whole(image, lambda packed: _srgb_counts(image, packed), np.uint8)


def linear(image: RawImage) -> np.ndarray:
    """Renders linear sRGB at full size, `[H, W, 3]` uint16, no tone curve."""
    rgb_from_cam, _, _ = colours(image)

    def render(packed):
        rgb = isp.demosaic(_balanced(image, packed))
        rgb = unprocess.apply_ccm(rgb, rgb_from_cam[None])[0]
        return np.rint(65535.0 * np.clip(rgb, 0.0, 1.0))

    return _whole(image, render, np.uint16)


def _whole(image, render, dtype):
    height, width = image.visible.shape
    h, w = _packed_size(image)
    if not h or not w:
        return _grey(image).astype(dtype) * (257 if dtype == np.uint16 else 1)
    row, column = cfa.rggb_origin(image.pattern)
    picture = np.empty((height, width, 3), dtype)

    def rows(start, stop):
        return _packed_rows(image, start, stop)

    for start, stop, band in _bands(h, rows, render):
        picture[row + start : row + stop, column : column + 2 * w] = (
            band  # [rows, 2w, 3]
        )
    picture[:row] = picture[row : row + 1]
    picture[row + 2 * h :] = picture[row + 2 * h - 1]
    picture[:, :column] = picture[:, column : column + 1]
    picture[:, column + 2 * w :] = picture[:, column + 2 * w - 1, None]
    return picture


def preview(image: RawImage, longest: int) -> np.ndarray:
    """Renders a small picture, `[h, w, 3]` uint8, from averaged planes."""
    h, w = _packed_size(image)
    if not h or not w:
        return _grey(image)
    factor = -(-2 * max(h, w) // longest)  # Rounded up.
    factor = min(factor, h, w)

    def averaged(row):
        packed = _packed_rows(image, row * factor, (row + 1) * factor)[0]
        packed = packed[:, : w // factor * factor].mean(axis=0)
        return packed.reshape(-1, factor, 4).mean(axis=1)

    def rows(start, stop):
        return np.stack([averaged(row) for row in range(start, stop)])[None]

    bands = _bands(
        h // factor, rows, lambda packed: _srgb_counts(image, packed)
    )
    return np.concatenate([band for _, _, band in bands])


def turned(picture: np.ndarray, orientation: int) -> np.ndarray:
    """Turns a picture as its EXIF orientation asks for."""
    turns = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: p.swapaxes(0, 1)[:, ::-1],
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: p.swapaxes(0, 1)[::-1],
    }
    turn = turns.get(orientation)
    return np.ascontiguousarray(turn(picture)) if turn else picture
