"""The rate of this machine's own float32 matrix product.

What its arithmetic gives at best, to hold a model's rate against. The linear
algebra library behind numpy reads its number of threads once, when it is
loaded, so each measurement is a process of its own.

Example:

    python -m android_bench.targets.matmul THREADS RUNS
"""

import json
import statistics
import subprocess
import sys
import time

import numpy as np

from android_bench.errors import BenchError
from fanet_tf.files import children

_MODULE = "android_bench.targets.matmul"

# As much work as a tile's: other load then falls on both alike.
SIZE = 1024
_WARMUP_RUNS = 5
# OpenBLAS, any library on OpenMP, MKL, BLIS, Apple's Accelerate.
_LIMITS = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def command(threads: int, runs: int) -> list[str]:
    """The command line that measures."""
    return children.python("-m", _MODULE, str(threads), str(runs))


def measure(threads: int, runs: int, limit_s: float) -> dict:
    """Measures in a process of its own.

    Args:
        threads: of the product.
        runs: how many products.
        limit_s: the longest it may take.

    Returns:
        `gmacs_s`, 1e9 multiply-accumulates a second at the median, and what
        they come from.

    Raises:
        BenchError: numpy here cannot multiply matrices in time.
    """
    limits = dict.fromkeys(_LIMITS, str(threads))
    try:
        process = subprocess.run(
            command(threads, runs),
            env=children.environment(**limits),
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise BenchError(
            f"numpy must multiply matrices within {limit_s:g} s. Received: "
            f"{error}"
        ) from None
    return json.loads(process.stdout)


def _products(runs: int) -> list[float]:
    """Seconds of each product."""
    rng = np.random.default_rng(0)
    left, right = rng.random((2, SIZE, SIZE), dtype=np.float32)
    result = np.empty_like(left)
    seconds = []
    for _ in range(_WARMUP_RUNS + runs):
        start = time.perf_counter()
        np.matmul(left, right, out=result)
        seconds.append(time.perf_counter() - start)
    return seconds[_WARMUP_RUNS:]


if __name__ == "__main__":
    _threads, _runs = map(int, sys.argv[1:])
    print(
        json.dumps(
            {
                "gmacs_s": SIZE**3 / statistics.median(_products(_runs)) / 1e9,
                "size": SIZE,
                "num_runs": _runs,
            }
        )
    )
