"""An evaluation as plain text and as JSON."""

from fanet_tf.evaluation.evaluate import Evaluation
from fanet_tf.evaluation.measures import COLUMNS
from fanet_tf.files import atomic
from fanet_tf.files import marks
from fanet_tf.files import own_folder


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


_is_ours = marks.json_with("schema_version", "definitions", "per_image")


def check_output(path, overwrite: bool = False) -> None:
    """Refuses a path that `write_json` would refuse; for before the work."""
    atomic.check(path, is_ours=_is_ours, overwrite=overwrite)


def write_json(path, evaluation: Evaluation, overwrite: bool = False) -> None:
    """Writes all figures, `Evaluation.to_json`, to a file.

    Args:
        path: of the file; its folder is made.
        evaluation: what `evaluate.evaluate` returned.
        overwrite: replaces a file that is no such JSON, too.
    """
    own_folder.make_parent(path)
    atomic.write_json(
        path, evaluation.to_json(), is_ours=_is_ours, overwrite=overwrite
    )
