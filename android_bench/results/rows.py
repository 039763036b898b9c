"""Rows: what the processes of a configuration say together."""

import dataclasses
import statistics

from android_bench.bundle import Tile
from android_bench.bundle import network_mp
from android_bench.bundle import tiles_of
from android_bench.bundle import useful_mp
from android_bench.results import fields

# Steady rounds that must remain for the unsteady ones to be left out.
_LEAST_ROUNDS = 3


def _spread(medians: list[float]) -> float | None:
    """Greatest minus least over the median; None for a single process."""
    if len(medians) < 2:
        return None
    return (max(medians) - min(medians)) / statistics.median(medians)


def unsteady_rounds(jobs: list[dict], limit: float) -> dict[int, float]:
    """Rounds at whose ends the reference run was slower than `limit` allows.

    Returns:
        Round to the reference run's excess over the fastest of them.
    """
    times = {
        job["round"]: job["latency"]["median_us"]
        for job in jobs
        if job["kind"] == "reference_run" and job["status"] == "ok"
    }
    if not times:
        return {}
    best = min(times.values())
    rounds = {}
    for number in range(max(max(times), 1)):
        ends = [times[n] for n in (number, number + 1) if n in times]
        excess = max(ends) / best - 1 if ends else 0.0
        if excess > limit:
            rounds[number] = excess
    return rounds


def summarise(
    jobs: list[dict],
    tiles: dict[str, Tile],
    frame: tuple[int, int],
    spread_limit: float,
) -> list[dict]:
    """One row a configuration.

    Args:
        jobs: finished jobs.
        tiles: a model's name to its tile.
        frame: packed height and width of a whole frame.
        spread_limit: a row that spreads more is not comparable.

    Returns:
        Rows in the order of the plan's first jobs; `status` is `ok` or
        `failed`, and `notes` says why a row failed or is not comparable.
    """
    configs = _configs(jobs)
    unsteady = unsteady_rounds(jobs, spread_limit)
    rows = []
    for model, delegate, threads, affinity in configs:
        own = [
            job
            for job in jobs
            if (job["model"], job["delegate"]) == (model, delegate)
            and job["kind"] not in ("reference_run", "matmul")
        ]
        # The output is checked once for all numbers of threads.
        checks = [job for job in own if job["kind"] == "output"]
        group = [
            job
            for job in own
            if (job["threads"], _affinity(job)) == (threads, affinity)
            and job["kind"] != "output"
        ]
        row = _row(group, checks, tiles[model], frame, unsteady, spread_limit)
        rows.append({**row, "threads": threads, "affinity": affinity})
    models = list(tiles)
    affinities = list(dict.fromkeys(map(_affinity, jobs)))
    rows.sort(
        key=lambda row: (
            models.index(f"m{row['member']}.{row['recipe']}"),
            row["delegate"],
            affinities.index(row["affinity"]),
            row["threads"],
        )
    )
    return rows


def _affinity(job: dict) -> str:
    # Runs before --affinity was a list had one for all of their jobs.
    return job.get("affinity", "")


def _configs(jobs: list[dict]) -> list[tuple[str, str, int, str]]:
    """Model, delegate, threads and cores of each row to be."""
    measured = [
        job
        for job in jobs
        if job["kind"] in ("latency", "memory", "profile", "sustain")
    ]
    seen = {(job["model"], job["delegate"]) for job in measured}
    only_checked = [
        job
        for job in jobs
        if job["kind"] == "output"
        and (job["model"], job["delegate"]) not in seen
    ]
    return list(
        dict.fromkeys(
            (job["model"], job["delegate"], job["threads"], _affinity(job))
            for job in measured + only_checked
        )
    )


def _row(group, checks, tile, frame, unsteady, spread_limit) -> dict:
    first = [*group, *checks][0]
    timed = [
        job for job in group if job["kind"] == "latency" and "latency" in job
    ]
    notes = [
        f"{job['kind']}: {job['reason']}"
        for job in [*checks, *group]
        if job["status"] == "failed"
    ]
    failed = bool(notes)
    comparable = bool(timed) and not failed
    moved = [unsteady[j["round"]] for j in timed if j["round"] in unsteady]
    if moved:
        slowed = f"the reference run slowed by {100 * max(moved):.1f} %"
        steady = [job for job in timed if job["round"] not in unsteady]
        if len(steady) >= max(_LEAST_ROUNDS, len(timed) / 2):
            left_out = len(timed) - len(steady)
            notes.append(f"{slowed}; {left_out} of {len(timed)} left out")
            timed = steady
        else:
            comparable = False
            notes.append(slowed)
    medians = [job["latency"]["median_us"] / 1000 for job in timed]
    spread = _spread(medians)
    if spread is not None and spread > spread_limit:
        comparable = False
        notes.append(f"spread {100 * spread:.1f} % is not comparable")
    if any(job.get("throttled") for job in timed):
        comparable = False
        notes.append("the phone throttled")
    frame_tiles = tiles_of(tile, *frame)
    row = {
        "member": first["member"],
        "recipe": first["recipe"],
        "delegate": first["delegate"],
        "tile": dataclasses.asdict(tile),
        "status": "failed" if failed else "ok",
        "comparable": comparable,
        "frame_tiles": frame_tiles,
        "notes": list(dict.fromkeys(notes)),
        "processes": len(medians),
        "checked": any(c.get("check") for c in checks),
        "spread": spread,
        **fields.of_latency(timed),
        **fields.of_memory(group),
        **fields.of_machine(group or checks),
        **fields.of_operators([*checks, *group]),
        **fields.of_sustain(group, frame_tiles),
    }
    if checks and checks[0].get("check"):
        row["check"] = checks[0]["check"]
    if medians:
        median = statistics.median(medians)
        row.update(
            median_ms=median,
            least_ms=min(medians),
            greatest_ms=max(medians),
            ms_per_network_mp=median / network_mp(tile),
            ms_per_useful_mp=median / useful_mp(tile),
            frame_ms=median * frame_tiles,
        )
    return row
