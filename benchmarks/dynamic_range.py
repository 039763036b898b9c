"""Which convolutions dynamic range speeds up: by the reuse of their inputs.

A dynamic-range convolution finds the range of its input and rounds it to eight
bits before it multiplies. A point-wise convolution to 12 channels uses each
value 12 times, which does not pay for two more readings of it. Each network is
timed in float32 and in dynamic range with every convolution up to a reuse left
in float, one inference of each in turn.

Example:

    python benchmarks/dynamic_range.py
    python benchmarks/dynamic_range.py --variants=fan_gate --reuses=0,32
"""

import statistics

import runtime_timing
from absl import app
from absl import flags

from export import quantise
from fanet_tf import variants as variants_lib

_VARIANTS = flags.DEFINE_list(
    "variants", ["fan", "fan_fast", "fan_bands", "fan_gate"], "Their names."
)
_REUSES = flags.DEFINE_list(
    "reuses",
    ["0", "16", "24", "32", "48"],
    "Convolutions that use an input value so often, or less, stay in float.",
)
_THREADS = flags.DEFINE_list("threads", ["1", "2"], "Numbers of threads.")
_TILE = flags.DEFINE_integer("tile", 384, "Packed pixels, a side.")
_ROUNDS = flags.DEFINE_integer("rounds", 9, "Inferences.", lower_bound=3)

_FLOAT = "float32"


def main(argv):
    """Prints a row for each network, number of threads and reuse."""
    del argv
    print(f"{'':12} {'threads':>7} {'reuse':>8} {'kB':>6} {'of float32':>10}")
    for name in _VARIANTS.value:
        model = variants_lib.get(name).model
        made = runtime_timing.random_source(model, _TILE.value)
        files = {_FLOAT: made.float32}
        for reuse in map(int, _REUSES.value):
            files[reuse] = quantise.dynamic(made.float32, reuse)
        for threads in map(int, _THREADS.value):
            times = runtime_timing.in_turn(files, threads, _ROUNDS.value)
            for reuse, own in times.items():
                ratio = statistics.median(
                    a / b for a, b in zip(own, times[_FLOAT], strict=True)
                )
                print(
                    f"{name:12} {threads:7} {reuse!s:>8} "
                    f"{len(files[reuse]) / 1e3:6.0f} {ratio:10.3f}",
                    flush=True,
                )


if __name__ == "__main__":
    app.run(main)
