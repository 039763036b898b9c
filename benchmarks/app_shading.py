"""Compares two ways to denoise a RAW frame whose lens shading is corrected.

Where counts were multiplied by a gain L, their noise is `(a L, b L^2)`. The
code for apps divides each pixel by its own gain on the way to the network; the
other way is to tell the network the noise at the centre of each tile. The frame
is the tile at a corner of 13 megapixels, where a gain changes the most.

Example:

    python benchmarks/app_shading.py
    python benchmarks/app_shading.py --gain=64
"""

import dataclasses

import numpy as np
from absl import app
from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera
from fanet_tf.data import images
from fanet_tf.denoising import bundle
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.files import dng
from fanet_tf.raw import cfa
from fanet_tf.raw import unprocess
from fanet_tf.raw.shading import ShadingMap

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_GAIN = flags.DEFINE_float("gain", 8.0, "Sensor gain.")
_SHADING = flags.DEFINE_float("shading", 2.5, "Gain at the frame's corner.")
_FRAME = (3120, 4208)
_SIDE = 640  # One tile of 384 packed pixels, with what is mirrored.


def corner_map() -> ShadingMap:
    """Returns the gains at the lower right corner, which rise by the radius."""
    y, x = (
        np.linspace(1 - 2 * _SIDE / size, 1, 17, dtype=np.float32)
        for size in _FRAME
    )
    radius = (y[:, None] ** 2 + x**2) / 2
    return ShadingMap(np.stack(4 * [1 + (_SHADING.value - 1) * radius]))


def clean_mosaics():
    """Yields photographs that no gain saturates, as mosaics of values."""
    colours = [np.float32(n)[None] for n in camera.get("imx258").typical()]
    for photograph in images.held_back().values():
        height, width = (min(n, _SIDE) // 2 * 2 for n in photograph.shape[:2])
        srgb = np.float32(photograph[:height, :width] / 65535.0)
        linear = unprocess.to_linear(srgb[None], np) / _SHADING.value
        packed = unprocess.linear_to_packed(linear, *colours, np)
        yield cfa.unpack(packed, "RGGB")[0, :, :, 0]


def values(array, clean, seed):
    """Returns name -> `[H, W]` values of a shaded frame, before the gains."""
    law, shading = profile_lib.load("imx258"), corner_map()
    a, b = float(law.a(_GAIN.value)), float(law.b(_GAIN.value))
    shape = clean.shape
    gains = shading.grid(0, *map(np.arange, shape), shape)
    normal = np.random.default_rng(seed).standard_normal(shape)
    noisy = clean + np.sqrt(a * clean + b) * normal
    image = dng.synthetic(noisy * gains, pattern="RGGB")
    centre = float(gains[shape[0] // 2, shape[1] // 2])
    # The member is that of the noise before the gains. (By the signal it is:
    # the gains multiply both.)
    moved = array
    if not array.reference_signal:
        moved = dataclasses.replace(
            array, edges=[centre * edge for edge in array.edges]
        )
    by_tile = Denoiser(moved, _RECIPE.value, own_tile=True)
    by_pixel = Denoiser(array, _RECIPE.value, own_tile=True)
    found = {
        "noisy": image.visible,
        "a gain a tile": by_tile.denoise(image, (a * centre, b * centre**2)),
        "a gain a pixel": by_pixel.denoise(image, (a, b), shading=shading),
    }
    black, white = image.black_level[0], image.white_level
    return {
        name: (counts - black) / (white - black) / gains
        for name, counts in found.items()
    }


def main(_):
    """Prints the error of both ways."""
    array = bundle.load(_BUNDLE.value)
    errors = {}
    for seed, clean in enumerate(clean_mosaics()):
        for name, found in values(array, clean, seed).items():
            error = np.mean((found - clean) ** 2)
            errors.setdefault(name, []).append(-10 * np.log10(error))
    low, high = corner_map().low, corner_map().high
    print(f"gain {_GAIN.value:g}, shading {low:.2f} to {high:.2f} in a tile\n")
    print("| | PSNR, dB |\n| --- | --- |")
    for name, decibels in errors.items():
        print(f"| {name} | {np.mean(decibels):.2f} |")


if __name__ == "__main__":
    app.run(main)
