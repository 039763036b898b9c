"""The page of a finished run: its curves, nothing to install to read it."""

import html
import pathlib

from fanet_tf.files import strict_json
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.training import changes
from fanet_tf.training import journal
from fanet_tf.training import run_folder

# More points than this are not seen on a plot of its width.
_MAX_POINTS = 400


def place(workdir) -> pathlib.Path:
    """Returns where the page of a run lies; refuses somebody else's there."""
    path = pathlib.Path(workdir) / "training.html"
    shell.check_output(path)
    return path


def write(workdir) -> pathlib.Path:
    """Writes `training.html` of the members that have begun."""
    workdir, page = pathlib.Path(workdir), place(workdir)
    config = run_folder.read_config(workdir)
    title = f"Training of {config.model.name}, {workdir.resolve().name}"
    parts = []
    for index in range(config.nsma.members):
        path = run_folder.member_folder(workdir, index) / "metrics.jsonl"
        if path.exists():
            parts.append(
                _member(run_folder.member_folder(workdir, index), index)
            )
    shell.write(page, shell.page(title, "\n".join(parts)))
    return page


def _member(folder, index: int) -> str:
    records = journal.read(folder / "metrics.jsonl")
    psnr, losses = _psnr(records), _losses(records)
    parts = [f"<h2>Member {index}</h2>"]
    if (folder / "member.json").exists():
        parts.append(_table(strict_json.read_object(folder / "member.json")))
    parts += [
        f"<p>{html.escape(changes.said(r))}</p>"
        for r in records
        if "changed" in r
    ]
    if psnr:
        parts.append(plots.curves(psnr, "step", "PSNR, dB", "dB"))
    if losses:
        parts.append(plots.curves(losses, "step", "loss", ""))
    return "\n".join(parts)


def _thin(points):
    """Keeps the last point, and so many before it as can be seen."""
    stride = -(-len(points) // _MAX_POINTS)
    return points[::-1][::stride][::-1]


def _psnr(records) -> list[plots.Series]:
    """Returns a series for each gain, the noisiest first."""
    rows = [(r["step"], r["psnr"]) for r in records if "psnr" in r]
    gains = sorted(rows[-1][1], key=float, reverse=True) if rows else []
    return [
        plots.Series(
            f"gain {gain}",
            f"s{i % 8}",
            # Of other gains before, if validation has changed.
            _thin([(step, s[gain]) for step, s in rows if gain in s]),
        )
        for i, gain in enumerate(gains)
    ]


def _losses(records) -> list[plots.Series]:
    """Returns a series for the total, and for each loss if there are more."""
    rows = [r for r in records if "loss" in r]
    series = {"total": [(r["step"], r["loss"]) for r in rows]}
    for record in rows:
        for name, value in record.get("losses", {}).items():
            series.setdefault(name, []).append((record["step"], value))
    return [
        plots.Series(name.replace("_", " "), f"s{i % 8}", _thin(points))
        for i, (name, points) in enumerate(series.items())
        if points
    ]


def _table(record) -> str:
    """Returns what the member reached, by gain."""
    cells = "".join(f"<th>{html.escape(g)}</th>" for g in record["psnr"])
    body = [f"<tr><th>Gain</th>{cells}</tr>"]
    rows = [
        ("Noisy, dB", record["noisy_psnr"]),
        ("Denoised, dB", record["psnr"]),
        *(
            (f"Denoised, {kind} scenes, dB", scores)
            for kind, scores in record.get("psnr_of", {}).items()
        ),
    ]
    for name, scores in rows:
        cells = "".join(f"<td>{scores[g]:.2f}</td>" for g in record["psnr"])
        body.append(f"<tr><th>{html.escape(name)}</th>{cells}</tr>")
    low, high = record["a_range"]
    count = len(record["validated_on"])
    photographs = f"{count} photograph" + "s" * (count != 1)
    return (
        f"<p>Shot-noise slope a = {low:.3g} to {high:.3g}, "
        f"{record['steps']:,} steps; mean RAW PSNR on {photographs} "
        f"that it was not trained on.</p><table>{''.join(body)}</table>"
    )
