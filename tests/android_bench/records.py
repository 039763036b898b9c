"""Jobs and rows as a run keeps them."""

from android_bench.bundle import Tile
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
