"""An evaluation as plain text and as JSON."""

import json
import pathlib

from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.evaluation.measures import COLUMNS
from fanet_tf.files import atomic


def _align(rows: list[list[str]]) -> str:
    """Sets rows in columns, the first to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def table(evaluation: Evaluation) -> str:
    """Returns the means of each method, then its RAW PSNR at each gain."""
    names = list(evaluation.methods)
    means = [["Method", *(measure.heading for measure in COLUMNS)]]
    for name in names:
        row = evaluation.mean(name)
        cells = [measure.cell(row[measure.key]) for measure in COLUMNS]
        means.append([evaluation.label(name), *cells])
    parts = [_align(means)]
    gains = evaluation.gains
    if len(gains) > 1:
        rows = [["RAW PSNR at gain", *(f"{gain:g}" for gain in gains)]]
        columns = [evaluation.psnrs(gain) for gain in gains]
        for name in names:
            values = [column[name] for column in columns]
            cells = ["-" if v is None else f"{v:.2f}" for v in values]
            rows.append([evaluation.label(name), *cells])
        parts.append(_align(rows))
    notes = evaluation.about.get("notes", [])
    return "\n\n".join([*parts, *(f"Note: {note}" for note in notes)])


def write_json(path, evaluation: Evaluation) -> None:
    """Writes all figures, `Evaluation.to_json`, to a file."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(evaluation.to_json(), indent=2, allow_nan=False)
    with atomic.writing(path) as stream:
        stream.write(f"{text}\n".encode())
