"""The rows of `ablations.py`: what is compared, and the config of each run."""

import dataclasses
import hashlib
import json
import pathlib

from fanet_tf import config as config_lib
from fanet_tf import variants

GAINS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
RATE = 3e-3  # Peak; members start from trained weights, at half of it.


@dataclasses.dataclass(frozen=True)
class Schedule:
    """What all rows share.

    Attributes:
        steps: of a row, in all.
        batch_size: crops.
        data: folder of the photographs, or `"bundled"`.
        first_seed: the others follow it.
    """

    steps: int
    batch_size: int
    data: str
    first_seed: int = 0


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        title: what it is called there.
        changes: dotted config fields and their values.
        members: of the array.
        variant: the network.
        paper: RAW PSNR in dB that the paper gives it, on its own data.
        start: a trained network that all members go on from; without one, a
            row of several members first trains its own for half of the steps.
        missing: why it is not trained, if it is not.
    """

    title: str
    changes: dict = dataclasses.field(default_factory=dict)
    members: int = 1
    variant: str = "fan_fast"
    paper: float | None = None
    start: str = ""
    missing: str = ""


# Young et al., tables 1 to 3, "RAW PSNR".
_PAPER = {
    "plain": 45.485,
    "wavelet": 45.576,
    "fan": 45.520,
    "fan_no_skips": 45.395,
    "n1": 45.520,
    "n4": 45.668,
    "charbonnier": 45.668,
    "rgb_perceptual": 45.519,
    "distillation": 45.813,
    "feature": 45.483,
}


# Of the table `losses`: stage 18.
TEACHER = "results/imx258/teacher"
# What the shared start of the shipped array was trained with, stage 12.
_START = "fanet_tf/zoo/imx258_keras/shared.keras"
_STARTED = {
    "model.transform": "signed_anscombe",
    "data.realism": "phone",
    "data.camera": "imx258",
    "data.blur_share": 0.375,
    "data.dark_share": 0.4,
    "train.precision": "mixed_bfloat16",
    "train.clip_norm": 150.0,
    "train.ema": 0.999,
}


def tables() -> dict[str, dict[str, Row]]:
    """Returns the rows of each table by name."""
    taught = {"loss.teacher": TEACHER}
    signed = {"model.transform": "signed_anscombe"}
    made = {
        "architectures": {
            name: Row(variants.get(name).title, variant=name)
            for name in (*variants.STUDENTS, *variants.RIVALS)
        },
        "array": {
            f"n{count}": Row(f"n = {count}", members=count)
            for count in (1, 2, 4)
        },
        "trained_array": {
            f"n{count}": Row(
                f"n = {count}",
                _STARTED,
                members=count,
                variant="fan_half",
                start=_START,
            )
            for count in (1, 2, 4)
        },
        "losses": {
            "charbonnier": Row("Charbonnier"),
            "rgb_perceptual": Row(
                "RGB perceptual",
                missing="needs VGG-16's ImageNet weights, which could not be "
                "had here; `--config.loss.rgb_perceptual` trains with them",
            ),
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
            "algebraic": Row(
                "Anscombe, algebraic inverse",
                {"model.transform": "signed_anscombe_algebraic"},
            ),
            "ksigma": Row("k-sigma", {"model.transform": "ksigma"}),
        },
        "sensor": {
            name: Row(
                title,
                {"train.clip_norm": 150.0, **changes},
                variant="fan_half",
            )
            for name, title, changes in (
                ("none", "The paper's noise", {}),
                ("graph", "The paper's noise, signed transform", signed),
                (
                    "phone",
                    "A phone's sensor, signed transform",
                    {**signed, "data.realism": "phone"},
                ),
            )
        },
    }
    return {
        table: {
            name: dataclasses.replace(row, paper=_PAPER.get(name))
            for name, row in rows.items()
        }
        for table, rows in made.items()
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
    config.train.clip_norm = 0.0  # The same for all networks.
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
    steps, members = schedule.steps, row.members

    def run(steps, rate, members=1, start=""):
        config = base(schedule, row.variant, seed, steps, rate)
        config.update_from_flattened_dict(row.changes)
        if members > 1:
            config.nsma.members = members
            config.nsma.overlap = 0.1
        config.train.init_from = start
        return config

    if row.start:
        configs = [run(steps // members, RATE / 3, members, row.start)]
    elif members == 1:
        configs = [run(steps, RATE)]
    else:
        start = run(steps // 2, RATE)
        folder = str(_folder(workdir, start))
        each = steps // 2 // members
        configs = [start, run(each, RATE / 2, members, folder)]
    return [(config, _folder(workdir, config)) for config in configs]


def _folder(workdir, config):
    text = json.dumps(config.to_dict(), sort_keys=True)
    return workdir / hashlib.sha256(text.encode()).hexdigest()[:16]
