"""Pictures for people: side by side, as files, and inside a page."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np

_GAP = 8  # Pixels of white between pictures.


def to_uint8(srgb: np.ndarray) -> np.ndarray:
    """Rounds sRGB in 0..1, clipped, to uint8."""
    return np.rint(255.0 * np.clip(srgb, 0.0, 1.0)).astype(np.uint8)


def side_by_side(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Joins pictures `[H, W, 3]` uint8 of one height, with a gap between."""
    gap = np.full((panels[0].shape[0], _GAP, 3), 255, np.uint8)
    parts = [part for panel in panels for part in (gap, panel)]
    return np.concatenate(parts[1:], axis=1)


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


def picture_uri(srgb: np.ndarray, quality: int = 93) -> str:
    """Encodes `[H, W, 3]` uint8 sRGB as a `data:` address."""
    data = base64.b64encode(jpeg(srgb, quality)).decode()
    return f"data:image/jpeg;base64,{data}"
