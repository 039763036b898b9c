"""How large a file may be that comes from outside.

A header of a few bytes can promise a picture of many gigabytes, so every
reader compares the header with these limits before it reads any pixels.
"""

from fanet_tf.errors import InputError

# Above the 200 megapixels of today's largest phone sensors; 1 GB as float32.
DEFAULT_MAX_PIXELS = 1 << 28
# OpenCV and LibRaw count in 32 bits.
HIGHEST_MAX_PIXELS = 1 << 30
MAX_SIDE = 65_000

_limits = {"pixels": DEFAULT_MAX_PIXELS}


def max_pixels() -> int:
    """Returns the most pixels that a picture or a mosaic may have."""
    return _limits["pixels"]


def set_max_pixels(pixels: int) -> None:
    """Sets that number for this process; the flag `--max_pixels` does."""
    if not 1 <= pixels <= HIGHEST_MAX_PIXELS:
        raise InputError(
            f"--max_pixels must be 1 to {HIGHEST_MAX_PIXELS}. "
            f"Received: {pixels}"
        )
    _limits["pixels"] = pixels


def check_size(path, width: int, height: int) -> None:
    """Refuses a picture that its header says is too large.

    Args:
        path: of the file, for the message.
        width: in pixels.
        height: in pixels.

    Raises:
        InputError: a side is 0 or over 65,000, or there are too many pixels.
    """
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise InputError(
            f"{path}: width and height must be 1 to {MAX_SIDE}. "
            f"Received: {width} x {height}"
        )
    if width * height > max_pixels():
        raise InputError(
            f"{path}: must have at most {max_pixels():,} pixels; --max_pixels "
            f"raises the limit. Received: {width} x {height}"
        )
