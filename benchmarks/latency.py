"""Latency of the variants on this machine, in one run, beside R1.

Each variant is built with random weights, converted, and timed with the LiteRT
runtime: one inference of each in turn, round after round, so that whatever else
the machine does falls on all alike. The figures are medians; a row's ratio is
the median of its ratios to R1 within each round.

    ms/MP          per megapixel that the network computes
    ms/useful MP   per megapixel that is kept of a tile after its halo

Example:

    python benchmarks/latency.py
    python benchmarks/latency.py --variants=fan,fan_fast --tile=256 --rounds=40
    python benchmarks/latency.py --neighbour

A variant is timed with its own transform, or with the one that its name ends
with: `fan_half:signed_anscombe_algebraic` is the network that ships.
"""

import contextlib
import statistics
import subprocess
import sys

import runtime_timing
from absl import app
from absl import flags

from export.flatbuffer import runtime
from export.member import recipes
from fanet_tf import models
from fanet_tf import variants as variants_lib
from fanet_tf.models import cost
from fanet_tf.models import receptive

_VARIANTS = flags.DEFINE_list(
    "variants",
    [n for n in (*variants_lib.STUDENTS, *variants_lib.RIVALS) if n != "fan"],
    "Names of variants, `NAME` or `NAME:TRANSFORM`; R1 (`fan`) always runs.",
)
_RECIPES = flags.DEFINE_list(
    "recipes", ["float32", "dynamic_wi8_afp32"], "Number formats."
)
_THREADS = flags.DEFINE_list("threads", ["1", "2"], "Numbers of threads.")
_TILE = flags.DEFINE_integer("tile", 384, "Packed pixels, a side.")
_ROUNDS = flags.DEFINE_integer("rounds", 25, "Inferences.", lower_bound=3)
_NEIGHBOUR = flags.DEFINE_bool(
    "neighbour", False, "Run beside a process that copies memory without end."
)

_REFERENCE = "fan"


def _halo(model):
    stride = models.stride(**model)

    def core(height, width):
        return models.core(
            height=height, width=width, group_form="dense", **model
        )

    return receptive.halo(receptive.radius(core, stride), stride)


def _compare(flatbuffers, halos, recipe, threads, tile, rounds):
    times = runtime_timing.in_turn(
        {name: files[recipe] for name, files in flatbuffers.items()},
        threads,
        rounds,
    )
    network_mp = tile**2 / cost.PACKED_PER_MP
    width = max(16, *map(len, times))
    print(f"\n{recipe}, {threads} thread(s), {rounds} rounds, tile {tile}")
    print(
        f"{'':{width}} {'ms/MP':>8} {'ms/useful MP':>13} {'of R1':>7} "
        f"{'useful of R1':>13} {'one node':>9}"
    )
    useful = {
        name: max(tile - 2 * halo, 0) ** 2 / tile**2
        for name, halo in halos.items()
    }
    for name, own in times.items():
        reference = times[_REFERENCE]
        ratio = statistics.median(
            a / b for a, b in zip(own, reference, strict=True)
        )
        per_mp = statistics.median(own) / network_mp
        kept = useful[name]
        print(
            f"{name:{width}} {per_mp:8.1f} "
            f"{per_mp / kept if kept else float('inf'):13.1f} {ratio:7.3f} "
            f"{ratio * useful[_REFERENCE] / kept if kept else 0:13.3f} "
            f"{str(not runtime.undelegated(flatbuffers[name][recipe])):>9}"
        )


@contextlib.contextmanager
def _neighbour():
    """Copies arrays that no cache holds, in a process of its own."""
    code = (
        "import numpy as np\n"
        "a, b = np.ones((2, 1 << 25))\n"
        "while True: np.copyto(a, b), np.copyto(b, a)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def main(argv):
    """Prints a table for each recipe and number of threads."""
    del argv
    names = [_REFERENCE] + [n for n in _VARIANTS.value if n != _REFERENCE]
    flatbuffers, halos = {}, {}
    for name in names:
        variant, _, transform = name.partition(":")
        model = dict(variants_lib.get(variant).model)
        if transform:
            model["transform"] = transform
        made = runtime_timing.random_source(model, _TILE.value)
        flatbuffers[name] = {
            recipe: recipes.get(recipe).convert(made)
            for recipe in _RECIPES.value
        }
        halos[name] = _halo(model)
        print(f"{name}: halo {halos[name]} packed pixels", flush=True)
    with _neighbour() if _NEIGHBOUR.value else contextlib.nullcontext():
        for recipe in _RECIPES.value:
            for threads in _THREADS.value:
                _compare(
                    flatbuffers,
                    halos,
                    recipe,
                    int(threads),
                    _TILE.value,
                    _ROUNDS.value,
                )


if __name__ == "__main__":
    app.run(main)
