"""Is an array of four worth more than one network of as many steps?

The array: a shared start on the whole range for half of the steps, then the
other half in equal parts by its members. One network: all steps on the whole
range, at the same peak rate. Both are measured on the photographs held back,
per gain, for several seeds; the array with the member that serves the gain.

Example:

    python benchmarks/array_against_one.py --workdir=runs/compare

12,000 steps at batch 4, three seeds: about half an hour on two idle cores. The
same command goes on where it stopped; results stand in WORKDIR/result.json.
"""

import json
import pathlib

import numpy as np
from absl import app
from absl import flags

from fanet_tf import config as config_lib
from fanet_tf import nsma
from fanet_tf import train
from fanet_tf.calibration import profile as profile_lib

_WORKDIR = flags.DEFINE_string("workdir", None, "Of all runs.", required=True)
_STEPS = flags.DEFINE_integer("steps", 12_000, "In all.", lower_bound=16)
_SEEDS = flags.DEFINE_integer("seeds", 3, "How many.", lower_bound=1)
_MEMBERS = flags.DEFINE_integer("members", 4, "Of the array.", lower_bound=2)
_BATCH = flags.DEFINE_integer("batch_size", 4, "Of all runs.", lower_bound=1)

GAINS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


def configs(seed, shared):
    """Returns the configs of the shared start, the array and the one."""
    steps, members = _STEPS.value, _MEMBERS.value

    def base(count, rate):
        config = config_lib.default_config()
        config.seed = seed
        config.data.batch_size = _BATCH.value
        config.train.steps = count
        config.train.learning_rate = rate
        config.train.warmup_steps = min(100, count // 4)
        config.train.deterministic = False
        config.validation.gains = GAINS
        config.validation.every = steps
        return config

    start, one = base(steps // 2, 3e-3), base(steps, 3e-3)
    array = base(steps // 2 // members, 1.5e-3)
    array.nsma.members = members
    array.nsma.overlap = 0.1
    array.train.ema = 0.995  # A shorter memory for a shorter run.
    array.train.init_from = str(shared)
    return start, array, one


def scores(workdir):
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
    return np.array(result)


def main(argv):
    """Trains what is not trained yet, and prints the table."""
    del argv
    workdir = pathlib.Path(_WORKDIR.value)
    table = {"array": [], "one": []}
    for seed in range(_SEEDS.value):
        folders = {
            name: workdir / f"{name}_{seed}"
            for name in ("shared", "array", "one")
        }
        for config, folder in zip(
            configs(seed, folders["shared"]), folders.values(), strict=True
        ):
            train.train(config, folder)
        for name, rows in table.items():
            rows.append(scores(folders[name]))
    lead = np.array(table["array"]) - np.array(table["one"])
    print("RAW PSNR, dB      " + "".join(f"{g:8g}" for g in GAINS))
    for name, rows in table.items():
        print(f"{name:18}" + "".join(f"{v:8.2f}" for v in np.mean(rows, 0)))
    for seed, row in enumerate(lead):
        print(f"lead, seed {seed:<7}" + "".join(f"{v:+8.2f}" for v in row))
    record = {
        "steps": _STEPS.value,
        "gains": GAINS,
        **{name: np.array(rows).tolist() for name, rows in table.items()},
    }
    path = workdir / "result.json"
    path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app.run(main)
