"""Photographs and radiance maps -> pixels.

OpenCV is given bytes, not names: it ends the process on a name that is not
UTF-8, and it allocates what a header promises.
"""

import os

import cv2
import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import inputs
from fanet_tf.files import limits
from fanet_tf.files import picture_header

# No kind stores more for a pixel than four 32-bit floats; metadata adds to it.
_BYTES_PER_PIXEL = 16
_METADATA_BYTES = 64 << 20


def read(path, flags: int) -> np.ndarray:
    """Decodes a picture.

    Args:
        path: of a PNG, JPEG, TIFF, WebP, Radiance or OpenEXR file.
        flags: OpenCV's, such as `cv2.IMREAD_COLOR_RGB`.

    Returns:
        `[H, W]` or `[H, W, C]`, of the type and order that the flags ask for.

    Raises:
        InputError: not a regular file, not such a picture, damaged, or of
            more pixels than `limits.max_pixels`.
    """
    with inputs.open_regular(path) as stream:
        header = picture_header.read(stream, path)
        limits.check_size(path, header.width, header.height)
        pixels = header.width * header.height
        size = os.fstat(stream.fileno()).st_size
        most = pixels * _BYTES_PER_PIXEL + _METADATA_BYTES
        if size > most:
            raise InputError(
                f"{path}: {header.width} x {header.height} pixels must take "
                f"at most {most:,} bytes. Received: {size:,} bytes"
            )
        stream.seek(0)
        data = np.frombuffer(stream.read(most), np.uint8)
    try:
        decoded = cv2.imdecode(data, flags)
    except (cv2.error, MemoryError) as error:
        last = str(error).strip().rpartition(":")[2]
        raise InputError(
            f"{path}: must be a readable picture. Received: {last.strip()}"
        ) from None
    if decoded is None:
        raise InputError(f"{path}: must be a readable picture.")
    return decoded
