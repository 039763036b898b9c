"""Parts of a clean frame that are judged apart: where noise shows most.

Noise that is left shows in shadows and in flat areas; a mean over the whole
frame is ruled by its bright and busy parts. Both parts are chosen on the clean
frame alone, so that every method is judged on the same pixels.
"""

import cv2
import numpy as np

_WINDOW = 7  # Packed pixels, each side.


def dark(clean, valid=None):
    """Returns `[h, w]` bool: the darkest quarter of `clean` `[h, w, 4]`.

    Brightness is the mean of the four planes. `valid` `[h, w]` bool are the
    pixels that count; None: all.
    """
    return _lowest(np.asarray(clean, np.float64).mean(axis=-1), 0.25, valid)


def flat(clean, valid=None):
    """Returns `[h, w]` bool: the flatter half of `clean` `[h, w, 4]`.

    By the variance in windows of 7 x 7, summed over the planes, of the square
    root: shot noise is as strong everywhere in the root, so that a bright wall
    with less texture than noise counts as flat, as a dark one does.
    """
    root = np.sqrt(np.maximum(np.asarray(clean, np.float64), 0.0))
    mean, square = (
        cv2.blur(planes, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REFLECT_101)
        for planes in (root, root * root)
    )
    return _lowest((square - mean * mean).sum(axis=-1), 0.5, valid)


def _lowest(values, share, valid):
    if valid is None:
        valid = np.ones(values.shape, bool)
    return valid & (values <= np.quantile(values[valid], share))
