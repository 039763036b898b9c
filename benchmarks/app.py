"""What an app loses by common mistakes, and how fast its C code is.

Denoises photographs with synthetic noise, once right and once with each
mistake, and prints how far the two are apart: rms and mean, in counts of 1023.

Then compiles nsma_denoise.h and times it, and the network, on one thread.

Example:

    python benchmarks/app.py
    python benchmarks/app.py --gain=64 --compiler=clang
"""

import dataclasses
import pathlib
import shutil
import subprocess
import tempfile
import time

import numpy as np
from absl import app
from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera
from fanet_tf.data import images
from fanet_tf.denoising import bundle
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.files import dng
from fanet_tf.raw import cfa
from fanet_tf.raw import unprocess

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_GAIN = flags.DEFINE_float("gain", 8.0, "Sensor gain.")
_PIXELS = flags.DEFINE_integer("pixels", 768, "Of a photograph's side.")
_COMPILER = flags.DEFINE_string("compiler", "gcc", "Of C.")
_BLACK = 64.0

_PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "nsma_denoise.h"
static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }
int main(void) {
  NsmaRaw raw = {0};
  NsmaPlan plan;
  NsmaChoice choice = nsma_from_gain(8.0f, -1);
  float *tile = malloc(NSMA_TILE_FLOATS * sizeof(float));
  size_t i, bytes, pixels = (size_t)4208 * 3120;
  uint8_t *data = malloc(pixels / 4 * 5);
  uint16_t *out = malloc(2 * pixels);
  void *work;
  int32_t t;
  double times[5];
  for (i = 0; i < pixels / 4 * 5; ++i) {
    data[i] = (uint8_t)(i * 2654435761u >> 8 & 127);
  }
  raw.data = data;
  raw.bytes = pixels / 4 * 5;
  raw.row_bytes = 4208 / 4 * 5;
  raw.width = 4208;
  raw.height = 3120;
  raw.format = NSMA_RAW10;
  raw.white = 1023.0f;
  times[0] = now();
  if (nsma_plan(&raw, &choice, &plan)) return 1;
  times[1] = now();
  bytes = nsma_workspace_bytes(&plan);
  work = malloc(bytes);
  if (nsma_begin(&plan, work, bytes)) return 1;
  times[3] = times[2] = 0.0;
  for (t = 0; t < nsma_tiles(&plan); ++t) {
    double start = now(), middle;
    if (nsma_fill(&plan, t, tile, NSMA_TILE_FLOATS)) return 1;
    middle = now();
    if (nsma_take(&plan, t, tile, NSMA_TILE_FLOATS, work, bytes)) return 1;
    times[2] += middle - start;
    times[3] += now() - middle;
  }
  times[4] = now();
  if (nsma_finish(&plan, work, bytes, 64, out, pixels, 4208)) return 1;
  printf("%g %g %g %g %d\n", times[1] - times[0], times[2], times[3],
         now() - times[4], (int)nsma_tiles(&plan));
  return 0;
}
"""


def frames():
    """Yields noisy RAW frames of photographs, GRBG, 10 bits."""
    numbers = [np.float32(n)[None] for n in camera.get("imx258").typical()]
    a, b = noise()
    for seed, photograph in enumerate(images.held_back().values()):
        height, width = (min(n, _PIXELS.value) for n in photograph.shape[:2])
        srgb = photograph[: height // 2 * 2, : width // 2 * 2] / 65535.0
        clean = unprocess.unprocess(np.float32(srgb)[None], *numbers)
        normal = np.random.default_rng(seed).standard_normal(clean.shape)
        noisy = clean + np.sqrt(a * clean + b) * normal
        mosaic = cfa.unpack(noisy, "GRBG")[0, :, :, 0]
        yield dng.synthetic(mosaic, noise=(a, b), pattern="GRBG")


def noise():
    """Returns `(a, b)` at the gain."""
    law = profile_lib.load("imx258")
    return float(law.a(_GAIN.value)), float(law.b(_GAIN.value))


class Swapped(Denoiser):
    """Binds scale and offset to each other's input."""

    def runner(self, *arguments):
        """Returns a runner with the mistake."""
        runner = super().runner(*arguments)
        right = runner.run

        class Wrong:
            tile, member = runner.tile, runner.member

            def run(self, noisy, scale, offset):
                return right(noisy, offset, scale)

        return Wrong()


def mistakes(array):
    """Returns name -> what denoises a frame with a mistake in it."""
    a, b = noise()

    def denoise(image, pair=(a, b), of=array, kind=Denoiser, **changes):
        image = dataclasses.replace(image, **changes)
        denoiser = kind(of, _RECIPE.value, own_tile=True)
        return denoiser.denoise(image, pair, keep_mean=True)

    def without_mean(image):
        denoiser = Denoiser(array, _RECIPE.value, own_tile=True)
        return denoiser.denoise(image, (a, b))

    def no_halo(image):
        members = tuple(
            dataclasses.replace(m, tile=dataclasses.replace(m.tile, halo=0))
            for m in array.members
        )
        return denoise(image, of=dataclasses.replace(array, members=members))

    def other_member(image):
        edges = [3.0 * edge for edge in array.edges]
        return denoise(image, of=dataclasses.replace(array, edges=edges))

    def black(level):
        return lambda i: denoise(i, black_level=4 * (level,))

    return {
        "right": denoise,
        "GRBG read as RGGB": lambda i: denoise(i, pattern="RGGB"),
        "GRBG read as BGGR": lambda i: denoise(i, pattern="BGGR"),
        "GRBG read as GBRG": lambda i: denoise(i, pattern="GBRG"),
        "black 0": black(0.0),
        "black twice": black(2 * _BLACK),
        "b as a deviation": lambda i: denoise(i, (a, b**0.5)),
        "gain twice too large": lambda i: denoise(i, (2 * a, 4 * b)),
        "the member below": other_member,
        "scale and offset swapped": lambda i: denoise(i, kind=Swapped),
        "no halo, nothing mirrored": no_halo,
        "no mean put back": without_mean,
    }


def main(_):
    """Prints both."""
    array = bundle.load(_BUNDLE.value)
    errors = {}
    clean = []
    for image in frames():
        expected = None
        for name, denoise in mistakes(array).items():
            got = denoise(image).astype(np.float64)
            if expected is None:
                expected = got
                clean.append(np.std(image.visible - expected))
                continue
            errors.setdefault(name, []).append(got - expected)
    print(f"gain {_GAIN.value:g}: noise of {np.mean(clean):.1f} counts\n")
    print("| mistake | rms, counts | mean |\n| --- | --- | --- |")
    for name, found in errors.items():
        off = np.concatenate([f.ravel() for f in found])
        print(f"| {name} | {np.sqrt(np.mean(off**2)):.2f} | {off.mean():.2f} |")
    compiler = shutil.which(_COMPILER.value)
    if compiler:
        print()
        time_code(array, compiler)


def time_code(array, compiler):
    """Prints the megapixels per second of the C code."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "main.c").write_text(_PROGRAM)
        subprocess.run(
            [compiler, "-std=c99", "-O2", f"-I{array.folder}", "main.c"]
            + ["-lm", "-o", "main"],
            cwd=folder,
            check=True,
        )
        runs = [subprocess.check_output(place / "main") for _ in range(3)]
    runs = [[float(t) for t in run.split()] for run in runs]
    *times, tiles = min(runs, key=lambda run: sum(run[:4]))
    names = ("plan", "fill", "take", "finish")
    parts = ", ".join(f"{n} {t:.2f}" for n, t in zip(names, times, strict=True))
    network = tiles * tile_seconds(array)
    print(
        f"13 MP, {tiles:.0f} tiles, CPU seconds: {sum(times):.2f} in C "
        f"({parts}), {network:.2f} in the network; "
        f"{100 * sum(times) / network:.0f} %"
    )


def tile_seconds(array):
    """Returns what the network takes for a tile, in CPU seconds."""
    member = array.member_for(noise()[0])
    runner = MemberRunner(member, _RECIPE.value, 1)
    shape = (runner.tile.height, runner.tile.width, 4)
    tile = np.random.default_rng(0).random(shape, np.float32)
    took = []
    for _ in range(5):
        start = time.process_time()
        runner.run(tile, 600.0, 2.0)
        took.append(time.process_time() - start)
    return min(took)


if __name__ == "__main__":
    app.run(main)
