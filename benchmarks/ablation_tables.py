"""The tables of `ablations.py`: JSON to keep, Markdown to read."""

import json
import pathlib

import numpy as np

import ablation_rows
from fanet_tf import nsma
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import captures
from fanet_tf.evaluation import evaluate
from fanet_tf.files import atomic
from fanet_tf.models import cost_table
from fanet_tf.training import keras_methods
from fanet_tf.training import members
from fanet_tf.training import run_folder
from fanet_tf.training import validation as validation_lib

# Of SSIM and of the rendered pictures, which take longer than training does.
_PICTURE_GAINS = (1.0, 4.0, 16.0, 64.0)
_PICTURE_METRICS = ("raw_ssim", "rgb_psnr", "rgb_ssim")


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
                "--workdir=runs/ablations"
            ),
            **{
                metric: np.round([s[metric] for s in scores], 4).tolist()
                for metric in ("psnr", *_PICTURE_METRICS)
            },
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
    text = "\n".join([*lines, "", *notes]) + "\n"
    return text + f"```sh\n{''.join(commands)}```\n"
