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


class InSquares(Denoiser):
    """Runs members in square tiles of a size."""

    side: int

    def runner(self, member, height, width):
        """Returns the member ready to run."""
        tile = dataclasses.replace(
            member.tile, height=self.side, width=self.side
        )
        return MemberRunner(member, self.recipe, self.num_threads, tile)


def denoised(array, recipe, side, image, noise):
    """Returns the frame in counts."""
    denoiser = InSquares(array, recipe)
    denoiser.side = side
    return denoiser.denoise(image, noise)


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
        "| recipe | gain | tile | largest, counts | of the deviation "
        "| rms, counts | of the deviation |\n|" + 7 * " --- |"
    )
    for recipe in array.recipes:
        for gain in map(float, _GAINS.value):
            a, b = float(law.a(gain)), float(law.b(gain))
            deviation = np.sqrt(a * clean + b)
            image = dng.synthetic(clean + deviation * normal)
            counts = 959 * deviation
            expected = denoised(array, recipe, whole, image, (a, b))
            for side in map(int, _SIZES.value):
                off = denoised(array, recipe, side, image, (a, b)) - expected
                numbers = (
                    np.abs(off).max(),
                    np.abs(off / counts).max(),
                    np.sqrt(np.mean(off**2)),
                    np.sqrt(np.mean((off / counts) ** 2)),
                )
                cells = " | ".join(f"{number:.3f}" for number in numbers)
                print(f"| {recipe} | {gain:g} | {side} | {cells} |")


if __name__ == "__main__":
    app.run(main)
