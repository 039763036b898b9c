"""What a row is beside others of the same run.

A ratio is taken within each round, and its median over the rounds is told:
whatever else the machine does then falls on both sides.
"""

import statistics

# The first of these that the run measured of a member is what its other
# recipes are held against; without any, the member's first recipe is.
_REFERENCES = ("float32", "float16")


def add(rows: list[dict], jobs: list[dict], macs: dict[str, int]) -> None:
    """Adds to each row its ratios; those that were not measured stay away.

    Args:
        rows: from `rows.summarise`; gain
            `times_reference`: how much faster than the member's `reference`,
            the name of a recipe;
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
            key = (job["model"], *_config(job))
            median_us = job["latency"]["median_us"]
            times.setdefault(key, {})[job["round"]] = median_us
        elif job["kind"] == "matmul":
            rates = products.setdefault(job["threads"], {})
            rates[job["round"]] = job["matmul"]["gmacs_s"]
    names = _references(rows, times)
    for row in rows:
        model = f"m{row['member']}.{row['recipe']}"
        own = times.get((model, *_config(row)), {})
        name = names.get(row["member"])
        reference = times.get((f"m{row['member']}.{name}", *_config(row)), {})
        if own.keys() & reference.keys():
            row["reference"] = name
            row["times_reference"] = statistics.median(
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


def _config(record: dict) -> tuple[str, int, str]:
    """Who executes a job or row, on which cores."""
    return (
        record["delegate"],
        record["threads"],
        record.get("affinity", ""),
    )


def _references(rows: list[dict], times: dict[tuple, dict]) -> dict[int, str]:
    """Member to the recipe that its others are held against."""
    timed: dict[int, list[str]] = {}
    measured = {model for model, *_ in times}
    for row in rows:
        if f"m{row['member']}.{row['recipe']}" in measured:
            timed.setdefault(row["member"], []).append(row["recipe"])
    return {
        member: next((r for r in _REFERENCES if r in recipes), recipes[0])
        for member, recipes in timed.items()
    }
