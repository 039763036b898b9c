"""An evaluation as plain text and as JSON."""

import json
import pathlib

from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.files import atomic

# Key of `Evaluation.mean`, heading as in the paper's tables, format.
COLUMNS = (
    ("raw_psnr", "RAW PSNR", "{:.3f}"),
    ("raw_ssim", "RAW SSIM", "{:.5f}"),
    ("rgb_psnr", "RGB PSNR", "{:.3f}"),
    ("rgb_ssim", "RGB SSIM", "{:.5f}"),
    ("rgb_lpips", "RGB LPIPS", "{:.5f}"),
    ("gmacs_per_mp", "GMACs/MP", "{:.4f}"),
    ("ms_per_mp", "ms/MP", "{:.0f}"),
)


def cells(row: dict) -> list[str]:
    """Formats one row of means in the order of `COLUMNS`; none is "-"."""
    return [
        "-" if row[key] is None else form.format(row[key])
        for key, _, form in COLUMNS
    ]


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
    means = [["Method", *(heading for _, heading, _ in COLUMNS)]]
    for name in evaluation.methods:
        means.append([evaluation.label(name), *cells(evaluation.mean(name))])
    parts = [_align(means)]
    gains = evaluation.gains
    if len(gains) > 1:
        rows = [["RAW PSNR at gain", *(f"{gain:g}" for gain in gains)]]
        for name in evaluation.methods:
            values = [evaluation.mean(name, gain)["raw_psnr"] for gain in gains]
            rows.append(
                [
                    evaluation.label(name),
                    *("-" if v is None else f"{v:.2f}" for v in values),
                ]
            )
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
