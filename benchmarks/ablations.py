"""What does each part of the method bring? One row, one training.

    architectures  one network for all gains: the four of the paper's Table 1,
                   ours, and the rivals at the same cost
    array          n = 1, 2, 4 members, as many steps in all (Table 2): a shared
                   start on the whole range for half of them, then the other
                   half in equal parts by the members
    trained_array  the same from the trained shared start of the shipped array
    losses         Charbonnier, simple distillation, Feature Loss (Table 3)
    transforms     k-sigma, Anscombe and its algebraic inverse
    sensor         training without and with the terms of a phone's sensor,
                   also measured on frames two stops under that have them

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

import pathlib

from absl import app
from absl import flags
from absl import logging

import ablation_rows
import ablation_tables
from fanet_tf.training import run_folder
from fanet_tf.training import train
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule as schedule_lib

_TABLE = flags.DEFINE_enum(
    "table",
    None,
    list(ablation_rows.tables()),
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
_FIRST_SEED = flags.DEFINE_integer(
    "first_seed", 0, "The others follow it.", lower_bound=0
)
_BATCH = flags.DEFINE_integer("batch_size", 8, "Of all runs.", lower_bound=1)


def _train(config, folder, banks):
    """Trains, with the clean images of a seed loaded once."""
    members = range(config.nsma.members)
    if all(run_folder.is_finished(folder, index) for index in members):
        return
    key = config.seed
    if key not in banks:
        banks.clear()
        phases = schedule_lib.phases(config.train, config.data)
        banks[key] = pipeline.build_bank(config.data, phases, config.seed)
    if not train.train(config, folder, bank=banks[key]):
        raise SystemExit(1)  # SIGTERM; the same command goes on.


def main(argv):
    """Trains what is not trained yet, and prints the table."""
    del argv
    schedule = ablation_rows.Schedule(
        _STEPS.value, _BATCH.value, _DATA.value, _FIRST_SEED.value
    )
    workdir = pathlib.Path(_WORKDIR.value)
    rows = ablation_rows.tables()[_TABLE.value]
    unknown = set(_ROWS.value) - set(rows)
    if unknown:
        raise app.UsageError(
            f"--rows must be among {', '.join(rows)}. "
            f"Received: {', '.join(sorted(unknown))}"
        )
    chosen = {n: r for n, r in rows.items() if n in (_ROWS.value or rows)}
    banks = {}
    scores = {name: [] for name in chosen}
    first = schedule.first_seed
    for seed in range(first, first + _SEEDS.value):
        for name, row in chosen.items():
            if not row.missing:
                for config, folder in ablation_rows.stages(
                    schedule, row, seed, workdir
                ):
                    _train(config, folder, banks)
                found = ablation_tables.measure(folder)
                if _TABLE.value == "sensor":
                    found |= ablation_tables.measure_sensor(folder)
                scores[name].append(found)
                logging.info("%s, seed %d: %s", name, seed, scores[name][-1])
            text = ablation_tables.write(
                _OUTPUT.value, _TABLE.value, rows, name, schedule, scores[name]
            )
    print(text)


if __name__ == "__main__":
    app.run(main)
