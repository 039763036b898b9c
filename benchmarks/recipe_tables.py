"""Prints a bundle's tables, as docs/export.md and results/int8 show them.

Which recipe for which hardware; what each step towards int8 gains; how fast
each member and recipe is. From the bundle's manifest and from what
`fanet-bench --host` wrote, so that no figure is typed.

Example:
    fanet-bench BUNDLE --host --threads=1,2 --output=runs/speed
    python benchmarks/recipe_tables.py BUNDLE \
        --speed=runs/speed/results.jsonl
"""

import pathlib
import statistics

from absl import app
from absl import flags

from android_bench.results import store as stores
from android_bench.results import text as texts
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.errors import InputError

_SPEED = flags.DEFINE_string(
    "speed", None, "results.jsonl of `fanet-bench --host`."
)

# Hardware, recipe, why.
_CHOICES = (
    (
        "any phone's CPU",
        "dynamic_wi8_afp32",
        "the smallest file; needs no calibration data",
    ),
    (
        "CPU with int8 dot products, DSP",
        "static_wi8_ai8",
        "the fastest; transform, ends and output stay in float",
    ),
    (
        "GPU; CPU with half precision",
        "float16",
        "computes in half precision there; half of float32's file",
    ),
    (
        "NPU with 16-bit activations",
        "static_wi8_ai16",
        "the usual mode of such NPUs; very slow on a CPU, whose delegate "
        "has no kernels for it",
    ),
    (
        "NPU with integers alone, of 8 and 16 bits",
        "core_static_wi8_ai8_ai16",
        "16 bits from the input to the first convolution; the app computes "
        "the transform",
    ),
    (
        "NPU with 8-bit integers alone",
        "core_static_wi8_ai8",
        "the last resort: its input comes as two planes of 8 bits",
    ),
    (
        "a vendor's own quantiser",
        "core_float32",
        "float32, without the transforms",
    ),
    ("reference", "float32", "the others are measured against it"),
)
_MEASURED = (
    "ms_per_network_mp",
    "ms_per_useful_mp",
    "matmul_fraction",
    "matmul_gmacs_s",
    "times_float32",
)


def _table(titles, lines) -> list[str]:
    return [
        "| " + " | ".join(titles) + " |",
        "| " + " | ".join("---" for _ in titles) + " |",
        *("| " + " | ".join(line) + " |" for line in lines),
    ]


def _entries(manifest, recipe):
    """Returns a recipe's entry of each member, left out or not."""
    sections = ("recipes", "core", "omitted")
    return [
        member[section][recipe]
        for member in manifest["members"]
        for section in sections
        if recipe in member[section]
    ]


def _worst(entries) -> str:
    losses = [
        (max(gain["loss_db"], gain["dark_loss_db"]), gain["gain"])
        for entry in entries
        for gain in entry.get("quality", {}).get("gains", [])
    ]
    if not losses:
        return "0" if entries else "-"
    loss, gain = max(losses)
    omitted = "" if all("file" in entry for entry in entries) else ", left out"
    return f"{loss:.3f} (gain {gain:g}{omitted})"


def _sizes(entries) -> str:
    sizes = {round(e["bytes"] / 1000) for e in entries if "bytes" in e}
    if not sizes:
        return "-"
    least, most = min(sizes), max(sizes)
    return f"{least}" if least == most else f"{least}-{most}"


def _times(record, recipe, key) -> str:
    """Returns the median over the members at each number of threads."""
    by_threads = {}
    for row in (record or {}).get("rows", []):
        if row["recipe"] == recipe and key in row:
            by_threads.setdefault(row["threads"], []).append(row[key])
    return " / ".join(
        f"{statistics.median(values):.3g}"
        for _, values in sorted(by_threads.items())
    )


def recipes(manifest, record) -> list[str]:
    """Returns the decision table: hardware, recipe, why, figures."""
    return _table(
        (
            "hardware",
            "recipe",
            "why",
            "worst-case loss, dB",
            "kB a member",
            "ms/MP here, 1 / 2 threads",
            "times float32",
        ),
        [
            (
                hardware,
                f"`{recipe}`",
                why,
                _worst(_entries(manifest, recipe)),
                _sizes(_entries(manifest, recipe)),
                _times(record, recipe, "ms_per_network_mp") or "-",
                _times(record, recipe, "times_float32") or "-",
            )
            for hardware, recipe, why in _CHOICES
        ],
    )


def steps(manifest) -> list[str]:
    """Returns what each step towards int8 loses, at each gain."""
    lines, gains = [], []
    for member in manifest["members"]:
        for entry in _entries({"members": [member]}, "static_wi8_ai8"):
            for step in entry.get("steps", []):
                found = {g["gain"]: g for g in step["gains"]}
                gains += [gain for gain in found if gain not in gains]
                lines.append((member["index"], step, found))
    kept = [
        (
            str(index),
            step["step"],
            f"{100 * step['float_share']:.0f} %",
            *(
                f"{found[g]['loss_db']:.3f} / {found[g]['dark_loss_db']:.3f}"
                if g in found
                else ""
                for g in gains
            ),
        )
        for index, step, found in lines
    ]
    titles = ["member", "int8 after", "MACs in float"]
    table = _table([*titles, *(f"gain {gain:g}" for gain in gains)], kept)
    further = [
        f"Member {index} keeps in float, beyond the ends: "
        + ", ".join(f"`{name}`" for name in names)
        + "."
        for index, names in _further(lines)
    ]
    return [*table, *([""] if further else []), *further]


def _further(lines):
    """Returns `(member, layers)` that the search left in float."""
    ends = {}
    for index, step, _ in lines:
        if step["step"] == "float ends":
            ends[index] = step["float_layers"]
        if step["step"] == "float layers":
            names = step["float_layers"]
            yield index, [n for n in names if n not in ends.get(index, [])]


def speed(record) -> list[str]:
    """Returns the recipes' speed on this machine, medians over the members."""
    groups = {}
    for row in record["rows"]:
        key = (row["recipe"], row["threads"])
        groups.setdefault(key, []).append(row)
    merged = []
    for rows in groups.values():
        row = dict(rows[0])
        for key in _MEASURED:
            values = [r[key] for r in rows if key in r]
            if values:
                row[key] = statistics.median(values)
        merged.append({**row, "member": "all"})
    return _speed(record, merged)


def speed_of_members(record) -> list[str]:
    """Returns the speed of each member and recipe on this machine."""
    return _speed(record, record["rows"])


def _speed(record, rows):
    processes = max((row["processes"] for row in record["rows"]), default=0)
    spread = max((row["spread"] or 0 for row in record["rows"]), default=0)
    return [
        f"{record['machine']}; medians of {processes} interleaved processes, "
        f"which spread by {100 * spread:.0f} % at most.",
        "",
        *_table(
            (
                "member",
                "recipe",
                "threads",
                "ms/MP network",
                "ms/MP useful",
                "of the float32 matrix product",
                "times float32",
            ),
            [
                (
                    str(row["member"]),
                    row["recipe"],
                    str(row["threads"]),
                    f"{row['ms_per_network_mp']:.1f}",
                    f"{row['ms_per_useful_mp']:.1f}",
                    f"{100 * row['matmul_fraction']:.0f} % of "
                    f"{row['matmul_gmacs_s']:.0f} GMACs/s",
                    f"{row['times_float32']:.2f}"
                    if "times_float32" in row
                    else "-",
                )
                for row in rows
            ],
        ),
    ]


def read_speed(path) -> dict:
    """Returns the machine and the timed rows of a run of `fanet-bench`."""
    header, *lines = stores.read(pathlib.Path(path))
    rows = [
        line
        for line in lines
        if line["type"] == "row"
        and line["status"] == "ok"
        and "matmul_fraction" in line
    ]
    if not rows:
        raise InputError(
            "`--speed` must be the results.jsonl of a finished `fanet-bench "
            f"--host`. Received: {path} without a timed row"
        )
    return {"machine": texts.device_line(header), "rows": rows}


def main(arguments):
    """Prints every table that the bundle, and `--speed`, give."""
    if len(arguments) != 2:
        raise InputError(f"One bundle must be given. Received: {arguments[1:]}")
    manifest = bundle_lib.load(arguments[1]).manifest
    record = read_speed(_SPEED.value) if _SPEED.value else None
    tables = {"recipes": recipes(manifest, record), "int8": steps(manifest)}
    if record:
        tables["speed"] = speed(record)
        tables["speed-of-members"] = speed_of_members(record)
    for name, lines in tables.items():
        print("\n".join((f"{name}:", "", *lines, "")))


if __name__ == "__main__":
    app.run(main)
