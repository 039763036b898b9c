"""What a frame differs by from one grid of tiles to another.

Denoises a noisy ramp once as a whole and once in tiles of each size, and prints
the largest and the rms difference, in counts of 1023 and in deviations of the
noise. Larger halos lose less; a member in dynamic range also scales its
activations by what a tile contains.

Example:

    python benchmarks/tile_grids.py
    python benchmarks/tile_grids.py --gains=32 --sizes=384
"""

import dataclasses

import numpy as np
from absl import app
from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.denoising import bundle
from fanet_tf.denoising import tiles
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.files import dng

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_GAINS = flags.DEFINE_list("gains", [1.5, 8, 32], "Sensor gains.")
_SIZES = flags.DEFINE_list("sizes", [128, 256, 384], "Packed pixels, a side.")
_SIDE = flags.DEFINE_integer("side", 1000, "Of the frame, sensor pixels.")
_SPAN = 1023 - 64  # Counts from black to white of `dng.synthetic`.


class InSquares(Denoiser):
    """Runs members in square tiles.

    Args:
        side: of a tile, packed pixels.
        arguments: of `Denoiser`.
    """

    def __init__(self, side, *arguments):
        super().__init__(*arguments)
        self.side = side

    def runner(self, member, height, width):
        """Returns the member ready to run."""
        tile = dataclasses.replace(
            member.tile, height=self.side, width=self.side
        )
        return MemberRunner(member, self.recipe, self.num_threads, tile)


def row(off, deviation):
    """Returns the largest and rms differences: counts, then deviations."""
    numbers = (
        np.abs(off).max(),
        np.sqrt(np.mean(off**2)),
        np.abs(off / deviation).max(),
        np.sqrt(np.mean((off / deviation) ** 2)),
    )
    return " | ".join(f"{number:.3f}" for number in numbers)


def main(_):
    """Prints a table."""
    array = bundle.load(_BUNDLE.value)
    law = profile_lib.load("imx258")
    size = _SIDE.value
    clean = np.linspace(0, 0.9, size) * np.ones((size, 1))
    normal = np.random.default_rng(0).standard_normal(clean.shape)
    tile = array.members[0].tile
    whole = tiles.padded_size(size // 2, 1, tile.halo, tile.stride)
    print(
        "| recipe | gain | noise, up to | tile | largest, counts | rms "
        "| largest, deviations | rms |\n|" + 8 * " --- |"
    )
    for recipe in array.recipes:
        for gain in map(float, _GAINS.value):
            a, b = float(law.a(gain)), float(law.b(gain))
            noise = np.sqrt(a * clean + b)
            image = dng.synthetic(clean + noise * normal)
            counts = _SPAN * noise
            expected = InSquares(whole, array, recipe).denoise(image, (a, b))
            for side in map(int, _SIZES.value):
                got = InSquares(side, array, recipe).denoise(image, (a, b))
                cells = f"{recipe} | {gain:g} | {counts.max():.0f} | {side}"
                print(f"| {cells} | {row(got - expected, counts)} |")


if __name__ == "__main__":
    app.run(main)
