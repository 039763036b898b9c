"""Does `fanet-bench --host` report what the LiteRT runtime itself takes?

Each round measures every model of a bundle twice, in separate processes right
after each other and in changing order: through `fanet-bench`'s own host path,
and directly, by timing the runtime's `Interpreter` on the golden tile. The
median over the rounds of the ratio must lie within 10 % of 1.

Example:

    python benchmarks/host_against_runtime.py BUNDLE --rounds=7
"""

import json
import pathlib
import statistics
import subprocess
import sys

from absl import app
from absl import flags
from tqdm import tqdm

from android_bench import bundle as bundles
from android_bench.errors import BenchError
from android_bench.plan import Job
from android_bench.targets import host
from android_bench.tool.tool import Timing

_ROUNDS = flags.DEFINE_integer("rounds", 7, "Pairs a model.", lower_bound=1)
_RUNS = flags.DEFINE_integer("num_runs", 30, "Runs a process.", lower_bound=1)
_THREADS = flags.DEFINE_integer("threads", 1, "CPU threads.", lower_bound=1)
_MEMBERS = flags.DEFINE_list("members", [], "Members to measure; all else.")
_RECIPES = flags.DEFINE_list("recipes", [], "Recipes to measure; all else.")

LIMIT = 0.10

# Shares nothing with android_bench but the bundle's reader.
DIRECT = """
import pathlib, statistics, sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from android_bench import bundle as bundles

folder, member, recipe, threads, runs = sys.argv[1:]
(model,) = bundles.read(pathlib.Path(folder), [member], [recipe]).models
interpreter = Interpreter(str(model.path), num_threads=int(threads))
interpreter.allocate_tensors()
values = {
    "noisy": model.golden_noisy(),
    "scale": np.full((1, 1, 1, 1), model.scale, np.float32),
    "offset": np.full((1, 1, 1, 1), model.offset, np.float32),
}
for detail in interpreter.get_input_details():
    (value,) = (values[name] for name in values if name in detail["name"])
    interpreter.set_tensor(detail["index"], value.astype(detail["dtype"]))
times = []
for _ in range(5 + int(runs)):
    start = time.perf_counter()
    interpreter.invoke()
    times.append(time.perf_counter() - start)
print(1000 * statistics.median(times[5:]))
"""


def through_fanet_bench(model: bundles.Model) -> float:
    """Median milliseconds of one process of the host path."""
    target = host.Host(Timing(num_runs=_RUNS.value))
    record = target.run(Job(model, "cpu", _THREADS.value, "latency"))
    if record["status"] != "ok":
        raise RuntimeError(record["reason"])
    return record["latency"]["median_us"] / 1000


def directly(folder: str, model: bundles.Model) -> float:
    """Median milliseconds of one process of the Interpreter."""
    process = subprocess.run(
        [
            sys.executable,
            "-c",
            DIRECT,
            folder,
            str(model.member),
            model.recipe,
            str(_THREADS.value),
            str(_RUNS.value),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(process.stdout.split()[-1])


def main(argv: list[str]) -> int:
    """Prints a line a model; 1 when a median ratio leaves the limit."""
    if len(argv) != 2:
        print("one bundle must be given", file=sys.stderr)
        return 2
    folder = argv[1]
    try:
        models = bundles.read(
            pathlib.Path(folder), _MEMBERS.value, _RECIPES.value
        ).models
    except BenchError as error:
        print(error, file=sys.stderr)
        return 2
    ratios = {model.name: [] for model in models}
    pairs = [(n, model) for n in range(_ROUNDS.value) for model in models]
    for number, model in tqdm(pairs, unit="pair"):
        if number % 2:
            direct = directly(folder, model)
            bench = through_fanet_bench(model)
        else:
            bench = through_fanet_bench(model)
            direct = directly(folder, model)
        ratios[model.name].append((bench / direct, bench, direct))
    failed = False
    for name, measured in ratios.items():
        ratio, bench, direct = (
            statistics.median(column) for column in zip(*measured, strict=True)
        )
        inside = abs(ratio - 1) <= LIMIT
        failed |= not inside
        print(
            json.dumps(
                {
                    "model": name,
                    "fanet_bench_ms": round(bench, 3),
                    "runtime_ms": round(direct, 3),
                    "median_ratio": round(ratio, 3),
                    "least": round(min(measured)[0], 3),
                    "greatest": round(max(measured)[0], 3),
                    "within_10_percent": inside,
                }
            )
        )
    return int(failed)


if __name__ == "__main__":
    app.run(main)
