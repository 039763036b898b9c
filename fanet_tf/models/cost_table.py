"""Tables of what networks cost, beside the paper's figures: `fanet-cost`."""

import dataclasses

from fanet_tf import models
from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.models import cost as cost_lib
from fanet_tf.models import instruction_counts
from fanet_tf.models import receptive

CONVENTION = (
    "1 MP is 1e6 RAW pixels, 250,000 packed positions; convolution weights "
    "only, no biases; one multiply-accumulate counts 1; fixed kernels (input "
    "pyramid, Haar, replication) count 0. MB/MP is traffic: every operation of "
    "the float32 graph reads its inputs once and writes its output once, 4 "
    "bytes a value, weights not counted, ReLU and limits part of the operation "
    "before them. M/MP is million instructions in float32 on a Cortex-A76, "
    "where benchmarks/arm_instructions.py has counted them."
)
NOTES = (
    "Widths are chosen, not recovered: the paper's figures do not determine a "
    "layout, and no layout with clean widths meets them all.",
    f"The paper's {variants.PAPER_WEIGHTS:,} 'bytes' are read as a count of "
    "weights: as bytes of float32 they would be 22,424 weights, which at "
    "2.6688 GMACs/MP is a network of almost one width; as a count they give "
    "the 0.119 multiply-accumulates per position and weight that a U-Net of "
    "four levels has.",
)


@dataclasses.dataclass(frozen=True)
class Report:
    """One network.

    Attributes:
        name: of the variant or of the config's file.
        title: for people.
        cost: see `models.cost`.
        stride: packed pixels, see `models.stride`.
        radius: measured receptive radius, packed pixels; None if not asked.
        paper_gmacs: the paper's GMACs/MP, if it is in the paper.
        paper_weights: the paper's number of weights.
        instructions: see `models.instruction_counts`; empty if not counted.
    """

    name: str
    title: str
    cost: cost_lib.Cost
    stride: int
    radius: int | None
    paper_gmacs: float | None
    paper_weights: int | None
    instructions: instruction_counts.Counts

    @property
    def halo(self) -> int | None:
        """What a tile needs around what is kept of it, packed pixels."""
        if self.radius is None:
            return None
        return receptive.halo(self.radius, self.stride)


def report(name, model, with_radius=True) -> Report:
    """Counts a network.

    Args:
        name: for the table. A variant's name brings the paper's figures.
        model: the `model` section of a config, as a dict; also one of an
            older run.
        with_radius: whether the receptive radius is measured; seconds.

    Raises:
        InputError: a network of these sizes cannot be built.
    """
    variant = variants.VARIANTS.get(name)
    if variant is None or variant.model != model:
        model = variants.current(model)
        variant = variants.Variant(name, model)

    def core(height, width):
        return models.core(
            height=height, width=width, **{**model, "group_form": "dense"}
        )

    try:
        stride = models.stride(**model)
        cost = cost_lib.count(core(4 * stride, 4 * stride))
    except (ValueError, TypeError) as error:
        raise InputError(f"{name}: cannot be built: {error}") from error
    return Report(
        name,
        variant.title,
        cost,
        stride,
        receptive.radius(core, stride) if with_radius else None,
        variant.paper_gmacs,
        variant.paper_weights,
        instruction_counts.read(model),
    )


def difference_percent(ours, paper) -> float | None:
    """Returns how much more ours is, in percent of the paper's."""
    return None if paper is None else 100.0 * (ours / paper - 1.0)


def as_record(report: Report, with_layers=False) -> dict:
    """Returns a report for JSON."""
    cost = report.cost
    record = {
        "name": report.name,
        "title": report.title,
        "weights": cost.weights,
        "biases": cost.biases,
        "parameters": cost.parameters,
        "bytes_float32": 4 * cost.parameters,
        "gmacs_per_mp": cost.gmacs_per_mp,
        "traffic_mb_per_mp": cost.traffic_mb_per_mp,
        "instructions_m_per_mp": {
            core: {recipe: c["total"] for recipe, c in by_recipe.items()}
            for core, by_recipe in report.instructions.items()
        },
        "stride": report.stride,
        "receptive_radius": report.radius,
        "halo": report.halo,
        "paper": {
            "gmacs_per_mp": report.paper_gmacs,
            "difference_percent": difference_percent(
                cost.gmacs_per_mp, report.paper_gmacs
            ),
            "weights": report.paper_weights,
            "weights_difference_percent": difference_percent(
                cost.weights, report.paper_weights
            ),
        },
        "fixed_kernels": [r.name for r in cost.rows if r.kind == "fixed"],
    }
    if with_layers:
        record["layers"] = [
            {
                **dataclasses.asdict(row),
                "macs_per_packed_pixel": row.macs,
            }
            for row in cost.rows
        ]
    return record


def table(reports) -> list[str]:
    """Returns the lines of a table of networks."""
    width = max(len(r.name) for r in reports)
    lines = [
        f"{'':{width}} {'weights':>10} {'biases':>7} {'kB':>7} "
        f"{'GMACs/MP':>9} {'paper':>8} {'diff %':>7} {'MB/MP':>7} {'M/MP':>6} "
        f"{'radius':>6} {'halo':>5}"
    ]
    for r in reports:
        cost = r.cost
        difference = difference_percent(cost.gmacs_per_mp, r.paper_gmacs)
        counted = r.instructions.get("cortex-a76", {}).get("float32", {})
        lines.append(
            f"{r.name:{width}} {cost.weights:10,} {cost.biases:7,} "
            f"{4e-3 * cost.parameters:7,.0f} {cost.gmacs_per_mp:9.4f} "
            f"{_or_dash(r.paper_gmacs, '.4f'):>8} "
            f"{_or_dash(difference, '+.2f'):>7} "
            f"{cost.traffic_mb_per_mp:7,.0f} "
            f"{_or_dash(counted.get('total'), ',.0f'):>6} "
            f"{_or_dash(r.radius, 'd'):>6} {_or_dash(r.halo, 'd'):>5}"
        )
    return lines


def layer_table(report: Report) -> list[str]:
    """Returns the lines of a table of one network's operations."""
    rows = report.cost.rows
    width = max(len(row.name) for row in rows)
    lines = [
        f"{report.name}: {report.title}",
        f"{'':{width}} {'in':>5} {'out':>5} {'k':>2} {'groups':>6} "
        f"{'scale':>6} {'MACs/px':>10} {'weights':>9} {'biases':>6} "
        f"{'values/px':>9}",
    ]
    for row in rows:
        side = round(row.positions**-0.5)
        macs = f"{row.macs:.4f}" if row.kind == "conv" else row.kind
        lines.append(
            f"{row.name:{width}} {row.inputs:5} {row.outputs:5} "
            f"{row.kernel or '':>2} {row.groups:6} {f'1/{side}':>6} "
            f"{macs:>10} {row.weights:9,} {row.biases:6,} {row.moved:9.2f}"
        )
    return lines


def _or_dash(value, form) -> str:
    return "-" if value is None else format(value, form)
