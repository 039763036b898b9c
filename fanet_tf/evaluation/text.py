"""An evaluation as plain text and as JSON."""

from collections.abc import Sequence

from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.evaluation.measures import COLUMNS
from fanet_tf.evaluation.robustness import BELOW_BLACK
from fanet_tf.evaluation.robustness import REFERENCE
from fanet_tf.evaluation.robustness import Robustness
from fanet_tf.files import atomic
from fanet_tf.files import marks
from fanet_tf.files import own_folder


def align(rows: Sequence[Sequence[str]]) -> str:
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
    parts = [align(means)]
    gains = evaluation.gains
    if len(gains) > 1:
        rows = [["RAW PSNR at gain", *(f"{gain:g}" for gain in gains)]]
        columns = [evaluation.psnrs(gain) for gain in gains]
        for name in names:
            values = [column[name] for column in columns]
            cells = ["-" if v is None else f"{v:.2f}" for v in values]
            rows.append([evaluation.label(name), *cells])
        parts.append(align(rows))
    notes = evaluation.about.get("notes", [])
    return "\n\n".join([*parts, *(f"Note: {note}" for note in notes)])


_is_ours = marks.json_with("schema_version", "definitions", "per_image")


def check_output(path, overwrite: bool = False) -> None:
    """Refuses a path that `write_json` would refuse; for before the work."""
    atomic.check(path, is_ours=_is_ours, overwrite=overwrite)


def robustness_rows(table: Robustness, method: str, below_black: str):
    """Returns the lines of one method's table, headings first.

    The first line is in dB, the others are the dB that a case costs; in each
    cell all pixels and the darkest quarter.
    """
    rows = [
        [
            f"{below_black}: dB, all / dark",
            *(f"gain {gain:g}" for gain in table.gains),
        ]
    ]
    for case in table.cases:
        cells = [case]
        for row in table.of(method, case, below_black):
            if case == REFERENCE:
                cells.append(f"{row.psnr:.2f} / {row.psnr_dark:.2f}")
            else:
                cells.append(f"{-row.lost:+.2f} / {-row.lost_dark:+.2f}")
        rows.append(cells)
    return rows


def robustness(table: Robustness) -> str:
    """Returns what each term of a sensor costs each method."""
    parts = []
    for method, label in table.methods.items():
        parts.append(
            f"{label}: what the terms of a sensor cost ({table.sensor}, "
            f"{table.scenes} scenes, exposure {table.exposure:g})"
        )
        for below_black in BELOW_BLACK:
            rows = robustness_rows(table, method, below_black)
            parts.append(align(rows))
    return "\n\n".join(parts)


def write_json(
    path, evaluation: Evaluation, overwrite: bool = False, **more
) -> None:
    """Writes all figures, `Evaluation.to_json`, to a file.

    Args:
        path: of the file; its folder is made.
        evaluation: what `evaluate.evaluate` returned.
        overwrite: replaces a file that is no such JSON, too.
        **more: further fields of the JSON object.
    """
    own_folder.make_parent(path)
    atomic.write_json(
        path,
        {**evaluation.to_json(), **more},
        is_ours=_is_ours,
        overwrite=overwrite,
    )
