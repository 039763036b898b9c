"""The tile of a frame: the soonest, and the soonest that fits the memory."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from fanet_tf.denoising import bundle
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising import tiles
from fanet_tf.denoising.resized import FixedSize
from fanet_tf.errors import InputError

TILE = bundle.Tile(384, 384, 48, 8)
MEMBER = bundle.Member(0, (1e-4, 1e-2), (1, 64), TILE, "clipped", {}, {})
FRAME = (1560, 2104)
FIXED, PER_PIXEL = 5_000_000, 1_280

sizes = st.integers(1, 3000)


@settings(deadline=None)  # The machine may be busy.
@given(height=sizes, width=sizes)
def test_a_tile_is_never_larger_than_the_padded_frame(height, width):
    padded = [tiles.padded_size(n, 0, 48, 8) for n in (height, width)]
    found = tile_choice.candidates(height, width, TILE)
    assert len(set(found)) == len(found)
    for (tile, _), size in ((c, padded) for c in found):
        for side, whole in zip((tile.height, tile.width), size, strict=True):
            assert side % 8 == 0 and side <= whole
            assert side == whole or side >= 2 * 48 + 8


@settings(deadline=None)
@given(size=sizes, halo=st.integers(0, 60), stride=st.sampled_from([1, 2, 8]))
def test_each_side_is_the_smallest_for_its_number_of_tiles(size, halo, stride):
    padded = tiles.padded_size(size, 0, halo, stride)
    found = tiles.sides(padded, halo, stride)
    assert found[0] == (1, padded)
    for number, side in found:
        assert len(tiles.spans(padded, side, halo, stride)) == number
        if number > 1 and side - stride >= 2 * halo + stride:
            less = tiles.spans(padded, side - stride, halo, stride)
            assert len(less) > number


@settings(deadline=None)
@given(height=sizes, width=sizes)
def test_the_smallest_of_the_nearly_best_is_taken(height, width):
    found = tile_choice.candidates(height, width, TILE)
    best = tile_choice.best(found)
    assert best.work <= 1.05 * min(candidate.work for candidate in found)
    for candidate in found:
        if candidate.pixels < best.pixels:
            assert candidate.work > best.work / 1.05


def test_a_small_frame_is_one_small_tile():
    found = tile_choice.candidates(60, 80, TILE)
    tile = tile_choice.best(found).tile
    assert (tile.height, tile.width) == (64 + 32, 80 + 32)


def test_a_frame_of_13_megapixels_takes_tiles_of_its_own():
    """4 x 8 of them cover 1592 x 2136, and one stride is left over."""
    best = tile_choice.best(tile_choice.candidates(*FRAME, TILE))
    assert (best.tile.height, best.tile.width) == (472, 352)


class Process:
    """A process whose member takes a known amount of memory."""

    def __init__(self, monkeypatch, taken, own_only=False):
        self.tiles, self.taken, self.is_warm = [], taken, False

        def run_at(member, recipe, num_threads, tile):
            if own_only and tile != TILE:
                raise FixedSize("the flatbuffer has its reasons")
            self.tiles.append(tile)
            self.is_warm = False
            return self

        monkeypatch.setattr(tile_choice, "MemberRunner", run_at)
        monkeypatch.setattr(tile_choice, "resident_bytes", self.resident)

    def warm_up(self):
        self.is_warm = True

    def resident(self):
        held = self.tiles and self.is_warm
        return 100_000_000 + (self.taken(self.pixels) if held else 0)

    @property
    def pixels(self):
        return self.tiles[-1].height * self.tiles[-1].width


def linear(pixels):
    return FIXED + PER_PIXEL * pixels


@pytest.mark.parametrize("megabytes", [20, 25, 40, 75, 100, 160, 400])
def test_the_best_tile_that_fits_is_taken(monkeypatch, megabytes):
    process = Process(monkeypatch, linear)
    tile_choice.start(MEMBER, "float32", 1, FRAME, megabytes * 1_000_000)
    assert linear(process.pixels) <= 1e6 * megabytes
    assert len(process.tiles) <= 4
    fitting = [
        c
        for c in tile_choice.candidates(*FRAME, TILE)
        if linear(c.pixels) <= 0.96e6 * megabytes
    ]
    chosen = next(
        c
        for c in tile_choice.candidates(*FRAME, TILE)
        if c.tile == process.tiles[-1]
    )
    least = min((c.work for c in fitting), default=chosen.work)
    assert chosen.work <= 1.06 * least


def test_no_tile_ever_takes_more_than_the_limit(monkeypatch):
    process = Process(monkeypatch, linear)
    for megabytes in range(19, 200, 3):
        process.tiles = []
        tile_choice.start(MEMBER, "float32", 1, FRAME, megabytes * 1_000_000)
        assert max(
            map(linear, (t.height * t.width for t in process.tiles))
        ) <= (1e6 * megabytes)


def test_a_tile_that_takes_more_than_predicted_is_given_up(monkeypatch):
    """Memory that grows faster than the pixels, beyond what was measured."""

    def steep(pixels):
        return linear(pixels) + max(0, pixels - 40_000) * 3_000

    process = Process(monkeypatch, steep)
    tile_choice.start(MEMBER, "float32", 1, FRAME, 80_000_000)
    assert steep(process.pixels) <= 80_000_000
    assert process.pixels > 104 * 104


def test_what_is_refused_says_what_would_do(monkeypatch):
    Process(monkeypatch, linear)
    with pytest.raises(InputError, match="104 x 104 .* takes 18.8 MB") as error:
        tile_choice.start(MEMBER, "float32", 1, FRAME, 10_000_000)
    least = int(re.search(r"at least (\d+)", str(error.value))[1])
    assert "\n" not in str(error.value) and least < 25
    process = Process(monkeypatch, linear)
    tile_choice.start(MEMBER, "float32", 1, FRAME, least * 1_000_000)
    assert linear(process.pixels) <= 1e6 * least


def test_a_flatbuffer_of_fixed_size_runs_at_its_own(monkeypatch):
    process = Process(monkeypatch, linear, own_only=True)
    for max_memory in (None, 250_000_000):
        process.tiles = []
        tile_choice.start(MEMBER, "float32", 1, FRAME, max_memory)
        assert process.tiles == [TILE]
        # Without a limit, the first run is that of the frame.
        assert process.is_warm == (max_memory is not None)
    process.tiles = []
    with pytest.raises(InputError, match="at least 214: .* has its reasons"):
        tile_choice.start(MEMBER, "float32", 1, FRAME, 100_000_000)


_MEASURE = """
import sys
from fanet_tf.denoising import bundle, tile_choice

def status(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) * 1024

before, limit = status("VmRSS"), int(sys.argv[1])
member = bundle.load().members[0]
recipe = next(iter(member.paths))
runner = tile_choice.start(member, recipe, 2, (780, 1052), limit)
print(runner.tile.height * runner.tile.width, status("VmHWM") - before)
"""


def test_the_shipped_network_stays_within_its_limit():
    limit = 60_000_000
    output = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(limit)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    pixels, peak = map(int, output.split())
    assert peak <= limit
    assert pixels > 30_000  # It makes use of them.
