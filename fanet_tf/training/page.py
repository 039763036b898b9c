"""The page of a finished run: its curves, nothing to install to read it."""

import html
import pathlib

from fanet_tf.files import strict_json
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables
from fanet_tf.training import journal_file
from fanet_tf.training import run_folder
from fanet_tf.training.feed import schedule

# More points than this are not seen on a plot of its width.
_MAX_POINTS = 400
_STYLE = """
main { max-width: 1248px; }
.members {
  display: grid; gap: 0 32px;
  grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr));
}
.members > * { min-width: 0; }
"""


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
        folder = run_folder.member_folder(workdir, index)
        if (folder / "metrics.jsonl").exists():
            parts.append(_member(config, folder, index))
    body = f'<div class="members">{"".join(parts)}</div>'
    shell.write(page, shell.page(title, body, style=_STYLE))
    return page


def _member(config, folder, index: int) -> str:
    records = journal_file.read(folder / "metrics.jsonl")
    psnr, losses = _psnr(records), _losses(records)
    parts = []
    if (folder / "member.json").exists():
        parts.append(_reached(strict_json.read_object(folder / "member.json")))
    parts += [
        f"<p>{html.escape(journal_file.said_change(r))}</p>"
        for r in records
        if "changed" in r
    ]
    drawn = [
        plots.curves(series, "step", label, unit, _events(config, records))
        for series, label, unit in (
            (psnr, "PSNR, dB", "dB"),
            (losses, "loss", ""),
        )
        if series
    ]
    if drawn:
        parts.append(f'<div class="plots">{"".join(drawn)}</div>')
    # A member that has just begun has its heading already.
    return shell.section(f"Member {index}", "".join(parts) or " ")


def _events(config, records) -> list[tuple[int, str]]:
    """Returns the steps done from which on patches have another size.

    A run that was extended had shorter phases before.
    """
    spans = [
        (record["step"], record["changed"]["train.steps"][0])
        for record in records
        if "train.steps" in record.get("changed", {})
    ]
    done = max((record["step"] for record in records), default=0)
    found, since = [], 0
    for until, steps in [*spans, (done, config.train.steps)]:
        train = config.train.copy_and_resolve_references()
        train.steps = steps
        for phase in schedule.phases(train, config.data)[1:]:
            if since <= phase.first < until:
                found.append((phase.first, f"{phase.patch_size} px"))
        since = until
    return found


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


def _reached(record) -> str:
    """Returns what the member reached, by gain."""
    rows = [
        ("Noisy", record["noisy_psnr"]),
        ("Denoised", record["psnr"]),
        *(
            (f"Denoised, {kind} scenes", scores)
            for kind, scores in record.get("psnr_of", {}).items()
        ),
    ]
    low, high = record["a_range"]
    count = len(record["validated_on"])
    photographs = f"{count} photograph" + "s" * (count != 1)
    return (
        f"<p>Shot-noise slope a = {low:.3g} to {high:.3g}, "
        f"{record['steps']:,} steps; mean RAW PSNR on {photographs} "
        "that it was not trained on.</p>"
    ) + tables.table(
        ["PSNR, dB, at gain", *record["psnr"]],
        [
            [name, *(f"{scores[g]:.2f}" for g in record["psnr"])]
            for name, scores in rows
        ],
    )
