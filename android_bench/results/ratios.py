"""What a row is beside others of the same run.

A ratio is taken within each round and its median over the rounds is told:
whatever else the machine does then falls on both sides.
"""

import statistics

_REFERENCE = "float32"


def add(rows: list[dict], jobs: list[dict], macs: dict[str, int]) -> None:
    """Adds to each row its ratios; those that were not measured stay away.

    Args:
        rows: from `rows.summarise`; gain
            `times_float32`: how much faster than the member in float32;
            `gmacs_s`: multiply-accumulates a second, 1e9;
            `matmul_gmacs_s`: of the matrix product with as many threads;
            `matmul_fraction`: the share of it that the model reaches.
        jobs: finished jobs.
        macs: a model's name to its multiply-accumulates.
    """
    times: dict[tuple, dict[int, float]] = {}
    products: dict[int, dict[int, float]] = {}
    for job in jobs:
        if job["kind"] == "latency" and job["status"] == "ok":
            key = (job["model"], job["delegate"], job["threads"])
            median_us = job["latency"]["median_us"]
            times.setdefault(key, {})[job["round"]] = median_us
        elif job["kind"] == "matmul":
            rates = products.setdefault(job["threads"], {})
            rates[job["round"]] = job["matmul"]["gmacs_s"]
    for row in rows:
        config = (row["delegate"], row["threads"])
        model = f"m{row['member']}.{row['recipe']}"
        own = times.get((model, *config), {})
        reference = times.get((f"m{row['member']}.{_REFERENCE}", *config), {})
        if own.keys() & reference.keys():
            row["times_float32"] = statistics.median(
                reference[n] / own[n] for n in own.keys() & reference.keys()
            )
        # Microseconds to 1e9 a second.
        reached = {n: macs.get(model, 0) / us / 1e3 for n, us in own.items()}
        product = products.get(row["threads"], {})
        shared = reached.keys() & product.keys()
        if shared:
            row["gmacs_s"] = statistics.median(reached.values())
            row["matmul_gmacs_s"] = statistics.median(product.values())
            row["matmul_fraction"] = statistics.median(
                reached[n] / product[n] for n in shared
            )
