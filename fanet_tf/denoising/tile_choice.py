"""Which tile denoises a frame soonest, and soonest in a given memory.

A frame is covered by `rows x columns` equal tiles, and for each such grid the
smallest tile that does is a candidate: nothing is computed twice but halos, and
a small frame is one small tile. Larger tiles lose less to their halos, smaller
ones stay in the processor's caches; benchmarks/tiles.py shows both, and
docs/denoise.md quotes it. Without a limit the choice is a function of the
frame's size, so a frame gets the same tiles on every machine and whatever was
denoised before it.

What a tile takes is a line over its pixels. Its two numbers are measured on
the first tiles that run, and what is chosen is measured again.
"""

import contextlib
import ctypes
import dataclasses
import math
import resource
from typing import NamedTuple

from fanet_tf.denoising import tiles
from fanet_tf.denoising.bundle import Member
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.denoising.resized import FixedSize
from fanet_tf.errors import InputError

# A tile of twice the pixels takes 2 ** 1.1 = 2.1 times as long: measured were
# 1.14 in float16 and 0.95 in the dynamic recipe, between 128 and 768 packed
# pixels a side (benchmarks/tiles.py).
_EXPONENT = 1.1
# To start the network takes as long as two tiles.
_SET_UP = 2
# So near to the best the smallest tile is taken: it needs less memory, and the
# machine that runs it may have smaller caches.
_NEAR = 1.05
# What a tile took was predicted within 2 % (benchmarks/tiles.py).
_MARGIN = 1.03
_MAX_STARTS = 5


class Candidate(NamedTuple):
    """A tile that covers a frame without waste.

    Attributes:
        tile: its size.
        work: what the frame takes with it, in no particular unit.
    """

    tile: Tile
    work: float

    @property
    def pixels(self) -> int:
        """Packed pixels of the tile."""
        return self.tile.height * self.tile.width


def candidates(height: int, width: int, tile: Tile) -> list[Candidate]:
    """Returns the tiles for a frame of packed size, smallest first.

    Args:
        height: of the frame, packed pixels.
        width: likewise.
        tile: of the member; its halo and stride count.
    """
    rows, columns = (
        tiles.sides(
            tiles.padded_size(size, 0, tile.halo, tile.stride),
            tile.halo,
            tile.stride,
        )
        for size in (height, width)
    )
    found = [
        Candidate(
            dataclasses.replace(tile, height=high, width=wide),
            (_SET_UP + down * across) * (high * wide) ** _EXPONENT,
        )
        for down, high in rows
        for across, wide in columns
    ]
    return sorted(found, key=lambda c: (c.pixels, c.tile.height))


def best(found: list[Candidate], most_pixels: float = math.inf) -> Candidate:
    """Returns the one with the least work; the smallest of those near it."""
    found = [c for c in found if c.pixels <= most_pixels] or found[:1]
    least = min(candidate.work for candidate in found)
    return next(c for c in found if c.work <= _NEAR * least)


def start(
    member: Member,
    recipe: str,
    num_threads: int,
    size: tuple[int, int],
    max_memory: int | None = None,
    own_tile: bool = False,
) -> MemberRunner:
    """Starts a member at the tile that suits a frame.

    A flatbuffer that cannot be resized runs at its own tile.

    Args:
        member: of a bundle.
        recipe: number formats.
        num_threads: of LiteRT.
        size: height and width of the frame, packed pixels.
        max_memory: bytes the process may grow by; None means no limit.
        own_tile: keeps to the member's own tile, as an app must.

    Raises:
        InputError: with the smallest `max_memory` that would do.
    """

    def run_at(tile):
        runner = MemberRunner(member, recipe, num_threads, tile)
        if max_memory is not None:
            runner.warm_up()  # For what it takes to be measured.
        return runner

    if own_tile:
        return _at_own_tile(run_at, member.tile, max_memory)
    found = candidates(*size, member.tile)
    try:
        if max_memory is None:
            return run_at(best(found).tile)
        return _fitting(run_at, found, max_memory)
    except FixedSize as error:
        return _at_own_tile(run_at, member.tile, max_memory, error)


def _at_own_tile(run_at, tile, max_memory, reason=""):
    before = resident_bytes()
    runner = run_at(tile)
    taken = resident_bytes() - before
    if max_memory is not None and taken > max_memory:
        raise _refusal(tile, taken, max_memory, reason)
    return runner


def _fitting(run_at, found, max_memory):
    """Starts the best tile of those that fit."""
    before = resident_bytes()
    if not before:
        raise InputError(
            "--max_memory needs a system that tells a process what it takes, "
            "in /proc/self/statm"
        )
    smallest = tile = found[0]
    runner = run_at(tile.tile)
    least = taken = resident_bytes() - before
    if taken > max_memory:
        raise _refusal(tile.tile, taken, max_memory)
    # What all tiles take, and what each pixel adds. Until two tiles have run,
    # everything is counted to the pixels, so that no other takes too much.
    fixed, per_pixel = 0.0, taken / tile.pixels
    for _ in range(_MAX_STARTS):
        room = max_memory / _MARGIN - fixed
        chosen = best(found, room / per_pixel if per_pixel > 0 else math.inf)
        if chosen == tile:
            break
        runner, tile = None, chosen  # Its memory is free before the next.
        runner = run_at(tile.tile)
        taken = resident_bytes() - before
        if taken > max_memory:
            found = [c for c in found if c.pixels < tile.pixels]
            fixed, per_pixel = 0.0, taken / tile.pixels
        else:
            per_pixel = (taken - least) / (tile.pixels - smallest.pixels)
            fixed = taken - per_pixel * tile.pixels
    if taken > max_memory:
        raise _refusal(smallest.tile, taken, max_memory)
    return runner


def _refusal(tile, taken, max_memory, reason=""):
    return InputError(
        f"--max_memory must be at least {math.ceil(1.1 * taken / 1e6)}: a tile "
        f"of {tile.height} x {tile.width} packed pixels, the smallest, takes "
        f"{taken / 1e6:.1f} MB. Received: {max_memory / 1e6:g}"
        + (f"; {reason}" if reason else "")
    )


def resident_bytes() -> int:
    """Memory of this process; 0 where the system does not tell.

    What was freed is given back first: the C library would keep tens of
    megabytes of a runner that is gone.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)  # Of the GNU C library only.
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0
