"""Latency of the variants on this machine, in one run, beside one of them.

Each variant is built with random weights, converted, and timed with the LiteRT
runtime: one inference of each in turn, round after round, so that whatever else
the machine does falls on all alike. The figures are medians; a row's ratio is
the median of its ratios to the reference within each round.

    ms/MP          per megapixel that the network computes
    ms/useful MP   per megapixel that is kept of a tile after its halo

Example:

    python benchmarks/latency.py
    python benchmarks/latency.py --variants=fan,fan_fast --tile=256 --rounds=40
    python benchmarks/latency.py --neighbour
    python benchmarks/latency.py --variants=pmrid_public --reference=fan_half \
        --halo=pmrid_public=72 --halo=fan_half=28

A variant is timed with its own transform, or with the one that its name ends
with: `fan_half:signed_anscombe_algebraic` is the network that ships. Its halo
is what its layers reach with random weights, or what `--halo` says: trained
weights need less (`fanet-export` measures it) or more (`peer_halo.py`).
"""

import contextlib
import statistics
import subprocess
import sys

import named_networks
import runtime_timing
from absl import app
from absl import flags

from export.flatbuffer import runtime
from export.member import recipes
from fanet_tf import variants as variants_lib
from fanet_tf.models import cost

_VARIANTS = flags.DEFINE_list(
    "variants",
    [n for n in (*variants_lib.STUDENTS, *variants_lib.RIVALS) if n != "fan"],
    "Names of variants, `NAME` or `NAME:TRANSFORM`.",
)
_REFERENCE = flags.DEFINE_string(
    "reference", "fan", "Variant that ratios are to; it always runs."
)
_HALO = flags.DEFINE_multi_string(
    "halo", [], "VARIANT=PIXELS: packed pixels that a trained network needs."
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
        f"{'':{width}} {'ms/MP':>8} {'ms/useful MP':>13} {'ratio':>7} "
        f"{'useful ratio':>13} {'one node':>9}"
    )
    useful = {
        name: max(tile - 2 * halo, 0) ** 2 / tile**2
        for name, halo in halos.items()
    }
    for name, own in times.items():
        reference = times[_REFERENCE.value]
        ratio = statistics.median(
            a / b for a, b in zip(own, reference, strict=True)
        )
        per_mp = statistics.median(own) / network_mp
        kept = useful[name]
        print(
            f"{name:{width}} {per_mp:8.1f} "
            f"{per_mp / kept if kept else float('inf'):13.1f} {ratio:7.3f} "
            f"{ratio * useful[_REFERENCE.value] / kept if kept else 0:13.3f} "
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
    names = list(dict.fromkeys([_REFERENCE.value, *_VARIANTS.value]))
    given = dict(item.rsplit("=", 1) for item in _HALO.value)
    if unknown := set(given) - set(names):
        raise app.UsageError(f"--halo names no variant: {sorted(unknown)}")
    flatbuffers, halos = {}, {}
    for name in names:
        model = named_networks.model(name)
        made = runtime_timing.random_source(model, _TILE.value)
        flatbuffers[name] = {
            recipe: recipes.get(recipe).convert(made)
            for recipe in _RECIPES.value
        }
        halos[name] = int(given.get(name) or named_networks.halo(model))
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
