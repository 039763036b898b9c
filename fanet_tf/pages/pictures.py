"""Pictures for people: side by side, as files, and inside a page."""

import base64
import os
from collections.abc import Sequence

import cv2
import numpy as np

from fanet_tf.files import atomic
from fanet_tf.files import marks
from fanet_tf.files import picture_metadata

_GAP = 8  # Pixels of white between pictures.


def to_uint8(srgb: np.ndarray) -> np.ndarray:
    """Rounds sRGB in 0..1, clipped, to uint8."""
    return np.rint(255.0 * np.clip(srgb, 0.0, 1.0)).astype(np.uint8)


def side_by_side(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Joins pictures `[H, W, 3]` uint8 of one height, with a gap between."""
    gap = np.full((panels[0].shape[0], _GAP, 3), 255, np.uint8)
    parts = [part for panel in panels for part in (gap, panel)]
    return np.concatenate(parts[1:], axis=1)


def one_below_another(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Joins pictures `[H, W, 3]` uint8 of one width, with a gap between."""
    turned = [panel.transpose(1, 0, 2) for panel in panels]
    return side_by_side(turned).transpose(1, 0, 2)


def png(srgb: np.ndarray) -> bytes:
    """Encodes `[H, W, 3]` uint8 sRGB as PNG."""
    return cv2.imencode(".png", srgb[..., ::-1])[1].tobytes()


def jpeg(srgb: np.ndarray, quality: int = 93) -> bytes:
    """Encodes `[H, W, 3]` uint8 sRGB, its colours at full resolution."""
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    _, data = cv2.imencode(".jpg", srgb[..., ::-1], options)
    return data.tobytes()


def check_output(path: str | os.PathLike, overwrite: bool = False) -> None:
    """Refuses a path that `write` would refuse; for before the work."""
    atomic.check(path, is_ours=marks.is_our_picture, overwrite=overwrite)


def write(
    path: str | os.PathLike,
    picture: bytes,
    program: str,
    overwrite: bool = False,
) -> None:
    """Writes a picture that says what wrote it, whole or not at all.

    Args:
        path: of the file.
        picture: of `png` or `jpeg`.
        program: `fanet-` and the rest of the command's name.
        overwrite: replaces a picture that is none of ours, too.

    Raises:
        InputError: see `atomic.writing`.
    """
    atomic.write_bytes(
        path,
        picture_metadata.add(picture, program),
        is_ours=marks.is_our_picture,
        overwrite=overwrite,
    )


def picture_uri(srgb: np.ndarray, quality: int = 93) -> str:
    """Encodes `[H, W, 3]` uint8 sRGB as a `data:` address."""
    data = base64.b64encode(jpeg(srgb, quality)).decode()
    return f"data:image/jpeg;base64,{data}"
