"""Reads DNGs without any code of ours, to judge what ours writes."""

import numpy as np
import tifffile

_CFA = 32803
_UNSIGNED, _SIGNED = 5, 10  # Types of rationals.


def linear(path) -> np.ndarray:
    """Returns the active area of a DNG with uncompressed pixels.

    0 = black and 1 = white, as chapter 5 of DNG 1.7 maps counts to them.
    """
    with tifffile.TiffFile(path) as file:
        pages = [p for page in file.pages for p in (page, *(page.pages or []))]
        (page,) = [
            p
            for p in pages
            if p.photometric == _CFA and p.tags.valueof(254, 0) == 0
        ]
        counts = page.asarray().astype(np.float64)
        tags = {tag.code: _numbers(tag) for tag in page.tags}
    whole = (0, 0, *counts.shape)
    top, left, bottom, right = tags.get(50829, np.array(whole)).astype(int)
    counts = counts[top:bottom, left:right]
    rows, columns = tags.get(50713, np.array([1, 1])).astype(int)
    cell = tags.get(50714, np.zeros(rows * columns)).reshape(rows, columns)
    height, width = counts.shape
    black = cell[np.arange(height) % rows][:, np.arange(width) % columns]
    black = black + tags.get(50715, 0.0)
    black = black + np.reshape(tags.get(50716, 0.0), (-1, 1))
    return (counts - black) / (tags[50717] - black)


def _numbers(tag):
    """Returns a tag's numbers; rationals as fractions."""
    if isinstance(tag.value, str | bytes):
        return np.empty(0)
    numbers = np.atleast_1d(np.array(tag.value, np.float64))
    if tag.dtype in (_UNSIGNED, _SIGNED):
        return numbers[::2] / numbers[1::2]
    return numbers
