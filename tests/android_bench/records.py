"""Jobs and rows as a run keeps them."""

from android_bench.bundle import Tile
from android_bench.results import page
from android_bench.results import ratios
from android_bench.results import rows as row_maker

TILES = {"m0.float32": Tile(500, 500, 50, 4)}
HEADER = {
    "type": "run",
    "schema_version": 1,
    "run_id": "x",
    "date": "2026-01-01",
    "arguments": "B",
    "device": {"model": "P"},
    "bundle": {"name": "b"},
    "tool": None,
    "identity": {"bundle": "1"},
}


def job(kind, number=0, median_ms=None, **fields):
    record = {
        "id": f"{kind}.{number}",
        "kind": kind,
        "model": "m0.float32",
        "member": 0,
        "recipe": "float32",
        "delegate": "cpu",
        "threads": 4,
        "round": number,
        "status": "ok",
        "started": 60.0 * number,
    }
    if median_ms is not None:
        record["latency"] = {"median_us": 1000 * median_ms}
    return {**record, **fields}


def summarise(*jobs, limit=0.05):
    return row_maker.summarise(list(jobs), TILES, (1560, 2104), limit)


def steady(*medians):
    references = [job("reference_run", n, 5.0) for n in range(len(medians) + 1)]
    timed = [job("latency", n, ms) for n, ms in enumerate(medians)]
    return [*references, *timed]


ON_A_PHONE = {
    "cores": "4-7",
    "governor": "walt",
    "before": {"battery_percent": 87, "skin_c": 31.0},
    "after": {"battery_percent": 84, "skin_c": 36.0},
}
LATENCY = {
    "median_us": 10_000,
    "p95_us": 12_000,
    "first_us": 25_000,
    "init_us": 80_000,
}
RUN = {
    **HEADER,
    "device": {"model": "P", "android": "14", "fingerprint": "p/x:14"},
    "environment": {"performance_mode": "on"},
}


def sustained(*medians_ms, seconds=2.0):
    return [
        {
            "at_s": seconds * number,
            "seconds": seconds,
            "num_runs": 100,
            "mean_us": 1e4 * seconds * 0.9,
            "median_us": 1000 * ms,
            "condition": {"skin_c": 30.0 + number},
        }
        for number, ms in enumerate(medians_ms)
    ]


def jobs_of_a_phone():
    """Jobs of one configuration that say all that a phone tells."""
    slower = {**LATENCY, "p95_us": 14_000, "first_us": 27_000}
    return [
        job("latency", 0, latency=LATENCY, **ON_A_PHONE),
        job("latency", 1, latency=slower, **ON_A_PHONE),
        job("memory", memory={"peak_mb": 91.5, "overall_mb": 12.25}),
        job(
            "profile",
            profile=[{"node_type": "D", "avg_ms": "9", "name": "d"}],
            inside=[
                {"node_type": "Conv", "avg_ms": str(n), "name": f"c{n}"}
                for n in range(31)
            ],
            delegated=[31, 33],
        ),
        job("sustain", sustain=sustained(10, 10, 11, 12, 13, 14, 15, 15)),
    ]


def widest_page():
    """A page whose rows say something in every column."""
    recipe, delegate = "dynamic_wi8_afp32", "gpu_fp32"
    check = {"error": 1.5e-3, "limit": 3.9e-3, "unit": "of the range"}
    made = []
    for one in [*jobs_of_a_phone(), job("output", check=check)]:
        one.update(recipe=recipe, model=f"m0.{recipe}", delegate=delegate)
        one.update(affinity="little", gpu_api="OpenCL", id=one["kind"])
        made.append(one)
    tile = {f"m0.{recipe}": Tile(1024, 1024, 48, 8)}
    rows = row_maker.summarise(made, tile, (1560, 2104), 0.0)
    ratios.add(rows, made, {})
    rows[0].update(comparable=False, spread=0.123)
    return page.render(RUN, made, rows, None)
