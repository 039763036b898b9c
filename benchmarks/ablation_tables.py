"""The tables of `ablations.py`: JSON to keep, Markdown to read."""

import json
import pathlib

import numpy as np

import ablation_rows
from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import captures
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import robustness
from fanet_tf.evaluation import sensor_cases
from fanet_tf.files import atomic
from fanet_tf.models import cost_table
from fanet_tf.training import keras_methods
from fanet_tf.training import members
from fanet_tf.training import run_folder
from fanet_tf.training import validation as validation_lib

# Of SSIM and of the rendered pictures, which take longer than training does.
_PICTURE_GAINS = (1.0, 4.0, 16.0, 64.0)
_PICTURE_METRICS = ("raw_ssim", "rgb_psnr", "rgb_ssim")
# Of the table `sensor`: frames, cases of `evaluation.robustness`.
_EXPOSURE = 0.25
_SENSOR_SCENES = 12
_SENSOR_FRAMES = (
    ("clipped", robustness.REFERENCE),
    ("signed", robustness.REFERENCE),
    ("clipped", sensor_cases.TOGETHER),
    ("signed", sensor_cases.TOGETHER),
)


def measure(workdir) -> dict:
    """Returns what a finished run reaches; measured once, then read.

    `psnr` is RAW PSNR at each gain, by the member that serves it, as training
    wrote it; the others are means over `_PICTURE_GAINS`.
    """
    path = workdir / "scores.json"
    if not path.exists():
        config = run_folder.read_config(workdir)
        profile = profile_lib.load(config.data.profile)
        ranges = members.subranges(profile, config.nsma.members)
        edges = [low for low, _ in ranges] + [ranges[-1][1]]
        scores = {"psnr": _psnr(workdir, profile, edges)}
        validation = validation_lib.Validation(
            config, profile, (edges[0], edges[-1])
        )
        found = evaluate.evaluate(
            captures.synthetic(validation.scenes, _PICTURE_GAINS, profile),
            {"run": keras_methods.from_run(workdir)},
            progress=False,
        ).mean("run")
        scores.update({name: found[name] for name in _PICTURE_METRICS})
        atomic.write_json(path, scores, overwrite=True)
    return json.loads(path.read_text(encoding="utf-8"))


def measure_sensor(workdir) -> dict:
    """Returns what a finished run reaches on frames two stops under.

    `sensor` has `[PSNR, PSNR of the darkest quarter]` at each gain of
    `robustness.GAINS`, by kind of frame.
    """
    path = workdir / "sensor.json"
    if not path.exists():
        config = run_folder.read_config(workdir)
        profile = profile_lib.load(config.data.profile)
        validation = validation_lib.Validation(
            config, profile, tuple(profile.a(g) for g in profile.gain_range)
        )
        table = robustness.measure(
            validation.scenes[:_SENSOR_SCENES],
            {"run": keras_methods.from_run(workdir)},
            "fixed",
            profile,
            exposure=_EXPOSURE,
            progress=False,
            only=(sensor_cases.TOGETHER,),
        )
        found = {
            f"{below_black}, {case}": [
                [row.psnr, row.psnr_dark]
                for row in table.of("run", case, below_black)
            ]
            for below_black, case in _SENSOR_FRAMES
        }
        atomic.write_json(path, {"sensor": found}, overwrite=True)
    return json.loads(path.read_text(encoding="utf-8"))


def _psnr(workdir, profile, edges):
    result = []
    for gain in ablation_rows.GAINS:
        index = nsma.member_of(float(profile.a(gain)), edges)
        path = run_folder.member_folder(workdir, index) / "member.json"
        record = json.loads(path.read_text(encoding="utf-8"))
        result.append(record["psnr"][f"{gain:g}"])
    return result


def write(output, table, rows, name, schedule, scores) -> str:
    """Puts one row into the table's files, in the table's order.

    A row of the same schedule with more seeds, of an earlier run, stays.

    Args:
        output: folder of the tables.
        table: its name.
        rows: all of its rows by name, `ablation_rows.Row`.
        name: of the row.
        schedule: what it was trained for.
        scores: `measure` of each seed; empty for a row that is not trained.

    Returns:
        The table as Markdown.
    """
    row = rows[name]
    record = {"title": row.title, "paper_raw_psnr": row.paper}
    if row.missing:
        record["missing"] = row.missing
    else:
        config = ablation_rows.base(schedule, row.variant, 0, 16, 1.0)
        config.update_from_flattened_dict(row.changes)
        first = schedule.first_seed
        first_seed = f"--first_seed={first} " if first else ""
        cost = cost_table.report(name, config.model.to_dict(), False).cost
        record |= {
            "gmacs_per_mp": round(cost.gmacs_per_mp, 4),
            "parameters": row.members * cost.parameters,
            "steps": schedule.steps,
            "batch_size": schedule.batch_size,
            "command": (
                f"python benchmarks/ablations.py --table={table} "
                f"--rows={name} --steps={schedule.steps} "
                f"--batch_size={schedule.batch_size} --seeds={len(scores)} "
                f"{first_seed}--workdir=runs/ablations"
            ),
            **{
                metric: np.round([s[metric] for s in scores], 4).tolist()
                for metric in ("psnr", *_PICTURE_METRICS)
            },
        }
        if all("sensor" in seed for seed in scores):
            record["sensor"] = {
                kind: np.round([s["sensor"][kind] for s in scores], 4).tolist()
                for kind in scores[0]["sensor"]
            }
    output = pathlib.Path(output)
    output.mkdir(parents=True, exist_ok=True)
    path = output / f"{table}.json"
    found = {}
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))["rows"]
    if _seeds(found.get(name), record) <= _seeds(record, record):
        found[name] = record
    found = {key: found[key] for key in rows if key in found}
    record = {"gains": ablation_rows.GAINS, "rows": found}
    text = markdown(record)
    for suffix, content in (
        (".json", json.dumps(record, indent=1) + "\n"),
        (".md", text),
    ):
        # The table of the project, made anew with one row more.
        atomic.write_text(path.with_suffix(suffix), content, overwrite=True)
    return text


def _seeds(row, like) -> int:
    """Counts the seeds of a row, if its schedule is that of `like`."""
    if row is None or row.get("missing") or like.get("missing"):
        return 0
    same = all(row[key] == like[key] for key in ("steps", "batch_size"))
    return len(row["psnr"]) if same else 0


def _cell(values, digits) -> str:
    """The mean over the seeds and half their spread, if there are several."""
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    half = (max(values) - min(values)) / 2
    return f"{np.mean(values):.{digits}f} ± {half:.{digits}f}"


def _sensor_lines(rows) -> list[str]:
    """Returns the table of frames two stops under, if rows have it."""
    rows = [row for row in rows if "sensor" in row]
    if not rows:
        return []
    gains = [f"gain {gain:g}" for gain in robustness.GAINS]
    lines = [
        "",
        "RAW PSNR two stops under, and of the darkest quarter:",
        "",
        f"| frames | training | {' | '.join(gains)} |",
        "| --- | --- |" + " ---: |" * len(gains),
    ]
    for kind in rows[0]["sensor"]:
        for row in rows:
            seeds = np.array(row["sensor"][kind])  # [seeds, gains, 2]
            cells = [
                f"{_cell(seeds[:, i, 0], 2)}; {_cell(seeds[:, i, 1], 2)}"
                for i in range(seeds.shape[1])
            ]
            lines.append(f"| {kind} | {row['title']} | {' | '.join(cells)} |")
    return lines


def markdown(record) -> str:
    """Returns a table: means over the seeds and half their spread."""
    gains = [f"gain {gain:g}" for gain in record["gains"]]
    titles = [
        "",
        "GMACs/MP",
        "parameters",
        "steps x batch, seeds",
        *gains,
        "RAW SSIM",
        "RGB PSNR",
        "RGB SSIM",
        "the paper's RAW PSNR",
    ]
    lines = [
        f"| {' | '.join(titles)} |",
        "| --- |" + " ---: |" * (len(titles) - 1),
    ]
    notes, commands = [], []
    for row in record["rows"].values():
        paper = row["paper_raw_psnr"]
        paper = "-" if paper is None else f"{paper:.3f}"
        if "missing" in row:
            cells = ["-"] * (len(titles) - 2)
            notes.append(f"{row['title']}: {row['missing']}.\n")
        else:
            psnr = np.array(row["psnr"])
            cells = [
                f"{row['gmacs_per_mp']:.4f}",
                f"{row['parameters']:,}",
                f"{row['steps']:,} x {row['batch_size']}, {len(psnr)}",
                *(_cell(column, 2) for column in psnr.T),
                _cell(row["raw_ssim"], 4),
                _cell(row["rgb_psnr"], 2),
                _cell(row["rgb_ssim"], 4),
            ]
            commands.append(f"{row['command']}\n")
        lines.append(f"| {' | '.join([row['title'], *cells, paper])} |")
    lines += _sensor_lines(record["rows"].values())
    text = "\n".join([*lines, "", *notes]) + "\n"
    return text + f"```sh\n{''.join(commands)}```\n"
