"""Pictures as JPEG, and inside a page."""

import base64

import cv2
import numpy as np


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
