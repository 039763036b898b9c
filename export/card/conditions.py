"""Sections of a model card on what is not a bright, sharp photograph."""

from export.card import tables
from fanet_tf.evaluation import checks
from fanet_tf.evaluation import robustness


def scenes(record: dict) -> list[str]:
    """Returns the section on soft, dark and night scenes."""
    data = record["data"]
    lines = [
        "## On soft and dark scenes",
        "",
        f"The centre {data['crop']} x {data['crop']} of all {data['count']} "
        "photographs. Native scenes are blurred by 1 pixel, to the sharpness "
        "of a sensor's own frames; dark ones are two stops under; night is "
        "both, four stops under. The noise is drawn as above, so the dark ones "
        "are clipped at black.",
        "",
    ]
    for kind, figures in record["kinds"].items():
        lines += tables.by_gain(
            figures, "raw_psnr", ".2f", f"{kind}: RAW PSNR, dB, at gain"
        )
    methods = record["kinds"]["photographs"]["methods"]
    for method in methods:
        if method["method"] in checks.PEERS:
            lines += _ahead(record["kinds"], method)
    return [
        *lines,
        *tables.command(
            data,
            f"--crop={data['crop']} --scenes=night",
            "--output=runs/night",
        ),
    ]


def _ahead(kinds: dict, peer: dict) -> list[str]:
    """Returns how far the array is ahead of a peer, by kind and region."""
    rows, gains = [], []
    for kind, figures in kinds.items():
        (ours,) = (
            method["method"]
            for method in figures["methods"]
            if method["method"] not in checks.OTHERS
        )
        found = {
            (row["method"], row["gain"]): row for row in figures["per_gain"]
        }
        gains = sorted({gain for _, gain in found})
        for key, words in (("raw_psnr", "all"), *tables.REGIONS):
            ahead = [
                found[ours, gain][key] - found[peer["method"], gain][key]
                for gain in gains
            ]
            cells = [f"{margin:+.2f}" for margin in ahead]
            rows.append([f"{kind}, {words}", *cells])
    return tables.table(
        f"dB ahead of {peer['label']}, at gain",
        [f"{gain:g}" for gain in gains],
        rows,
    )


def sensor(record: dict) -> list[str]:
    """Returns the section on what the terms of a real sensor cost."""
    data = record["data"]
    lines = [
        "## With the terms of a real sensor",
        "",
        f"The centre {data['crop']} x {data['crop']} of the first "
        f"{data['count']} photographs, two stops under: RAW PSNR in dB over "
        "all pixels / over the darkest quarter without any term, and what each "
        "term changes of it. Signed frames keep the noise below black, as a "
        "phone's DNG does; clipped ones end there.",
        "",
    ]
    columns = [f"gain {gain:g}" for gain in record["gains"]]
    found: dict[tuple, list] = {}
    for row in record["rows"]:
        key = (row["method"], row["below_black"], row["case"])
        found.setdefault(key, []).append(row)
    for method, label in record["methods"].items():
        for below_black in robustness.BELOW_BLACK:
            rows = [
                [case, *map(_sensor_cell, found[method, below_black, case])]
                for case in record["cases"]
            ]
            lines += tables.table(f"{label}, {below_black}", columns, rows)
    return [
        *lines,
        *tables.command(
            data,
            f"--crop={data['crop']} --limit={data['count']}",
            f"--sensor={record['sensor']} --exposure={record['exposure']:g}",
            "--output=runs/sensor",
        ),
    ]


def _sensor_cell(row: dict) -> str:
    if row["case"] == robustness.REFERENCE:
        return f"{row['psnr']:.2f} / {row['psnr_dark']:.2f}"
    return f"{-row['lost']:+.2f} / {-row['lost_dark']:+.2f}"
