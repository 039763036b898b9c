"""Whether a lossless JPEG strip or tile is whole.

LibRaw decodes whatever bits it finds: a block of zeros or garbage in the middle
shifts everything behind it, and no error is raised. Here the Huffman codes of a
strip are counted: a whole one holds as many as its header promises, and ends
where they end.

Many places of a strip are followed at once, see `_Scan`.

Reference: ITU T.81 annexes B, F.2.2.3 and H.
"""

import re
import struct
from typing import NamedTuple

import numpy as np

_LONGEST = 16  # Bits of a code.
_BLOCK = 1 << 21  # Bytes that are followed at once,
_LANE = 1 << 11  # in lanes of so many bits,
_SHORT = 1 << 16  # Fewer bits are followed one by one.
_STRIDE = 16  # so many codes before those that are through are taken out.
_PASSES = 4
# What may follow the last code: padding, and bytes that some encoders add.
_MOST_LEFT_BITS = 8 * 24
# A marker in or behind a scan; 0xff 0x00 is a byte of data.
_MARKER = re.compile(rb"\xff+[\x01-\xfe]", re.DOTALL)
_RESTARTS = range(0xD0, 0xD8)
_SOF3, _DHT, _SOS, _EOI, _DRI = 0xC3, 0xC4, 0xDA, 0xD9, 0xDD


class Damage(ValueError):
    """The data are not a whole lossless JPEG; the text says why."""


class _Header(NamedTuple):
    groups: int  # Of samples that take turns.
    tables: list  # Of each sample of a group.
    interval: int  # Groups between restarts, 0 for none.
    start: int  # Of the scan.


def _header(data) -> _Header:
    """Reads the markers in front of the scan."""
    tables, frame, interval, at = {}, None, 0, 2
    while True:
        if data[at : at + 1] != b"\xff":
            raise Damage("its header is broken")
        marker = data[at + 1]
        (size,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + size]
        if size < 2 or len(body) != size - 2:
            raise Damage("its header is cut short")
        at += 2 + size
        if marker == _DHT:
            tables |= _tables(body)
        elif marker == _SOF3:
            frame = _frame(body)
        elif marker == _DRI:
            (interval,) = struct.unpack_from(">H", body)
        elif marker == _SOS:
            break
        elif 0xC0 <= marker <= 0xCF:
            raise Damage("it is a JPEG of another kind")
    if frame is None or body[0] != len(frame[1]):
        raise Damage("its header has no frame")
    groups, each = frame
    chosen = [
        tables[body[2 + 2 * i] >> 4]
        for i, n in enumerate(each)
        for _ in range(n)
    ]
    return _Header(groups, chosen, interval, at)


def _frame(body):
    """Returns how many groups of samples there are, and each one's samples."""
    _, height, width, components = struct.unpack_from(">BHHB", body)
    factors = [divmod(body[7 + 3 * i], 16) for i in range(components)]
    across, down = (max(numbers) for numbers in zip(*factors, strict=True))
    groups = -(-width // across) * -(-height // down)
    return groups, [h * v for h, v in factors]


def _tables(body):
    """Returns the lookup tables of a DHT segment by their number."""
    found, at = {}, 0
    while at < len(body):
        number, counts = body[at], body[at + 1 : at + 17]
        symbols = body[at + 17 : at + 17 + sum(counts)]
        if len(counts) != 16 or len(symbols) != sum(counts):
            raise Damage("a Huffman table is cut short")
        found[number] = (counts, symbols)
        at += 17 + sum(counts)
    return found


def _steps(table, bits_of_16) -> np.ndarray:
    """Returns the bits from one code to the next, by the 16 bits in front.

    0 where no code begins with these bits.
    """
    counts, symbols = table
    steps = np.zeros(1 << _LONGEST, np.uint8)
    start, at = 0, 0
    for length, count in enumerate(counts, start=1):
        for symbol in symbols[at : at + count]:
            if symbol > 16:
                raise Damage("a Huffman table has a symbol above 16")
            extra = bits_of_16 if symbol == 16 else symbol
            stop = start + (1 << (_LONGEST - length))
            steps[start:stop] = length + extra
            start = stop
        at += count
    if start > 1 << _LONGEST:
        raise Damage("a Huffman table has too many codes")
    return steps


class _Scan:
    """The codes of one scan, or of its part between two restarts.

    Args:
        data: without stuffed zeros.
        tables: the lookup tables of all components, one behind the other.
    """

    def __init__(self, data: bytes, tables: np.ndarray):
        self.tables = tables
        self.turns = len(tables) >> _LONGEST
        self.data = np.frombuffer(data + bytes(8), np.uint8)
        self.size = len(data)

    def follow(self, count: int) -> int:
        """Follows `count` codes; returns the bit behind the last one.

        Raises:
            Damage: there is no code, or no data are left.
        """
        state, done = 0, 0  # Of a state: the bit, and whose turn it is.
        for first in range(0, self.size, _BLOCK):
            size = min(_BLOCK, self.size - first)
            part = self.data[first : first + size + 8].astype(np.uint32)
            words = part[:-2] << 16 | part[1:-1] << 8 | part[2:]
            entries, exits, counts = self._lanes(words, 8 * size, state)
            after = done + np.cumsum(counts)
            stuck = np.flatnonzero(exits < 0)
            last = stuck[0] if len(stuck) else len(exits) - 1
            if after[last] >= count:
                lane = np.searchsorted(after, count)
                missing = count - (after[lane] - counts[lane])
                state, _ = self._one_by_one(
                    words, entries[lane], 8 * size, missing
                )
                return 8 * first + state // self.turns
            if len(stuck):
                raise Damage(f"no code follows pixel {after[last]} of {count}")
            done = after[-1]
            state = exits[-1] - 8 * size * self.turns
        raise Damage(f"its data end after {done} of {count} pixels")

    def _lanes(self, words, size, state):
        """Follows all codes of a block.

        Nobody knows where the codes of a lane begin before those in front of
        it are followed. But Huffman codes fall into step by themselves: lanes
        that all begin somewhere end mostly right, and few are run again.

        Returns:
            State at the beginning and at the end of each lane, the latter -1
            where no code follows, and the number of codes in it.
        """
        starts = np.arange(0, size, _LANE if size > _SHORT else size)
        ends = np.minimum(starts + _LANE, size)
        entries = starts * self.turns
        entries[0] = state
        if len(starts) == 1:
            state, number = self._one_by_one(words, state, size, size)
            return entries, np.array([state]), np.array([number])
        exits, counts = self._at_once(words, entries, ends)
        for _ in range(_PASSES):
            wrong = np.flatnonzero(
                (exits[:-1] != entries[1:]) & (exits[:-1] >= 0)
            )
            if not len(wrong):
                return entries, exits, counts
            entries[wrong + 1] = exits[wrong]
            exits[wrong + 1], counts[wrong + 1] = self._at_once(
                words, entries[wrong + 1], ends[wrong + 1]
            )
        # Codes of a flat area, all alike, never fall into step.
        for lane in range(1, len(starts)):
            if exits[lane - 1] < 0:
                break
            if exits[lane - 1] != entries[lane]:
                entries[lane] = exits[lane - 1]
                exits[lane], counts[lane] = self._one_by_one(
                    words, entries[lane], ends[lane], size
                )
        return entries, exits, counts

    def _at_once(self, words, states, ends):
        """Follows the codes of many lanes, a code of each at a time."""
        exits, counts = np.full(len(states), -1), np.zeros(len(states), int)
        lanes = np.arange(len(states))
        bits, turns = np.divmod(states, self.turns)
        number = np.zeros(len(states), int)
        while len(lanes):
            for _ in range(_STRIDE):
                codes = words[bits >> 3] >> (8 - (bits & 7)) & 0xFFFF
                steps = self.tables[turns << 16 | codes]
                steps[bits >= ends] = 0
                bits = bits + steps
                number += steps > 0
                if self.turns > 1:
                    turns = (turns + (steps > 0)) % self.turns
            # Those that stand still are at their end, or stuck.
            halted = steps == 0
            through = halted & (bits >= ends)
            exits[lanes[through]] = (bits * self.turns + turns)[through]
            counts[lanes[halted]] = number[halted]
            going = ~halted
            lanes, bits, turns = lanes[going], bits[going], turns[going]
            ends, number = ends[going], number[going]
        return exits, counts

    def _one_by_one(self, words, state, end, most):
        """Follows at most so many codes; returns the state and how many."""
        bit, turn = divmod(int(state), self.turns)
        done, end = 0, int(end)
        words, tables = memoryview(words), memoryview(self.tables)
        while done < most and bit < end:
            code = words[bit >> 3] >> (8 - (bit & 7)) & 0xFFFF
            step = tables[turn << 16 | code]
            if not step:
                return -1, done
            bit, done = bit + step, done + 1
            turn = (turn + 1) % self.turns
        return bit * self.turns + turn, done


def check(data: bytes, bits_of_16: int = 0) -> None:
    """Refuses data that are not a whole lossless JPEG.

    Args:
        data: of the strip or tile, with its markers.
        bits_of_16: that follow the code of a difference of 32768: none, but
            16 in DNGs before version 1.1.

    Raises:
        Damage: something is missing or does not belong there.
    """
    if data[:2] != b"\xff\xd8":
        raise Damage("it does not begin as a JPEG")
    try:
        header = _header(data)
        tables = [_steps(table, bits_of_16) for table in header.tables]
    except (IndexError, KeyError, ValueError, struct.error) as error:
        if isinstance(error, Damage):
            raise
        raise Damage("its header is broken") from None
    left = header.groups * len(tables)
    at = header.start
    interval = header.interval * len(tables) or left
    same = all(np.array_equal(table, tables[0]) for table in tables)
    together = np.concatenate(tables[:1] if same else tables)
    while left:
        found = _MARKER.search(data, at)
        stop = found.start() if found else len(data)
        marker = data[found.end() - 1] if found else _EOI
        if marker not in _RESTARTS and marker != _EOI:
            raise Damage(f"byte {stop} of it is no part of a JPEG")
        scan = data[at:stop].replace(b"\xff\0", b"\xff")
        count = min(interval, left)
        bit = _Scan(scan, together).follow(count)
        if bit > 8 * len(scan) or 8 * len(scan) - bit > _MOST_LEFT_BITS:
            raise Damage(
                f"its pixels take {bit // 8} of {len(scan)} bytes of data"
            )
        left -= count
        at = found.end() if found else stop
        if left and marker not in _RESTARTS:
            raise Damage(f"its data end {left} pixels too early")
