"""Which tile denoises a frame soonest, and what memory it takes.

Runs one member at each tile size in turn, round after round, so that whatever
else the machine does falls on all alike. The bundle's own size is the
reference: a ratio is the median of the ratios to it within each round. The last
row is the tile that `tile_choice` takes for the frame.

    ms/MP      per megapixel that the network computes
    kept       part of what it computes that a large frame keeps of a tile
    useful     MP/s that are kept, and their ratio to the reference
    set-up     seconds from the flatbuffer to the first tile done
    MB         by which the process grew, in a process of its own
    frame      seconds that the network takes for a whole frame, and ratio

Example:

    python benchmarks/tiles.py
    python benchmarks/tiles.py --recipe=dynamic_wi8_afp32 --threads=1
"""

import dataclasses
import statistics
import subprocess
import sys
import time

import numpy as np
from absl import app
from absl import flags

from fanet_tf.denoising import bundle
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising import tiles
from fanet_tf.denoising.member_runner import MemberRunner

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_THREADS = flags.DEFINE_integer("threads", 2, "Of LiteRT.")
_ROUNDS = flags.DEFINE_integer("rounds", 9, "Of all sizes.", lower_bound=3)
_SIZES = flags.DEFINE_list(
    "sizes",
    [96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768],
    "Packed pixels, a side; or height x width, as 104x2136.",
)
_FRAME = flags.DEFINE_list("frame", [3120, 4208], "Height, width of a mosaic.")

_PACKED_PER_MP = 250_000

# Run in a process of its own: what one size leaves behind is not the next's.
_GROWTH = """
import sys
from fanet_tf.denoising import bundle
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.denoising.tile_choice import resident_bytes
folder, recipe, threads, *tile = sys.argv[1:]
member = bundle.load(folder).members[0]
before = resident_bytes()
runner = MemberRunner(member, recipe, int(threads), Tile(*map(int, tile)))
print(resident_bytes() - before)
"""


def _growth(folder, tile):
    """Returns the bytes that a member takes at a tile size."""
    sizes = map(str, dataclasses.astuple(tile))
    command = [sys.executable, "-c", _GROWTH, str(folder), _RECIPE.value]
    done = subprocess.run(
        [*command, str(_THREADS.value), *sizes],
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def _tile(size, own):
    sides = [int(side) for side in str(size).split("x")]
    return dataclasses.replace(own, height=sides[0], width=sides[-1])


def _count(tile, frame):
    """Returns how many tiles a frame takes; infinity if they keep nothing."""
    if min(tile.height, tile.width) < 2 * tile.halo + tile.stride:
        return float("inf")
    counts = [
        len(
            tiles.spans(
                tiles.padded_size(size // 2, side, tile.halo, tile.stride),
                side,
                tile.halo,
                tile.stride,
            )
        )
        for size, side in zip(frame, (tile.height, tile.width), strict=True)
    ]
    return counts[0] * counts[1]


def _time(member, sizes):
    """Returns tile -> (seconds to set up, seconds a tile in each round)."""
    runners, setups = {}, {}
    for tile in sizes:
        start = time.perf_counter()
        runners[tile] = MemberRunner(
            member, _RECIPE.value, _THREADS.value, tile
        )
        setups[tile] = time.perf_counter() - start
    times = {tile: [] for tile in sizes}
    largest = max(tile.height * tile.width for tile in sizes)
    for _ in range(_ROUNDS.value):
        for tile, runner in runners.items():
            area = tile.height * tile.width
            noisy = np.full((tile.height, tile.width, 4), 0.3, np.float32)
            runner.run(noisy, 400.0, 3.0)  # The caches are its own again.
            # Small ones are too short to be timed once.
            repeats = max(1, min(8, largest // area // 2))
            start = time.perf_counter()
            for _ in range(repeats):
                runner.run(noisy, 400.0, 3.0)
            times[tile].append((time.perf_counter() - start) / repeats)
    return setups, times


def _ratio(times, reference):
    return statistics.median(
        a / b for a, b in zip(times, reference, strict=True)
    )


def main(argv):
    """Prints one table."""
    del argv
    array = bundle.load(_BUNDLE.value)
    member = array.members[0]
    own, frame = member.tile, [int(size) for size in _FRAME.value]
    sizes = [_tile(size, own) for size in _SIZES.value]
    found = tile_choice.candidates(*(size // 2 for size in frame), own)
    chosen = tile_choice.best(found).tile
    sizes = list(dict.fromkeys([*sizes, own, chosen]))
    setups, times = _time(member, sizes)
    print(
        f"{array.name}, {_RECIPE.value}, {_THREADS.value} thread(s), "
        f"{_ROUNDS.value} rounds, halo {own.halo}, ratios to {own.height}; "
        f"frame {frame[0]} x {frame[1]}"
    )
    print(
        f"{'tile':>9} {'ms/MP':>6} {'ratio':>6} {'kept':>5} {'useful':>6} "
        f"{'ratio':>6} {'set-up':>6} {'MB':>5} {'B/pixel':>7} {'tiles':>5} "
        f"{'frame':>6} {'ratio':>6}"
    )
    for tile in sizes:
        area = tile.height * tile.width
        kept = max(tile.height - 2 * own.halo, 0) * max(
            tile.width - 2 * own.halo, 0
        )
        own_area = own.height * own.width
        own_kept = (own.height - 2 * own.halo) * (own.width - 2 * own.halo)
        seconds, ratio = (
            statistics.median(times[tile]),
            _ratio(times[tile], times[own]),
        )
        bytes_taken = _growth(array.folder, tile)
        count = _count(tile, frame)
        print(
            f"{f'{tile.height}x{tile.width}':>9} "
            f"{1e3 * seconds * _PACKED_PER_MP / area:6.0f} "
            f"{ratio * own_area / area:6.2f} "
            f"{kept / area:5.2f} "
            f"{kept / _PACKED_PER_MP / seconds:6.2f} "
            f"{kept / own_kept / ratio:6.2f} "
            f"{setups[tile]:6.2f} {bytes_taken / 1e6:5.0f} "
            f"{bytes_taken / area:7.0f} "
            f"{count:5.0f} {count * seconds:6.2f} "
            f"{ratio * count / _count(own, frame):6.2f}",
            flush=True,
        )


if __name__ == "__main__":
    app.run(main)
