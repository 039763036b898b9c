"""A page of each kind, as full as it gets, made in seconds."""

import json
import pathlib

import evaluations
import numpy as np
import records
import runs
from helpers import ROOT

from android_bench.results import side_by_side
from fanet_tf.calibration import calibrate
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration import synthetic
from fanet_tf.evaluation import comparison
from fanet_tf.evaluation import comparison_report
from fanet_tf.evaluation import grid
from fanet_tf.evaluation import page as evaluation_page
from fanet_tf.evaluation.timing import Times
from fanet_tf.files import reader
from fanet_tf.pages import pictures
from fanet_tf.pages import shell
from fanet_tf.pairs import page as pairs_page
from fanet_tf.raw import cfa
from fanet_tf.raw.sensor import SensorModel
from fanet_tf.training import page as training_page
from fanet_tf.training import run_folder

PROFILE = profile_lib.load("imx258")
LONG = "a_photograph_with_a_long_name_from_a_camera_20260101_123456"


def picture(seed=0, height=60, width=80):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def calibration(folder) -> pathlib.Path:
    """Three gains of a chart, and dark frames of one."""
    folder.mkdir()
    rng = np.random.default_rng(0)

    def save(name, packed):
        mosaic = cfa.unpack(packed)[0, :, :, 0]
        np.save(folder / name, mosaic.astype(np.uint16))
        return folder / name

    charts = []
    for gain in (1, 4, 64):
        a, b = (p[0] for p in PROFILE.noise(gain))
        levels = synthetic.intensities(0.95)
        packed = synthetic.frames(levels, a, b, rng, 1, 32)
        charts.append(save(f"{gain}.npy", packed))
    model = SensorModel(row=(0.064, 0.064))
    (b,) = PROFILE.b(np.array([4.0]))
    shape = tuple(packed.shape[1:3])
    packed, _ = synthetic.dark_frames(model, b, rng, 2, shape, defect_rate=1e-3)
    dark = [save(f"dark{i}.npy", packed[i : i + 1]) for i in range(2)]
    form = reader.NpyFormat("RGGB", black_level=(64,), white_level=1023)
    found = calibrate.calibrate(
        calibrate.Shoot(
            charts,
            dark,
            gains=[1, 4, 64],
            dark_gains=[4],
            corners=((4, 4), (436, 4), (436, 292), (4, 292)),
            sensor="a sensor with a long name",
        ),
        lambda path: reader.read(path, form),
    )
    calibrate.write(found, folder / "profile.json", folder / "profile.html")
    return folder / "profile.html"


def training(folder) -> pathlib.Path:
    """Two members in two phases, one of them with a changed config."""
    config = runs.small_config()
    config.nsma.members = 2
    config.train.steps = 40_000
    config.train.patch_schedule = ((0.5, 64, 4),)
    folder.mkdir()
    (folder / "config.json").write_text(config.to_json())
    gains = ("1", "1.5", "2", "4", "8", "16", "32", "64")
    for index in range(2):
        member = run_folder.member_folder(folder, index)
        member.mkdir()
        lines = []
        for step in range(1000, 40_001, 1000):
            loss = 10.0 / step**0.5
            losses = {"charbonnier": loss, "feature": 0.3 * loss}
            lines.append({"step": step, "loss": 1.3 * loss, "losses": losses})
            psnr = {g: 48 - 3 * np.log2(float(g)) - 40 * loss for g in gains}
            lines.append({"step": step, "psnr": psnr})
        lines.append(
            {"step": 30_000, "changed": {"train.steps": [30_000, 40_000]}}
        )
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (member / "metrics.jsonl").write_text(text)
        record = {
            "index": index,
            "a_range": [2e-4, 1.3e-2],
            "steps": 40_000,
            "psnr": psnr,
            "noisy_psnr": dict.fromkeys(gains, 30.0),
            "psnr_of": {"night": psnr},
            "validated_on": [LONG],
        }
        (member / "member.json").write_text(json.dumps(record))
    return training_page.write(folder)


def compared() -> comparison.Comparison:
    """The small evaluation under the names of a comparison."""
    made = evaluations.small()
    names = dict(zip(made.methods, (comparison.A, comparison.B), strict=True))
    for score in made.scores:
        object.__setattr__(score, "method", names[score.method])
    made.methods = {names[name]: m for name, m in made.methods.items()}
    return comparison.Comparison(made, Times([1.0, 1.1], [2.0, 2.1]))


def bench_side_by_side(folder) -> str:
    """Two runs of a phone."""
    folder.mkdir()
    for name, ms in (("a", 10.0), ("b", 15.0)):
        jobs = records.steady(ms, ms)
        lines = [records.HEADER]
        lines += [{"type": "job", **one} for one in jobs]
        rows = records.summarise(*jobs)
        lines += [{"type": "row", **row} for row in rows]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    paths = [str(folder / f"{name}.jsonl") for name in "ab"]
    return side_by_side.as_page(side_by_side.read(paths))


def gallery() -> str:
    """Rows of pictures that are wider than a phone."""
    row = [
        grid.Picture(picture(i, 240, 240), f"gain {4**i}, {LONG}")
        for i in range(4)
    ]
    return grid.render(
        "A gallery",
        "An introduction.",
        [
            grid.Part("A part", "A note.", [row, row]),
        ],
    )


def pairs() -> str:
    """One pair, and one that was refused."""
    pair = {
        "name": LONG,
        "gain": 4.0,
        "shift": (0.3, -0.7),
        "shift_error": 0.01,
        "features": 100,
        "agreeing": 0.9,
        "brightness": {"measured": 1.0, "promised": 1.0},
        "masked": 0.1,
        "psnr": 40.0,
        "psnr_before": 30.0,
    }
    index = {
        "pairs": [pair],
        "refused": [{"name": LONG, "reason": "nothing agrees"}],
        "profile": "Sony IMX258",
        "profile_status": "stand-in",
    }
    three = [pictures.picture_uri(picture(i)) for i in range(3)]
    return pairs_page.render(index, [three])


def write(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Writes a page of each kind; returns kind -> path.

    The walkthrough is the one that the documentation shows.
    """
    made = {
        "calibration": calibration(folder / "calibration"),
        "training": training(folder / "training"),
        "evaluation": folder / "evaluation.html",
        "comparison": folder / "comparison.html",
        "walkthrough": ROOT / "docs" / "walkthrough.html",
    }
    evaluation_page.write(made["evaluation"], evaluations.small())
    comparison_report.write_page(made["comparison"], compared(), "A and B")
    for kind, text in (
        ("bench", records.widest_page()),
        ("bench side by side", bench_side_by_side(folder / "runs")),
        ("gallery", gallery()),
        ("pairs", pairs()),
    ):
        made[kind] = folder / f"{kind.replace(' ', '_')}.html"
        shell.write(made[kind], text)
    return made
