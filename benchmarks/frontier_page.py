"""Draws what networks reach against what they take on a phone, as a page.

Quality is that of the ablation's table of architectures (equal steps, the mean
over its seeds); instructions on a Cortex-A76 are those that
`arm_instructions.py` counted; traffic is `fanet-cost`'s. A network is on the
frontier if no other is better and takes less. Nothing is trained or timed.

The script is `frontier.py`.
"""

import dataclasses
import pathlib
import statistics

from fanet_tf import variants
from fanet_tf.models import cost_table
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables

ROOT = pathlib.Path(__file__).parents[1]
TABLE = ROOT / "results/ablations/architectures.json"
_CORE = "cortex-a76"
# What it takes, and the heading of its plot.
_COSTS = {
    "float32": "million instructions per MP in float32 (Cortex-A76)",
    "static_wi8_ai8": "million instructions per MP in static int8 (Cortex-A76)",
    "traffic": "traffic of the float32 graph, MB per MP",
}
# Far below all others at this schedule; beside it they are one dot.
_LEFT_OUT = ("fan_no_skips",)
_SHOWN_GAINS = (1.0, 4.0, 16.0, 64.0)


@dataclasses.dataclass(frozen=True)
class Network:
    """A row of the table of architectures.

    Attributes:
        name: of the variant.
        seeds: how many trainings.
        psnr: RAW PSNR in dB by gain, the mean over the seeds.
        takes: name of a cost -> its value; what was not counted is missing.
    """

    name: str
    seeds: int
    psnr: dict[float, float]
    takes: dict[str, float]

    @property
    def mean(self) -> float:
        """dB, over all gains."""
        return statistics.fmean(self.psnr.values())


def networks(table: dict) -> list[Network]:
    """Returns the rows that are variants of today, with what they take."""
    found = []
    for name, row in table["rows"].items():
        if name not in variants.VARIANTS or name in _LEFT_OUT:
            continue
        report = cost_table.report(
            name, variants.get(name).model, with_radius=False
        )
        counted = report.instructions.get(_CORE, {})
        takes = {r: counted[r]["total"] for r in counted if r in _COSTS}
        takes["traffic"] = report.cost.traffic_mb_per_mp
        by_gain = zip(*row["psnr"], strict=True)
        psnr = dict(
            zip(table["gains"], map(statistics.fmean, by_gain), strict=True)
        )
        found.append(Network(name, len(row["psnr"]), psnr, takes))
    return found


def on_frontier(found: list[Network], cost: str) -> set[str]:
    """Returns the names that no other network beats in dB at a lower cost."""
    counted = [n for n in found if cost in n.takes]
    return {
        one.name
        for one in counted
        if not any(
            other.mean > one.mean and other.takes[cost] <= one.takes[cost]
            for other in counted
        )
    }


def _plot(found, cost) -> str:
    best = on_frontier(found, cost)
    dots = [
        plots.Series(
            one.name,
            "s0" if one.name in best else "input",
            [(one.takes[cost], one.mean)],
        )
        for one in found
        if cost in one.takes
    ]
    return plots.scatter(
        dots, _COSTS[cost], "RAW PSNR, mean of all gains", "dB"
    )


def _table(found) -> str:
    head = ["network", "seeds", *(f"gain {g:g}" for g in _SHOWN_GAINS), "mean"]
    rows = [
        [
            one.name,
            str(one.seeds),
            *(f"{one.psnr[gain]:.2f}" for gain in _SHOWN_GAINS),
            f"{one.mean:.2f}",
            *(
                f"{one.takes[cost]:,.0f}" if cost in one.takes else "-"
                for cost in _COSTS
            ),
        ]
        for one in sorted(found, key=lambda n: -n.mean)
    ]
    return tables.table([*head, "M float32", "M int8", "MB"], rows)


def page(table: dict) -> str:
    """Returns the page as text, of a table of architectures."""
    found = networks(table)
    steps = {(r["steps"], r["batch_size"]) for r in table["rows"].values()}
    schedules = ", ".join(f"{s:,} steps of batch {b}" for s, b in sorted(steps))
    body = "".join(
        shell.section(heading[0].upper() + heading[1:], _plot(found, cost))
        for cost, heading in _COSTS.items()
    )
    return shell.page(
        "Quality against cost on ARM",
        body + shell.section("Figures", _table(found)),
        intro=(
            f"One network for all gains, {schedules}: a short training, in "
            "which networks that train fast look good. Coloured networks are "
            "on the frontier: no other is better and takes less. Up and to "
            "the left is better; counts are per network megapixel and no times."
        ),
    )
