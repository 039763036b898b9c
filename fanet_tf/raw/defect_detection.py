"""Finds defective pixels in a single noisy frame, and nothing else.

A defect is one pixel, or two that touch. What a lens draws is wider than that:
neighbours of other colours see it, too. For a pixel that is brighter (or
darker) than all eight neighbours of its own colour, in deviations of the noise:

    excess     how far it is beyond the brightest of the eight
    largest    the same of the eight pixels that touch it, each against the
               median of the eight of its own colour: the largest
    sum        and the sum over four of these, the sides or the diagonals:
               the larger of the two
    elsewhere  the largest excess of any other pixel up to nine pixels away;
               of one that may be a defect itself, a third counts
    hidden     the share of the eight touching pixels that tell nothing: each
               at white is 1/8, each outside the frame counts as three

It is defective where

    excess > (1 + hidden) (least + 0.5 largest + 1.7 sum) + 0.9 elsewhere
    sum    < 7 + 0.05 excess
    least  = 5 + (0.02 + 0.08 signal) / deviation

The form and the weights come from a logistic regression, and then a search, on
172 photographs with drawn defects (`raw.sensor_terms.defects`) at gains 1 to
64: they miss least while one pixel in a million of clean texture is taken for
defective. `least` leaves alone what is weaker than 2 % of white and 8 % of the
signal: texture has such points, and defects like that cost little. The sum
keeps stars: where a lens spreads a point by half a pixel (deviation), the four
sides together get 0.9 of what the middle gets. The diagonals are for points of
pure green. `hidden` keeps red points where green is blown out, and what ends at
the frame's edge.

Of two that touch, each is judged without the other and has to be stronger.
Where the other one is at white, both have to be found: they may be a glint, of
which white cuts off one. What is found is replaced, and what lies around it is
judged again.
"""

from typing import NamedTuple

import numpy as np

from fanet_tf.raw import defect_correction
from fanet_tf.raw.noisy_mosaic import Neighbours
from fanet_tf.raw.noisy_mosaic import NoisyMosaic
from fanet_tf.raw.noisy_mosaic import step

_DEVIATIONS = 5.0
_FLOOR, _OF_SIGNAL = 0.02, 0.08
_LARGEST, _SUM = 0.5, 1.7
_ELSEWHERE, _DOUBTFUL = 0.9, 0.3
_MOST_SUM, _CROSSTALK = 7.0, 0.05
# A neighbour of more than half the excess may be a second defect.
_PARTNER, _PAIR = 0.5, 0.35
# A pixel outside hides more than one at white: it may be brighter than any.
_WHITE, _OUTSIDE = 0.98, 3.0
_REACH = 9  # Pixels, of `elsewhere`.

# A frame with more defects than sensors have (3e-4, at the most) is none of a
# sensor's, or its noise is not as told.
MOST = 1e-3
_FEW = 16  # That a small frame may have.

_BAND = 64  # Rows at a time, which stay in the caches.
# Judged at a time: some megabytes each.
_CHUNK, _WINDOWS, _MAP_ROWS = 1 << 14, 1 << 11, 256

_AROUND = (
    *((-1, 0), (0, -1), (0, 1), (1, 0)),  # The sides come first.
    *((-1, -1), (-1, 1), (1, -1), (1, 1)),
)


class TooManyError(ValueError):
    """More of the pixels look defective than a sensor can have."""


class _Judged(NamedTuple):
    """Pixels that stand out, and what their excess must be.

    Attributes:
        rows: `[n]`.
        columns: likewise.
        excess: likewise, in deviations of the noise.
        needed: what it has to be above, without what is elsewhere.
        partner: key of a pixel that must be defective, too; or -1.
    """

    rows: np.ndarray
    columns: np.ndarray
    excess: np.ndarray
    needed: np.ndarray
    partner: np.ndarray

    def where(self, chosen) -> "_Judged":
        """Returns some of the pixels."""
        return _Judged(*(field[chosen] for field in self))


def remove(mosaic: NoisyMosaic) -> tuple[np.ndarray, np.ndarray]:
    """Finds defective pixels and replaces them, in place.

    Args:
        mosaic: whose `counts` are changed, at the defective pixels only.

    Returns:
        The rows and the columns of these pixels, row by row.

    Raises:
        TooManyError: more than `MOST` of the pixels are found; nothing is
            changed then.
    """
    judged = _judge(mosaic, _outstanding(mosaic))
    found = _is_defective(judged, mosaic)
    defects = _keys(judged.where(found), mosaic)
    if len(defects) > max(_FEW, MOST * mosaic.counts.size):
        raise TooManyError(
            f"At most {MOST:g} of the pixels can be defective. Received: "
            f"{len(defects)} of {mosaic.counts.size} that look like it"
        )
    if not len(defects):
        return _places(defects, mosaic)
    _correct(mosaic, defects)
    # What lies around a defect was hidden by it.
    doubtful = judged.where(~found & (judged.excess > judged.needed))
    again = [_keys(doubtful, mosaic), *_around(defects, mosaic)]
    again = np.setdiff1d(np.concatenate(again), defects)
    rest = ~found & ~np.isin(_keys(judged, mosaic), again)
    judged = _joined([_judge(mosaic, again), judged.where(rest)])
    more = _keys(judged.where(_is_defective(judged, mosaic)), mosaic)
    _correct(mosaic, more)
    return _places(np.union1d(defects, more), mosaic)


def _correct(mosaic, keys):
    defect_correction.correct(mosaic, *_places(keys, mosaic))


def _keys(judged, mosaic):
    """Returns one number for each place, in reading order."""
    return judged.rows * mosaic.counts.shape[1] + judged.columns


def _places(keys, mosaic):
    """Returns the rows and columns that `_keys` are of."""
    return np.divmod(keys, mosaic.counts.shape[1])


def _around(keys, mosaic):
    """Yields the keys of the pixels whose evidence holds any of `keys`."""
    near = Neighbours(mosaic.counts, *_places(keys, mosaic))
    for offset in _AROUND:
        for rows, columns in (near.place(near=offset), near.place(far=offset)):
            yield rows * mosaic.counts.shape[1] + columns


def _outstanding(mosaic):
    """Returns the keys of pixels that stand out from their ring."""
    counts = mosaic.counts
    least = _FLOOR + _DEVIATIONS * float(np.sqrt(mosaic.noise[1]))
    least = counts.dtype.type(min(least, 1.0) * float(mosaic.span.min()))
    height, width = counts.shape
    columns = _padded(0, width, width)
    found = [np.empty(0, np.int64)]
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        rows = _padded(top, bottom, height)
        beyond = _beyond(np.take(counts[rows], columns, axis=1))
        found.append(np.flatnonzero(beyond > least) + top * width)
    return np.concatenate(found)


def _padded(start, stop, size):
    """Returns `start .. stop` and two places more at each end, by `step`."""
    first, last = np.arange(start, start + 2), np.arange(stop - 2, stop)
    places = [
        step(first, -2, size),
        np.arange(start, stop),
        step(last, 2, size),
    ]
    return np.clip(np.concatenate(places), 0, size - 1)


def _beyond(part):
    """Returns how far pixels lie above or below their whole ring.

    Args:
        part: `[h + 4, w + 4]`.

    Returns:
        `[h, w]` of the same type; 0 for pixels that lie between.
    """
    middle, found = part[2:-2, 2:-2], []
    for extreme in (np.maximum, np.minimum):
        sides = extreme(part[:, :-4], part[:, 4:])
        rows = extreme(sides, part[:, 2:-2])
        ring = extreme(rows[:-4], rows[4:])
        extreme(ring, sides[2:-2], out=ring)
        found += [extreme(middle, ring), ring]
    (above, high), (below, low) = found[:2], found[2:]
    # Neither difference is ever negative, which uint16 could not hold.
    return np.maximum(above - high, low - below)


def _judge(mosaic, keys):
    """Returns those of the places that stand out by enough deviations."""
    chunks = range(0, len(keys), _CHUNK)
    return _joined(
        [
            _judge_chunk(mosaic, *_places(keys[start : start + _CHUNK], mosaic))
            for start in chunks or [0]
        ]
    )


def _judge_chunk(mosaic, rows, columns):
    near = Neighbours(mosaic.counts, rows, columns)
    middle = near.at()
    ring = np.stack([near.at(far=offset) for offset in _AROUND])
    high, low = ring.max(0), ring.min(0)
    sign = np.where(middle - high > low - middle, 1.0, -1.0)
    signal = mosaic.signal(np.where(sign > 0, high, low), rows, columns)
    deviation = np.sqrt(mosaic.variance(signal, rows, columns))
    # So that a difference times this is in deviations, and in its direction.
    scale = sign / (deviation * mosaic.span[rows & 1, columns & 1])
    excess = scale * (middle - np.where(sign > 0, high, low))
    least = _DEVIATIONS + (_FLOOR + _OF_SIGNAL * signal) / deviation
    fields = (rows, columns, excess, least, scale)
    kept = excess > _DEVIATIONS
    rows, columns, excess, least, scale = (field[kept] for field in fields)
    near = Neighbours(mosaic.counts, rows, columns)
    others = scale * np.stack([_own(near, offset) for offset in _AROUND])
    strongest = np.argmax(others, axis=0)
    is_pair = others.max(0) > _PARTNER * excess
    others[strongest[is_pair], np.flatnonzero(is_pair)] = 0.0
    total = np.maximum(others[:4].sum(0), others[4:].sum(0))
    total = np.maximum(total, 0.0)
    needed = least + _LARGEST * np.maximum(others.max(0), 0.0) + _SUM * total
    needed *= 1.0 + _hidden(mosaic, rows, columns)
    needed += _PAIR * is_pair * excess
    places = [near.place(near=offset) for offset in _AROUND]
    y, x = np.stack(places, 1)[:, strongest, np.arange(len(rows))]
    is_cut_off = mosaic.signal(mosaic.counts[y, x], y, x) >= _WHITE
    partner = np.where(is_pair & is_cut_off, y * mosaic.counts.shape[1] + x, -1)
    needed[total >= _MOST_SUM + _CROSSTALK * excess] = np.inf
    return _Judged(rows, columns, excess, needed, partner)


def _hidden(mosaic, rows, columns):
    """Returns the share of the touching pixels that tell nothing, `[n]`."""
    height, width = mosaic.counts.shape
    hidden = np.zeros(len(rows))
    for down, across in _AROUND:
        y, x = rows + down, columns + across
        inside = (0 <= y) & (y < height) & (0 <= x) & (x < width)
        y, x = y * inside, x * inside
        is_white = mosaic.signal(mosaic.counts[y, x], y, x) >= _WHITE
        hidden += np.where(inside, is_white, _OUTSIDE)
    return hidden / len(_AROUND)


def _own(near, offset):
    """Returns the pixels at an offset, less the median of their rings."""
    ring = np.stack([near.at(offset, far) for far in _AROUND])
    return near.at(offset) - _median_of_eight(ring)


def _median_of_eight(x):
    """Returns the median along the first axis, `[8, n]` -> `[n]`.

    The eight are sorted along the three axes of a cube. Of its middle six,
    the three with one coordinate 1 are no greater than the upper median, and
    the three with two no less than the lower one. `np.median` takes ten times
    as long.
    """
    x = x.reshape(2, 2, 2, -1)
    for axis in range(3):
        one, other = np.moveaxis(x, axis, 0)
        ordered = np.minimum(one, other), np.maximum(one, other)
        x = np.stack(ordered, axis)
    x = x.reshape(8, -1)
    low = np.maximum(np.maximum(x[1], x[2]), x[4])
    high = np.minimum(np.minimum(x[3], x[5]), x[6])
    return 0.5 * (low + high)


def _joined(parts):
    return _Judged(
        *(np.concatenate(fields) for fields in zip(*parts, strict=True))
    )


def _is_defective(judged, mosaic):
    """Returns `[n]` bool; looks at what is elsewhere, too."""
    doubtful = judged.excess > judged.needed
    asked = np.flatnonzero(doubtful)
    weights = np.where(doubtful, _DOUBTFUL, _ELSEWHERE)
    elsewhere = _elsewhere(judged, asked, weights, mosaic.counts.shape[1])
    found = np.zeros(len(judged.rows), bool)
    found[asked] = judged.excess[asked] > judged.needed[asked] + elsewhere
    keys = _keys(judged.where(found), mosaic)
    return found & ((judged.partner < 0) | np.isin(judged.partner, keys))


def _elsewhere(judged, asked, weights, width):
    """Returns the largest weighted excess near pixels, not touching them.

    Args:
        judged: all that stand out.
        asked: `[m]`, indices of the pixels.
        weights: `[n]`, on the excess of each.
        width: of the mosaic.
    """
    result = np.zeros(len(asked))
    side = 2 * _REACH + 1
    bands = judged.rows[asked] // _MAP_ROWS
    for band in np.unique(bands):
        top = band * _MAP_ROWS - _REACH
        near = (judged.rows >= top) & (judged.rows < top + _MAP_ROWS + side - 1)
        rows, columns = judged.rows[near] - top, judged.columns[near] + _REACH
        map_ = np.zeros((_MAP_ROWS + side - 1, width + side - 1), np.float32)
        map_[rows, columns] = (weights * judged.excess)[near]
        windows = np.lib.stride_tricks.sliding_window_view(map_, (side, side))
        mine = np.flatnonzero(bands == band)
        for start in range(0, len(mine), _WINDOWS):
            some = mine[start : start + _WINDOWS]
            rows = judged.rows[asked[some]] - _REACH - top
            window = windows[rows, judged.columns[asked[some]]]  # A copy.
            inner = slice(_REACH - 1, _REACH + 2)
            window[:, inner, inner] = 0.0
            result[some] = window.max((1, 2))
    return result
