"""Times every member and recipe of a bundle here, beside a matrix product.

One inference of each in turn, round after round, in one process: whatever else
the machine does falls on all alike, and a recipe's speed-up is the median of
its ratios to float32 within each round. The product is a point-wise
convolution of 256 to 256 channels in float32, by the same runtime with as many
threads: what the machine's arithmetic gives at best.

Example:
    python benchmarks/recipes.py BUNDLE --threads=1,2 --output=speed.json
"""

import json
import os
import pathlib
import platform
import statistics
import time

import numpy as np
from absl import app
from absl import flags

from export import convert
from export import graph
from export import runtime
from fanet_tf import bundle as bundle_lib

_THREADS = flags.DEFINE_list("threads", ["1", "2"], "Numbers of threads.")
_MEMBERS = flags.DEFINE_list("members", [], "Members to time; all else.")
_ROUNDS = flags.DEFINE_integer("rounds", 15, "Inferences.", lower_bound=3)
_OUTPUT = flags.DEFINE_string("output", None, "JSON file to write.")

_REFERENCE = "float32"
_CHANNELS, _SIDE = 256, 64
_PACKED_PER_MP = 250_000


def machine() -> str:
    """Names the processor and how many of it there are."""
    name = platform.processor() or platform.machine()
    described = pathlib.Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Hardware")):
                name = line.partition(":")[2].strip()
                break
    return f"{os.cpu_count()} cores of {name}"


def matrix_product() -> bytes:
    """Returns the flatbuffer of the product."""
    import tensorflow as tf

    kernel = np.random.default_rng(0).standard_normal(
        (1, 1, _CHANNELS, _CHANNELS), np.float32
    )

    def serve(x):
        return {"y": tf.nn.conv2d(x, kernel, 1, "SAME")}

    shape = [1, _SIDE, _SIDE, _CHANNELS]
    return convert.convert_function(
        serve, [tf.TensorSpec(shape, tf.float32, name="x")]
    )


def measure(flatbuffers, threads: int, rounds: int) -> dict:
    """Returns name -> seconds of each round.

    Args:
        flatbuffers: name -> bytes.
        threads: of the CPU.
        rounds: how many; one more comes before them.
    """
    runners = {
        name: runtime.Runner(content, threads)
        for name, content in flatbuffers.items()
    }
    rng = np.random.default_rng(0)
    feeds = {
        name: {
            key: rng.random(detail["shape"], dtype=np.float32)
            for key, detail in runner.inputs.items()
        }
        for name, runner in runners.items()
    }
    seconds = {name: [] for name in runners}
    for number in range(rounds + 1):
        for name, runner in runners.items():
            start = time.perf_counter()
            runner(feeds[name])
            if number:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def rows(bundle, members, threads, rounds) -> list[dict]:
    """Returns a record for each member, recipe and number of threads."""
    product = matrix_product()
    product_macs = _CHANNELS**2 * _SIDE**2
    found = []
    for member in members:
        contents = {
            recipe: path.read_bytes() for recipe, path in member.paths.items()
        }
        tile = member.tile
        network_mp = tile.height * tile.width / _PACKED_PER_MP
        kept = (tile.height - 2 * tile.halo) * (tile.width - 2 * tile.halo)
        useful_mp = kept / _PACKED_PER_MP
        for count in threads:
            times = measure({"": product, **contents}, count, rounds)
            best = product_macs / statistics.median(times.pop(""))
            reference = times.get(_REFERENCE)
            for recipe, seconds in times.items():
                macs = sum(graph.read(contents[recipe]).macs().values())
                median = statistics.median(seconds)
                row = {
                    "member": member.index,
                    "recipe": recipe,
                    "threads": count,
                    "ms_per_network_mp": round(1000 * median / network_mp, 2),
                    "ms_per_useful_mp": round(1000 * median / useful_mp, 2),
                    "of_matrix_product": round(macs / median / best, 3),
                    "matrix_product_gmacs_s": round(best / 1e9, 1),
                }
                if reference:
                    row["speed_up"] = round(
                        statistics.median(
                            theirs / ours
                            for ours, theirs in zip(
                                seconds, reference, strict=True
                            )
                        ),
                        2,
                    )
                found.append(row)
    return found


def main(arguments):
    """Prints the table; writes what `recipe_tables.py` reads."""
    bundle = bundle_lib.load(arguments[1])
    chosen = [
        member
        for member in bundle.members
        if not _MEMBERS.value or str(member.index) in _MEMBERS.value
    ]
    record = {
        "bundle": bundle.name,
        "machine": machine(),
        "rounds": _ROUNDS.value,
        "rows": rows(
            bundle, chosen, [int(n) for n in _THREADS.value], _ROUNDS.value
        ),
    }
    if _OUTPUT.value:
        path = pathlib.Path(_OUTPUT.value)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    import recipe_tables

    print("\n".join(recipe_tables.speed(record)))


if __name__ == "__main__":
    app.run(main)
