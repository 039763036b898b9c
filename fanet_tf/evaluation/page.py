"""The self-contained HTML page of an evaluation.

One file: style, script and pictures are inside; it opens from a disk or a mail
without a network. Pictures are JPEG (4:4:4, quality 93) of what the minimal ISP
shows; figures are computed before that.
"""

import html
import json
import math
import pathlib

from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import text
from fanet_tf.evaluation.evaluate import DEFINITIONS
from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.pages import pictures
from fanet_tf.pages import plots
from fanet_tf.pages import shell

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
    rows = {name: evaluation.mean(name) for name in evaluation.methods}
    best = {}
    for key in ("raw_psnr", "raw_ssim", "rgb_psnr", "rgb_ssim"):
        values = [r[key] for r in rows.values() if r[key] is not None]
        best[key] = max(values, default=None)
    values = [r["rgb_lpips"] for r in rows.values() if r["rgb_lpips"]]
    best["rgb_lpips"] = min(values, default=None)
    styles = _styles(evaluation)
    head = "".join(f"<th>{heading}</th>" for _, heading, _ in text.COLUMNS)
    lines = []
    for name, row in rows.items():
        cells = "".join(
            f"<td{_best(row[key], best.get(key))}>{cell}</td>"
            for (key, _, _), cell in zip(
                text.COLUMNS, text.cells(row), strict=True
            )
        )
        note = html.escape(evaluation.methods[name].note)
        label = html.escape(evaluation.label(name))
        lines.append(
            f'<tr><th title="{note}"><i class="key {styles[name]}"></i>'
            f"{label}</th>{cells}</tr>"
        )
    return (
        f"<table><thead><tr><th>Method</th>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _best(value, best) -> str:
    return ' class="best"' if value is not None and value == best else ""


def _gains_table(evaluation: Evaluation) -> str:
    gains, styles = evaluation.gains, _styles(evaluation)
    columns = []
    for gain in gains:
        values = {
            name: evaluation.mean(name, gain)["raw_psnr"]
            for name in evaluation.methods
        }
        known = [v for v in values.values() if v is not None]
        columns.append((values, max(known, default=None)))
    lines = []
    for name in evaluation.methods:
        cells = "".join(
            f"<td{_best(values[name], best)}>"
            + ("-" if values[name] is None else f"{values[name]:.2f}")
            + "</td>"
            for values, best in columns
        )
        lines.append(
            f'<tr><th><i class="key {styles[name]}"></i>'
            f"{html.escape(evaluation.label(name))}</th>{cells}</tr>"
        )
    head = "".join(f"<th>{gain:g}</th>" for gain in gains)
    return (
        f"<table><thead><tr><th>RAW PSNR (dB) at gain</th>{head}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{caption}</figcaption></figure>"


def _gain_plots(evaluation: Evaluation) -> str:
    if len(evaluation.gains) < 2:
        return ""
    styles = _styles(evaluation)
    curves = {
        name: {
            gain: value
            for gain in evaluation.gains
            if (value := evaluation.mean(name, gain)["raw_psnr"]) is not None
        }
        for name in evaluation.methods
    }
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
    for key, unit, caption in (
        (
            "gmacs_per_mp",
            "GMACs/MP",
            "Cost in multiply-accumulates against quality; methods without "
            "such a count are dashed.",
        ),
        (
            "ms_per_mp",
            "ms/MP",
            "Time on the machine of this run against quality.",
        ),
    ):
        dots, levels = [], []
        for name in evaluation.methods:
            row = evaluation.mean(name)
            if row["raw_psnr"] is None or name in _INPUTS:
                continue
            point = (row[key], row["raw_psnr"])
            label = evaluation.label(name)
            one = plots.Series(label, styles[name], [point])
            (dots if row[key] else levels).append(one)
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


def render(evaluation: Evaluation, title: str, intro: str, sections) -> str:
    """Returns the page as text; see `write`."""
    data = json.dumps(_viewer_data(evaluation)).replace("<", "\\u003c")
    notes = "".join(
        f'<p class="note">{html.escape(note)}</p>'
        for note in evaluation.about.get("notes", [])
    )
    tables = _means_table(evaluation)
    if len(evaluation.gains) > 1:
        tables += _gains_table(evaluation)
    body = [
        (_HERE / "viewer.html").read_text(encoding="utf-8"),
        shell.section("Figures", f'<div class="tables">{tables}</div>{notes}'),
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
    path,
    evaluation: Evaluation,
    *,
    title: str = "RAW denoising, compared",
    intro: str = "",
    sections=(),
) -> None:
    """Writes the page, whole or not at all.

    Args:
        path: of the `.html` file; its folder is made.
        evaluation: what `evaluate.evaluate` returned. Its `about` may hold
            `"facts"` (a dict) and `"notes"` (a list), which are shown.
        title: heading of the page.
        intro: one or two plain sentences under it.
        sections: more `(heading, HTML)` pairs, below the plots.
    """
    shell.write(path, render(evaluation, title, intro, sections))
