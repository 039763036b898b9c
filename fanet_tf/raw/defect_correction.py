"""Replaces defective pixels by what their neighbours of one colour say.

In each of four directions the two neighbours of the pixel's own colour have a
mean. It counts the more, the less these two differ and the less the two pixels
between them do, which are of other colours: along an edge, not across it.
Where all differ by noise alone, the result is the mean of all eight.
"""

import numpy as np

from fanet_tf.raw.noisy_mosaic import Neighbours
from fanet_tf.raw.noisy_mosaic import NoisyMosaic

_DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))


def correct(mosaic: NoisyMosaic, rows, columns) -> int:
    """Replaces pixels, in place; returns how many could be.

    Defective neighbours do not count. Of a cluster, the rim is replaced first
    and then what lies inside. A pixel stays if no other of its colour is good.

    Args:
        mosaic: whose `counts` are changed.
        rows: `[n]` of the defective pixels, each once.
        columns: likewise.
    """
    counts = mosaic.counts
    width = counts.shape[1]
    left = np.asarray(rows, np.int64) * width + np.asarray(columns, np.int64)
    total = len(left)
    while len(left):
        rows, columns = np.divmod(left, width)
        values, known = _values(mosaic, rows, columns, left)
        if not known.any():
            break
        if counts.dtype == np.uint16:
            values = np.clip(np.rint(values), 0, 65535)
        counts[rows[known], columns[known]] = values[known]
        left = left[~known]
    return total - len(left)


def _values(mosaic, rows, columns, defects):
    """Returns what pixels are replaced by, and which of them can be."""
    near = Neighbours(mosaic.counts, rows, columns)
    width = mosaic.counts.shape[1]

    def read(**offset):
        rows, columns = near.place(**offset)
        signal = mosaic.signal(near.at(**offset), rows, columns)
        return signal, ~np.isin(rows * width + columns, defects)

    means, roughness, usable = [], [], []
    total, number = np.zeros(len(rows), np.float32), np.zeros(len(rows), int)
    for row, column in _DIRECTIONS:
        one, one_is_good = read(far=(-row, -column))
        other, other_is_good = read(far=(row, column))
        for signal, is_good in ((one, one_is_good), (other, other_is_good)):
            total += np.where(is_good, signal, 0.0)
            number += is_good
        before, _ = read(near=(-row, -column))
        after, _ = read(near=(row, column))
        means.append(0.5 * (one + other))
        roughness.append((one - other) ** 2 + (before - after) ** 2)
        usable.append(one_is_good & other_is_good)
    mean = total / np.maximum(number, 1)
    # What the two differences have where there is nothing but noise.
    noise = 4.0 * mosaic.variance(mean, rows, columns)
    weights = np.stack(usable) / (np.stack(roughness) + noise + 1e-12)
    weight = weights.sum(0)
    directed = (weights * np.stack(means)).sum(0)
    directed /= np.where(weight > 0.0, weight, 1.0)
    signal = np.where(weight > 0.0, directed, mean)
    return mosaic.counts_of(signal, rows, columns), number > 0
