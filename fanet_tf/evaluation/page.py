"""The self-contained HTML page of an evaluation.

One file: style, script and pictures are inside; it opens from a disk or a mail
without a network. Pictures are JPEG (4:4:4, quality 93) of what the minimal ISP
shows; figures are computed before that.
"""

import html
import json
import math
import os
import pathlib
from collections.abc import Callable
from collections.abc import Sequence

from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import text
from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.evaluation.measures import COLUMNS
from fanet_tf.evaluation.measures import DEFINITIONS
from fanet_tf.evaluation.measures import GMACS
from fanet_tf.evaluation.measures import TIME
from fanet_tf.evaluation.robustness import BELOW_BLACK
from fanet_tf.evaluation.robustness import Robustness
from fanet_tf.pages import pictures
from fanet_tf.pages import plots
from fanet_tf.pages import shell
from fanet_tf.pages import tables

# Names under which a run may list its noisy input.
_INPUTS = ("identity", "noisy")
_HERE = pathlib.Path(__file__).parent


def _gain_name(gain: float | None) -> str:
    return "unknown gain" if gain is None else f"gain {gain:g}"


def _crop_json(crop: gallery.Crop, uris: dict[str, int]) -> dict:
    """Names of pictures in this crop -> number of the picture and its dB."""

    def number(name):
        return uris.setdefault(
            pictures.picture_uri(crop.pictures[name]), len(uris)
        )

    def finite(value):
        return value if value is not None and math.isfinite(value) else None

    return {
        "kind": crop.kind,
        "image": crop.image,
        "gain": crop.gain,
        "gain_name": _gain_name(crop.gain),
        "focus": crop.focus,
        "lead": finite(crop.lead),
        "pictures": {name: number(name) for name in crop.pictures},
        "psnr": {name: finite(crop.psnr.get(name)) for name in crop.pictures},
    }


def _viewer_data(evaluation: Evaluation) -> dict:
    uris: dict[str, int] = {}
    crops = [_crop_json(crop, uris) for crop in evaluation.gallery]
    labels = {"noisy": "Noisy", "clean": "Clean"}
    for name in evaluation.methods:
        labels[name] = evaluation.label(name)
    for crop in crops:  # The same picture as "noisy", by definition.
        crop["pictures"].pop("identity", None)
    return {"uris": list(uris), "crops": crops, "labels": labels}


def _styles(evaluation: Evaluation) -> dict[str, str]:
    """Gives each method a colour class; the input is grey."""
    others = [name for name in evaluation.methods if name not in _INPUTS]
    styles = {name: f"s{i % 8}" for i, name in enumerate(reversed(others))}
    return {**dict.fromkeys(_INPUTS, "input"), **styles}


def _means_table(evaluation: Evaluation) -> str:
    means = {name: evaluation.mean(name) for name in evaluation.methods}
    rows = {name: [name_cell] for name, name_cell in _names(evaluation)}
    for measure in COLUMNS:
        values = {name: mean[measure.key] for name, mean in means.items()}
        for name, cell in _column(values, measure.cell, measure.best):
            rows[name].append(cell)
    head = ["Method", *(measure.heading for measure in COLUMNS)]
    return tables.table(head, rows.values())


def _gains_table(evaluation: Evaluation) -> str:
    rows = {name: [name_cell] for name, name_cell in _names(evaluation)}
    for gain in evaluation.gains:
        psnrs = evaluation.psnrs(gain)
        for name, cell in _column(psnrs, _two_digits, max):
            rows[name].append(cell)
    head = ["RAW PSNR (dB) at gain", *(f"{g:g}" for g in evaluation.gains)]
    return tables.table(head, rows.values())


def _names(evaluation: Evaluation):
    """Yields each method and the cell that names its row."""
    styles = _styles(evaluation)
    for name, method in evaluation.methods.items():
        label = evaluation.label(name)
        yield name, tables.Cell(label, key=styles[name], tip=method.note)


def _two_digits(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _column(values: dict[str, float | None], show: Callable, best):
    """Yields each method and its cell, the best ones marked."""
    known = [value for value in values.values() if value is not None]
    winner = best(known) if best and known else None
    for name, value in values.items():
        is_best = value is not None and value == winner
        yield name, tables.Cell(show(value), "best" if is_best else "")


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _gain_plots(evaluation: Evaluation) -> str:
    if len(evaluation.gains) < 2:
        return ""
    styles = _styles(evaluation)
    curves = {name: {} for name in evaluation.methods}
    for gain in evaluation.gains:
        for name, psnr in evaluation.psnrs(gain).items():
            if psnr is not None:
                curves[name][gain] = psnr
    base = next((curves[name] for name in _INPUTS if name in curves), {})
    absolute, relative = [], []
    for name, curve in curves.items():
        label = evaluation.label(name)
        over = {g: v - base[g] for g, v in curve.items() if g in base}
        for series, points in ((absolute, curve), (relative, over)):
            if points:
                points = list(points.items())
                series.append(plots.Series(label, styles[name], points))
    figures = []
    for series, label, caption in (
        (
            relative,
            "dB over the input",
            "What each method wins in RAW PSNR; below 0 it does harm.",
        ),
        (
            absolute,
            "RAW PSNR, dB",
            "RAW PSNR at each gain, mean over the captures.",
        ),
    ):
        if series:
            svg = plots.lines(series, "sensor gain", label, "dB")
            figures.append(_figure(svg, caption))
    return "".join(figures)


def _cost_plots(evaluation: Evaluation) -> str:
    styles, figures = _styles(evaluation), []
    for measure, caption in (
        (
            GMACS,
            "Cost in multiply-accumulates against quality; methods without "
            "such a count are dashed.",
        ),
        (TIME, "Time on the machine of this run against quality."),
    ):
        key, unit = measure.key, measure.heading
        dots, levels = [], []
        for name in evaluation.methods:
            row = evaluation.mean(name)
            if row["raw_psnr"] is None or name in _INPUTS:
                continue
            label, psnr = evaluation.label(name), row["raw_psnr"]
            if row[key]:
                point = (row[key], psnr)
                dots.append(plots.Series(label, styles[name], [point]))
            else:
                levels.append(plots.level(label, styles[name], psnr))
        if dots:
            svg = plots.scatter(dots, unit, "mean RAW PSNR, dB", "dB", levels)
            figures.append(_figure(svg, caption))
    return "".join(figures)


def _facts(evaluation: Evaluation) -> str:
    facts = evaluation.about.get("facts", {})
    items = "".join(
        f"<dt>{html.escape(str(k))}</dt><dd>{html.escape(str(v))}</dd>"
        for k, v in facts.items()
    )
    return f"<dl>{items}</dl>" if items else ""


def _definitions() -> str:
    items = "".join(
        f"<dt><code>{key}</code></dt><dd>{html.escape(value)}</dd>"
        for key, value in DEFINITIONS.items()
    )
    return f"<details><summary>Definitions</summary><dl>{items}</dl></details>"


def robustness(table: Robustness) -> tuple[str, str]:
    """Returns the heading and the HTML of what a sensor's terms cost."""
    note = (
        f"Terms: {table.sensor}; {table.scenes} scenes, exposure "
        f"{table.exposure:g}. The first line is RAW PSNR without any term, the "
        "others what a term changes of it, dB; all pixels, then the darkest "
        "quarter of each scene. Signed frames keep the noise below black, "
        "clipped ones do not."
    )
    parts = [f'<p class="note">{html.escape(note)}</p>']
    for method, label in table.methods.items():
        parts.append(f"<h3>{html.escape(label)}</h3>")
        for below_black in BELOW_BLACK:
            head, *rows = text.robustness_rows(table, method, below_black)
            parts.append(tables.table(head, rows))
    return "Robustness", "".join(parts)


def render(
    evaluation: Evaluation,
    title: str,
    intro: str,
    sections: Sequence[tuple[str, str]],
    lead: Sequence[tuple[str, str]] = (),
) -> str:
    """Returns the page as text; see `write`."""
    data = json.dumps(_viewer_data(evaluation)).replace("<", "\\u003c")
    notes = "".join(
        f'<p class="note">{html.escape(note)}</p>'
        for note in evaluation.about.get("notes", [])
    )
    figures = _means_table(evaluation)
    if len(evaluation.gains) > 1:
        figures += _gains_table(evaluation)
    body = [
        *(shell.section(heading, markup) for heading, markup in lead),
        (_HERE / "viewer.html").read_text(encoding="utf-8"),
        shell.section("Figures", figures + notes),
        shell.section(
            "Quality and cost",
            f'<div class="plots">{_gain_plots(evaluation)}'
            f"{_cost_plots(evaluation)}</div>",
        ),
        *(shell.section(heading, markup) for heading, markup in sections),
        shell.section("This run", _facts(evaluation) + _definitions()),
    ]
    viewer = (_HERE / "viewer.js").read_text(encoding="utf-8")
    script = (
        f'<script type="application/json" id="data">{data}</script>\n'
        f"<script>\n{viewer}</script>\n"
    )
    return shell.page(title, "".join(body), intro=intro, script=script)


def write(
    path: str | os.PathLike,
    evaluation: Evaluation,
    *,
    title: str = "RAW denoising, compared",
    intro: str = "",
    sections: Sequence[tuple[str, str]] = (),
    lead: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: of the `.html` file; its folder is made.
        evaluation: what `evaluate.evaluate` returned. Its `about` may hold
            `"facts"` (a dict) and `"notes"` (a list), which are shown.
        title: heading of the page.
        intro: one or two plain sentences under it.
        sections: more `(heading, HTML)` pairs, below the plots.
        lead: the same, above the pictures.
        overwrite: replaces a file that is no page of ours, too.
    """
    text = render(evaluation, title, intro, sections, lead)
    shell.write(path, text, overwrite)
