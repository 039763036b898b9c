"""What single jobs add to a row, beside its latency."""

import statistics
from collections.abc import Mapping

# The last part of a sustained run, by which the phone has settled.
_PLATEAU = 0.25


def hottest_c(sample: Mapping[str, object]) -> float | None:
    """The skin's temperature, else the battery's, in degrees Celsius."""
    return sample.get("skin_c", sample.get("battery_c"))


def of_run(header: Mapping[str, Mapping]) -> dict[str, str]:
    """Device, Android version and mode: the same for all rows of a run."""
    device = header.get("device") or {}
    named = " ".join(
        filter(None, (device.get("manufacturer"), device.get("model")))
    )
    mode = (header.get("environment") or {}).get("performance_mode")
    found = {
        "device": named,
        "android": device.get("android"),
        "performance_mode": mode,
    }
    return {name: value for name, value in found.items() if value}


def of_latency(jobs: list[dict]) -> dict[str, float]:
    """Medians over the processes: first run, initialisation and p95, in ms."""
    found = {}
    for name in ("first", "init", "p95"):
        values = [job["latency"].get(f"{name}_us") for job in jobs]
        values = [value / 1000 for value in values if value is not None]
        if values:
            found[f"{name}_ms"] = statistics.median(values)
    return found


def of_memory(jobs: list[dict]) -> dict[str, float]:
    """Megabytes of the process: its peak, and how much it grew by."""
    for job in reversed(jobs):
        memory = job.get("memory")
        if memory:
            names = {"peak_mb": "peak_mb", "overall_mb": "growth_mb"}
            return {names[k]: v for k, v in memory.items() if k in names}
    return {}


def of_machine(jobs: list[dict]) -> dict[str, object]:
    """Cores, their governor, and the battery while it was measured."""
    found = {}
    for name in ("cores", "governor", "gpu_api"):
        values = dict.fromkeys(job[name] for job in jobs if job.get(name))
        if values:
            found[name] = ", ".join(values)
    percents = [
        sample["battery_percent"]
        for job in jobs
        for sample in (job.get("before"), job.get("after"))
        if sample and "battery_percent" in sample
    ]
    if percents:
        found["battery_percent"] = [min(percents), max(percents)]
    return found


def of_operators(jobs: list[dict]) -> dict[str, object]:
    """How many nodes ran, and how many operators are inside delegates."""
    found = {}
    for job in jobs:
        if job.get("profile"):
            found["nodes"] = len(job["profile"])
        if job.get("delegated"):
            found["delegated"] = job["delegated"]
        elif job.get("inside") and "delegated" not in found:
            found["delegated"] = [len(job["inside"])]
    return found


def of_sustain(jobs: list[dict], tiles: int) -> dict[str, dict]:
    """A sustained run: how fast it began, and on which plateau it ended.

    Args:
        jobs: of a row.
        tiles: of a frame.

    Returns:
        `sustain`: `first_ms` and `plateau_ms` a frame, `slowdown` between
        them, `hottest_c`, `seconds` and the `busy` share of them.
    """
    runs = [job["sustain"] for job in jobs if job.get("sustain")]
    if not runs:
        return {}
    slices = runs[-1]
    frames = [one["median_us"] / 1000 * tiles for one in slices]
    last = frames[-max(1, round(_PLATEAU * len(frames))) :]
    seconds = slices[-1]["at_s"] + slices[-1]["seconds"]
    busy = sum(one["num_runs"] * one["mean_us"] for one in slices) / 1e6
    heat = [hottest_c(one["condition"]) for one in slices]
    found = {
        "seconds": seconds,
        "first_ms": frames[0],
        "plateau_ms": statistics.median(last),
        "slowdown": statistics.median(last) / frames[0] - 1,
        "busy": busy / seconds,
    }
    known = [celsius for celsius in heat if celsius is not None]
    return {
        "sustain": {**found, **({"hottest_c": max(known)} if known else {})}
    }
