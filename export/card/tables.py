"""Tables of a model card: Markdown."""

from fanet_tf.evaluation import checks

REGIONS = (
    ("raw_psnr_dark", "the darkest quarter of each frame"),
    ("raw_psnr_flat", "the flatter half of each frame"),
)


def table(heading: str, columns: list[str], rows: list[list[str]]) -> list[str]:
    """Returns the lines of a Markdown table."""
    return [
        f"| {' | '.join([heading, *columns])} |",
        f"| {' | '.join(['---'] * (1 + len(columns)))} |",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
    ]


def by_gain(figures: dict, key: str, form: str, heading: str) -> list[str]:
    """Returns the table of one metric: a row a method, a column a gain."""
    values: dict[str, dict] = {}
    for row in figures["per_gain"]:
        values.setdefault(row["method"], {})[row["gain"]] = row[key]
    gains = sorted({row["gain"] for row in figures["per_gain"]})
    rows = [
        [
            method["label"],
            *(_cell(values[method["method"]][g], form) for g in gains),
        ]
        for method in figures["methods"]
    ]
    # In the place it has in the order of the methods: before the networks.
    networks = sum(
        method["method"] not in checks.OTHERS for method in figures["methods"]
    )
    for name in figures["missing"]:
        missing = [name.upper(), "not installed", *[""] * (len(gains) - 1)]
        rows.insert(len(rows) - networks, missing)
    return table(heading, [f"{gain:g}" for gain in gains], rows)


def main_table(record: dict) -> list[str]:
    """Returns the table of the array's PSNR on photographs."""
    return by_gain(
        record["photographs"], "raw_psnr", ".2f", "RAW PSNR, dB, at gain"
    )


def _cell(value, form):
    return "-" if value is None else format(value, form)


def command(data: dict, *flags: str) -> list[str]:
    """Returns a code block with a call of `fanet-evaluate`.

    Args:
        data: what was evaluated, of `measure`.
        flags: the others.
    """
    words = ["fanet-evaluate", f"--photos=data/photos/{data['folder']}"]
    if "bundle" in data:
        words.append(f"--bundle={data['bundle']}")
    return ["```sh", " \\\n    ".join([*words, *flags]), "```", ""]
