"""Instructions of the variants on ARM cores, by class, under emulation.

Each variant gets random weights, is converted, and runs one inference of one
tile in an aarch64 user space under qemu's user-mode emulator, on one thread;
a plugin counts the instructions between two marks. The first run builds that
user space in --root: 20 seconds, 100 MB of downloads (Debian on x86-64, with
gcc; no root).

    M/MP          million instructions per RAW megapixel that the network
                  computes
    M/useful MP   per megapixel that is kept of a --useful_tile, after its halo

Counts are no times: they know neither caches nor pipelines. Beside them stands
an *estimate* of the time on cores of two classes, which is the larger one of
two times: all SIMD arithmetic at the core's peak, and the float32 traffic of
`fanet-cost` at one core's share of the memory. Neither was measured.

What was counted is kept in --output, where `fanet-cost` finds it.

Example:

    python benchmarks/arm_instructions.py
    python benchmarks/arm_instructions.py --variants=fan_gate,fan_half \
        --recipes=float32,static_wi8_ai8 --cores=cortex-a76,cortex-a53
"""

import pathlib

import named_networks
import numpy as np
import runtime_timing
from absl import app
from absl import flags

from arm import instructions
from arm import user_space
from export.int8 import quantise
from export.member import recipes
from fanet_tf import models
from fanet_tf.files import atomic
from fanet_tf.models import cost
from fanet_tf.models import instruction_counts

_VARIANTS = flags.DEFINE_list(
    "variants", ["fan_gate", "fan_half", "pmrid"], "`NAME` or `NAME:TRANSFORM`."
)
_RECIPES = flags.DEFINE_list(
    "recipes",
    ["float32", "dynamic_wi8_afp32", "static_wi8_ai8"],
    "Number formats. Static ones keep the usual ends in float.",
)
_CORES = flags.DEFINE_list("cores", ["cortex-a76"], "Cores to emulate.")
_TILE = flags.DEFINE_integer(
    "tile", 128, "Packed pixels, a side, of what is counted.", lower_bound=32
)
_USEFUL_TILE = flags.DEFINE_integer(
    "useful_tile", 384, "Packed pixels, a side, of what is kept."
)
_HALO = flags.DEFINE_integer(
    "halo", -1, "Packed pixels; below 0 the measured radius of each network."
)
_ROOT = flags.DEFINE_string(
    "root", str(user_space.DEFAULT_ROOT), "Folder of the user space."
)
_OUTPUT = flags.DEFINE_string(
    "output", str(instruction_counts.FILE), "JSON of what was counted."
)

# Assumed, not measured: the emulated core whose counts are taken, 1e9 SIMD
# instructions of 128 bits a second (GHz times those a cycle), GB/s of memory
# that one core gets.
_CLASSES = {
    "big core of 2019 (A76 at 2.6 GHz)": ("cortex-a76", 2.6 * 2, 10.0),
    "big core of 2023 (X3 at 3.2 GHz)": ("cortex-a76", 3.2 * 4, 20.0),
    "little core (A53 at 1.8 GHz)": ("cortex-a53", 1.8 * 1, 3.0),
}
_ARITHMETIC = (
    "fp32_mac",
    "fp16_mac",
    "int8_dot",
    "int8_matmul",
    "int_mac",
    "fp16_other",
    "fp16_convert",
    "simd_other",
)


def _tile(side):
    """Returns one noisy tile at gain 1 of the stand-in profile."""
    rng = np.random.default_rng(0)
    one = np.ones((1, 1, 1, 1), np.float32)
    return {
        "noisy": rng.random((1, side, side, 4), dtype=np.float32),
        "scale": 400 * one,
        "offset": 3 * one,
    }


def _convert(model, recipe, side):
    made = runtime_timing.random_source(model, side)
    if recipe != "static_wi8_ai8":
        return recipes.get(recipe).convert(made)
    # The stages that train change constants, not operations.
    ranges = quantise.calibrate(made.float32, [_tile(side)])
    return quantise.static(made.float32, ranges)


def _useful(model) -> float:
    """Returns the part of a tile that is kept."""
    halo, tile = _HALO.value, _USEFUL_TILE.value
    if halo < 0:
        halo = named_networks.halo(model)
    return max(tile - 2 * halo, 0) ** 2 / tile**2


def _print(name, counted, useful, traffic):
    for core, by_recipe in counted.items():
        for recipe, classes in by_recipe.items():
            total = classes["total"]
            print(
                f"{name:14} {core:11} {recipe:18} {total:7.0f} "
                f"{total / useful if useful else float('inf'):12.0f}  "
                + " ".join(
                    f"{k} {v:.0f}" for k, v in classes.items() if v >= 1
                ).removeprefix(f"total {total:.0f} ")
            )
    for label, (core, peak, bandwidth) in _CLASSES.items():
        float32 = counted.get(core, {}).get("float32")
        if float32 is None:
            continue
        arithmetic = sum(float32.get(key, 0.0) for key in _ARITHMETIC)
        times = (arithmetic / peak / 1e3, traffic / bandwidth / 1e3)
        bound = "arithmetic" if times[0] > times[1] else "memory"
        print(
            f"{'':14} estimate, {label}: {1e3 * max(times):.0f} ms/MP ({bound})"
        )


def main(argv):
    """Counts, prints and keeps."""
    del argv
    try:
        space = user_space.build(_ROOT.value)
    except user_space.BuildError as error:
        raise app.UsageError(str(error)) from error
    side = _TILE.value
    per_mp = cost.PACKED_PER_MP / side**2 / 1e6
    path = pathlib.Path(_OUTPUT.value)
    print(
        f"{'':14} {'core':11} {'recipe':18} {'M/MP':>7} "
        f"{'M/useful MP':>12}  by class, M/MP"
    )
    for name in _VARIANTS.value:
        model = named_networks.model(name)
        flatbuffers = [_convert(model, r, side) for r in _RECIPES.value]
        counted = {}
        for core in _CORES.value:
            found = instructions.count(
                space, core, flatbuffers, [_tile(side)] * len(flatbuffers)
            )
            counted[core] = {
                recipe: {
                    key: round(value * per_mp, 2)
                    for key, value in one.instructions.items()
                }
                for recipe, one in zip(_RECIPES.value, found, strict=True)
            }
        size = 4 * models.stride(**model)
        traffic = cost.count(
            models.core(height=size, width=size, **model)
        ).traffic_mb_per_mp
        _print(name, counted, _useful(model), traffic)
        record = instruction_counts.merge(path, name, model, counted)
        atomic.write_json(path, record, indent=1, overwrite=True)


if __name__ == "__main__":
    app.run(main)
