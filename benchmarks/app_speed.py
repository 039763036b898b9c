"""Times the C code of a bundle, and counts its instructions on an ARM core.

Denoises frames of 13 MP through `nsma_denoise.h` with a network that changes
nothing, and prints the CPU seconds of the fastest frame after the first, which
also pays for fresh memory; beside them those of the network on one thread.
With a cross compiler and qemu-aarch64 it counts the instructions of one frame
on a Cortex-A76, too, and compares them with the counted ones of the network
(docs/arm.md).

Example:

    python benchmarks/app_speed.py
    python benchmarks/app_speed.py --compiler=clang
    python benchmarks/app_speed.py --millions_per_mp=1075.97
"""

import pathlib
import shutil
import subprocess
import tempfile
import time

import numpy as np
from absl import app
from absl import flags

from export.contract import denoiser_code
from export.contract import selector_code
from fanet_tf.denoising import bundle
from fanet_tf.denoising.member_runner import MemberRunner

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_COMPILER = flags.DEFINE_string("compiler", "gcc", "Of C.")
_MILLIONS = flags.DEFINE_float(
    "millions_per_mp", None, "The network's instructions on a Cortex-A76."
)
_COUNTER = pathlib.Path(__file__).parent / "arm/count_instructions.c"

_PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "nsma_denoise.h"
static double now(void) { return (double)clock() / CLOCKS_PER_SEC; }
int main(int argc, char **argv) {
  const int frames = argc > 1 ? atoi(argv[1]) : 1;
  const size_t width = 4208, height = 3120, pixels = width * height;
  NsmaRaw raw = {0};
  NsmaPlan plan;
  NsmaChoice choice = nsma_from_gain(8.0f, -1);
  float *tile = malloc(NSMA_TILE_FLOATS * sizeof(float));
  uint8_t *data = malloc(pixels / 4 * 5);
  uint16_t *out = malloc(2 * pixels);
  uint32_t state = 25;
  void *work = NULL;
  size_t i, bytes;
  int32_t t, frame;
  for (i = 0; i < pixels / 4 * 5; ++i) { /* A noisy ramp. */
    state = state * 1664525u + 1013904223u;
    data[i] = (uint8_t)(state >> 24);
    if (i % 5 < 4) {
      data[i] = (uint8_t)(24 + i % 5260 / 40 + (state >> 28) +
                          (state >> 24 & 15) + (state >> 20 & 15));
    }
  }
  raw.data = data;
  raw.bytes = pixels / 4 * 5;
  raw.row_bytes = width / 4 * 5;
  raw.width = (int32_t)width;
  raw.height = (int32_t)height;
  raw.format = NSMA_RAW10;
  for (i = 0; i < 4; ++i) raw.black[i] = 64.0f;
  raw.white = 1023.0f;
  for (frame = 0; frame < frames; ++frame) {
    double times[5], fill = 0.0, take = 0.0;
    getppid(); /* Where the plugin of the emulator reports. */
    times[0] = now();
    if (nsma_plan(&raw, &choice, &plan)) return 1;
    bytes = nsma_workspace_bytes(&plan);
    if (work == NULL) work = malloc(bytes);
    if (nsma_begin(&plan, work, bytes)) return 1;
    times[1] = now();
    for (t = 0; t < nsma_tiles(&plan); ++t) {
      times[2] = now();
      if (nsma_fill(&plan, t, tile, NSMA_TILE_FLOATS)) return 1;
      times[3] = now();
      if (nsma_take(&plan, t, tile, NSMA_TILE_FLOATS, work, bytes)) return 1;
      fill += times[3] - times[2];
      take += now() - times[3];
    }
    times[4] = now();
    if (nsma_finish(&plan, work, bytes, 64, out, pixels, width)) return 1;
    printf("%g %g %g %g %d\n", times[1] - times[0], fill, take,
           now() - times[4], (int)nsma_tiles(&plan));
    getppid();
  }
  return 0;
}
"""


def compiled(folder, compiler, *flags_):
    """Returns the program."""
    (folder / "main.c").write_text(_PROGRAM)
    command = [compiler, "-std=gnu99", "-O2", *flags_, "main.c", "-lm"]
    subprocess.run([*command, "-o", "main"], cwd=folder, check=True)
    return folder / "main"


def time_code(array, folder, compiler):
    """Prints the CPU seconds of the code and of the network."""
    program = compiled(folder, compiler)
    lines = subprocess.check_output([program, "12"], text=True).splitlines()
    runs = [[float(n) for n in line.split()] for line in lines[1:]]
    *times, tiles = min(runs, key=lambda run: sum(run[:4]))
    names = ("plan", "fill", "take", "finish")
    parts = ", ".join(f"{n} {t:.3f}" for n, t in zip(names, times, strict=True))
    network = tiles * tile_seconds(array)
    print(
        f"13 MP, {tiles:.0f} tiles, CPU seconds: {sum(times):.3f} in C by "
        f"{_COMPILER.value} ({parts}), {network:.2f} in the network; "
        f"{100 * sum(times) / network:.1f} %"
    )
    return tiles


def tile_seconds(array):
    """Returns what the network takes for a tile, in CPU seconds."""
    runner = MemberRunner(array.members[1], _RECIPE.value, 1)
    shape = (runner.tile.height, runner.tile.width, 4)
    tile = np.random.default_rng(0).random(shape, np.float32)
    took = []
    for _ in range(8):
        start = time.process_time()
        runner.run(tile, 600.0, 2.0)
        took.append(time.process_time() - start)
    return min(took)


def count_code(array, folder, tiles):
    """Prints the instructions of one frame on an emulated Cortex-A76."""
    compiler = shutil.which("aarch64-linux-gnu-gcc")
    emulator = shutil.which("qemu-aarch64")
    if not compiler or not emulator:
        print("not counted: needs aarch64-linux-gnu-gcc and qemu-aarch64")
        return
    plugin = folder / "count.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O2", "-o", plugin, _COUNTER], check=True
    )
    done = subprocess.run(
        [emulator, "-cpu", "cortex-a76", "-plugin", plugin]
        + [compiled(folder, compiler, "-static"), "1"],
        capture_output=True,
        text=True,
        check=True,
    )
    totals = [
        int(line.split("total=")[1].split()[0])
        for line in done.stderr.splitlines()
        if line.startswith("COUNTS")
    ]
    mine = (totals[1] - totals[0]) / 1e6
    said = f"{mine:.0f} million instructions on a Cortex-A76"
    if _MILLIONS.value:
        tile = array.members[0].tile
        seen = 4e-6 * tiles * tile.height * tile.width
        network = _MILLIONS.value * seen
        said += f", {100 * mine / network:.1f} % of the network's {network:.0f}"
    print(said)


def main(_):
    """Prints times and counts."""
    array = bundle.load(_BUNDLE.value)
    compiler = shutil.which(_COMPILER.value)
    if compiler is None:
        raise app.UsageError(f"--compiler={_COMPILER.value} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for code in (selector_code, denoiser_code):
            for name, text in code.write(array.manifest).items():
                (folder / name).write_text(text)
        tiles = time_code(array, folder, compiler)
        count_code(array, folder, tiles)


if __name__ == "__main__":
    app.run(main)
