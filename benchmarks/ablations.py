"""What does each part of the method bring? One row, one training.

    architectures  one network for all gains: the four of the paper's Table 1,
                   ours, and the rivals at the same cost
    array          n = 1, 2, 4 members, as many steps in all (Table 2): a shared
                   start on the whole range for half of them, then the other
                   half in equal parts by the members
    losses         Charbonnier, simple distillation, Feature Loss (Table 3)
    transforms     k-sigma, Anscombe

Every row is trained for the same number of steps on the same data, for several
seeds, and measured as RAW PSNR at each gain on photographs that were not
trained on. What is trained already is not trained again, and a run that was
stopped goes on.

Example, all rows of a table, or some:

    python benchmarks/ablations.py --workdir=runs/ablations --table=array
    python benchmarks/ablations.py --workdir=runs/ablations \
        --table=architectures --rows=fan,fan_fast

Photographs are expected below `data/`, see docs/data.md; --data names another
folder, and --data=bundled takes what comes with the package. The table is
written to --output as JSON and Markdown, where rows that were not asked for
stay as they were.
"""

import dataclasses
import hashlib
import json
import pathlib

import numpy as np
from absl import app
from absl import flags
from absl import logging

from fanet_tf import config as config_lib
from fanet_tf import feed
from fanet_tf import nsma
from fanet_tf import train
from fanet_tf import variants
from fanet_tf.calibration import profile as profile_lib

_TABLE = flags.DEFINE_enum(
    "table",
    None,
    ("architectures", "array", "losses", "transforms"),
    "Which question.",
    required=True,
)
_ROWS = flags.DEFINE_list("rows", [], "Of the table; none means all.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Of all runs.", required=True)
_OUTPUT = flags.DEFINE_string(
    "output", "results/ablations", "Folder of the tables."
)
_DATA = flags.DEFINE_string("data", "data", "Folder, or 'bundled'.")
_STEPS = flags.DEFINE_integer("steps", 3000, "In all.", lower_bound=16)
_SEEDS = flags.DEFINE_integer("seeds", 3, "How many.", lower_bound=1)
_BATCH = flags.DEFINE_integer("batch_size", 8, "Of all runs.", lower_bound=1)
_TEACHER_STEPS = flags.DEFINE_integer(
    "teacher_steps", 6000, "Of the teacher of `losses`.", lower_bound=16
)

GAINS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
RATE = 3e-3  # Peak; members start from trained weights, at half of it.


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What all rows share.

    Attributes:
        steps: of a row, in all.
        batch_size: crops.
        data: folder of the photographs, or `"bundled"`.
    """

    steps: int
    batch_size: int
    data: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        title: what it is called there.
        changes: dotted config fields and their values.
        members: of the array.
        variant: the network.
    """

    title: str
    changes: dict = dataclasses.field(default_factory=dict)
    members: int = 1
    variant: str = "fan_bands"


def tables(teacher) -> dict[str, dict[str, Row]]:
    """Returns the rows of each table by name.

    Args:
        teacher: folder of the finished run that `losses` learn from.
    """
    taught = {"loss.teacher": str(teacher)}
    return {
        "architectures": {
            name: Row(variants.get(name).title, variant=name)
            for name in (*variants.STUDENTS, *variants.RIVALS)
        },
        "array": {
            f"n{count}": Row(f"n = {count}", members=count)
            for count in (1, 2, 4)
        },
        "losses": {
            "charbonnier": Row("Charbonnier"),
            "distillation": Row(
                "Charbonnier and simple distillation",
                {
                    **taught,
                    "loss.charbonnier": 393.5 / 2,
                    "loss.distillation": 393.5 / 2,
                },
            ),
            "feature": Row(
                "Feature Loss",
                {**taught, "loss.charbonnier": 0.0, "loss.feature": 78.7},
            ),
        },
        "transforms": {
            "anscombe": Row("Anscombe"),
            "ksigma": Row("k-sigma", {"model.transform": "ksigma"}),
        },
    }


def base(schedule, variant, seed, steps, rate):
    """Returns the config that all rows share, for one run."""
    config = config_lib.default_config(variant)
    config.seed = seed
    if schedule.data != "bundled":
        root = pathlib.Path(schedule.data)
        config.data.sources = (
            str(root / "photos/cid22_train"),
            str(root / "photos/clic_half"),
            str(root / "linear"),
            "dead_leaves:64",
        )
        config.data.weights = (0.5, 0.25, 0.15, 0.1)
        config.validation.source = str(root / "photos/cid22_val")
    config.data.smooth_share = 0.6
    config.data.batch_size = schedule.batch_size
    config.train.steps = steps
    config.train.learning_rate = rate
    config.train.warmup_steps = min(150, steps // 4)
    config.train.ema = 0.995
    config.train.deterministic = False
    config.validation.gains = GAINS
    config.validation.every = steps
    return config


def stages(schedule, row, seed, workdir):
    """Returns `(config, folder)` of each run of a row; the last is measured.

    A folder is named after its config: rows that are the same training, in
    one table or in two, share it.
    """
    steps = schedule.steps
    if row.members == 1:
        configs = [base(schedule, row.variant, seed, steps, RATE)]
        configs[0].update_from_flattened_dict(row.changes)
    else:
        start = base(schedule, row.variant, seed, steps // 2, RATE)
        start.update_from_flattened_dict(row.changes)
        each = steps // 2 // row.members
        array = base(schedule, row.variant, seed, each, RATE / 2)
        array.update_from_flattened_dict(row.changes)
        array.nsma.members = row.members
        array.nsma.overlap = 0.1
        array.train.init_from = str(_folder(workdir, start))
        configs = [start, array]
    return [(config, _folder(workdir, config)) for config in configs]


def _folder(workdir, config):
    text = json.dumps(config.to_dict(), sort_keys=True)
    return workdir / hashlib.sha256(text.encode()).hexdigest()[:16]


def psnr(workdir):
    """Returns the RAW PSNR at each gain, by the member that serves it."""
    config = train.read_config(workdir)
    profile = profile_lib.load(config.data.profile)
    ranges = train.subranges(config, profile)
    edges = [low for low, _ in ranges] + [ranges[-1][1]]
    result = []
    for gain in GAINS:
        index = nsma.member_of(float(profile.a(gain)), edges)
        path = train.member_folder(workdir, index) / "member.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        result.append(record["psnr"][f"{gain:g}"])
    return result


def _train(config, folder, banks):
    """Trains, with the clean images of a seed loaded once."""
    key = config.seed
    if key not in banks:
        banks.clear()
        banks[key] = feed.build_bank(config)
    if not train.train(config, folder, bank=banks[key]):
        raise SystemExit(1)  # SIGTERM; the same command goes on.


def _markdown(record):
    """Returns a table of the means and half the spread over the seeds."""
    gains = " | ".join(f"gain {gain:g}" for gain in GAINS)
    lines = [
        f"| | steps x batch, seeds | {gains} |",
        "| --- | --- |" + " ---: |" * len(GAINS),
    ]
    for row in record["rows"].values():
        scores = np.array(row["psnr"])
        half = (scores.max(0) - scores.min(0)) / 2
        cells = [
            f"{mean:.2f} ± {spread:.2f}"
            for mean, spread in zip(scores.mean(0), half, strict=True)
        ]
        schedule = f"{row['steps']:,} x {row['batch_size']}, {len(scores)}"
        lines.append(f"| {row['title']} | {schedule} | {' | '.join(cells)} |")
    commands = [f"{row['command']}\n" for row in record["rows"].values()]
    return "\n".join(lines) + f"\n\n```sh\n{''.join(commands)}```\n"


def _write(table, name, row, scores):
    """Puts one row into the table's files, in the table's order."""
    output = pathlib.Path(_OUTPUT.value)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{_TABLE.value}.json"
    record = {"rows": {}}
    if path.exists():
        record = json.loads(path.read_text(encoding="utf-8"))
    rows = record["rows"]
    rows[name] = {
        "title": row.title,
        "steps": _STEPS.value,
        "batch_size": _BATCH.value,
        "command": (
            f"python benchmarks/ablations.py --table={_TABLE.value} "
            f"--rows={name} --steps={_STEPS.value} "
            f"--batch_size={_BATCH.value} --seeds={len(scores)} "
            "--workdir=runs/ablations"
        ),
        "psnr": np.round(scores, 3).tolist(),
    }
    record = {
        "gains": GAINS,
        "rows": {key: rows[key] for key in table if key in rows},
    }
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    text = _markdown(record)
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def main(argv):
    """Trains what is not trained yet, and prints the table."""
    del argv
    schedule = Schedule(_STEPS.value, _BATCH.value, _DATA.value)
    workdir = pathlib.Path(_WORKDIR.value)
    teacher = workdir / "teacher"
    table = tables(teacher)[_TABLE.value]
    unknown = set(_ROWS.value) - set(table)
    if unknown:
        raise app.UsageError(
            f"--rows must be among {', '.join(table)}. "
            f"Received: {', '.join(sorted(unknown))}"
        )
    chosen = {n: r for n, r in table.items() if n in (_ROWS.value or table)}
    banks = {}
    if any("loss.teacher" in row.changes for row in chosen.values()):
        config = base(
            schedule, "teacher_quarter", 0, _TEACHER_STEPS.value, 1e-3
        )
        _train(config, teacher, banks)
    scores = {name: [] for name in chosen}
    for seed in range(_SEEDS.value):
        for name, row in chosen.items():
            for config, folder in stages(schedule, row, seed, workdir):
                _train(config, folder, banks)
            scores[name].append(psnr(folder))
            logging.info("%s, seed %d: %s", name, seed, scores[name][-1])
            text = _write(table, name, row, scores[name])
    print(text)


if __name__ == "__main__":
    app.run(main)
