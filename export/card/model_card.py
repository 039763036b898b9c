"""The texts of a bundle for people: a model card, and the licence.

An export writes a card without figures of quality; `fanet-card` measures the
array and puts the whole card in its place.
"""

import importlib.metadata
import pathlib
from collections.abc import Callable

from export.card import page
from export.contract import checksums
from export.contract import denoiser_code
from export.contract import selector_code
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.files import atomic
from fanet_tf.files import marks

CARD = "README.md"
_MEMBERS_HEADING = "# Keras members of the "
_is_members_card = marks.begins_with(_MEMBERS_HEADING)
_SOURCE = pathlib.Path(__file__).parents[2] / "LICENSE"


def licence() -> str:
    """Returns the licence's text, from the checkout or the installation."""
    if _SOURCE.is_file():
        return _SOURCE.read_text(encoding="utf-8")
    for file in importlib.metadata.files("fanet-tf") or []:
        if file.name == "LICENSE":
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError("The licence must ship with fanet-tf.")


def text(manifest: dict, record: dict | None = None) -> str:
    """Returns the model card, Markdown, of a manifest.

    Args:
        manifest: of the bundle.
        record: the figures of `card.json`; None leaves figures of quality out.
    """
    noise = manifest["noise"]
    low, high = noise["gain_range"]
    members = manifest["members"]
    tile = members[0]["tile"]
    lines = [
        f"# {manifest['name']}",
        "",
        f"RAW denoising for {noise['sensor']}: {_networks(len(members))}. "
        "`manifest.json` is authoritative; this page is for people.",
        "",
        f"* **Noise law**: `Var[y|x] = a x + b`, gains {low:g} to {high:g}, "
        f"status: {noise['status']}.",
        "* **Input**: packed planes R, Gr, Gb, B, float32, 0 = black, 1 = "
        f"white; {tile['height']} x {tile['width']}, of which the outer "
        f"{tile['halo']} are thrown away inside a frame. `scale` = 1/a, "
        "`offset` = b/a^2. Bind the inputs by name.",
        "* **Output**: `denoised`, as the input; may leave 0..1 a little.",
        "* **Member**: `NsmaSelector.kt`, `nsma_selector.h` or "
        "`selector.tflite`, from the gain, the ISO or SENSOR_NOISE_PROFILE"
        + (
            "; `NsmaDenoiser.kt` and `nsma_denoise.h` also by the frame's "
            "brightness."
            if "signal" in manifest["selector"]
            else "."
        ),
        "* **Trained on**: photographs turned back to RAW with synthetic "
        "noise of that law. **Not for**: RGB input, RAW that was denoised or "
        "resampled, motion. Another sensor needs its own `a` and `b`, within "
        "those of the members.",
        *_half_precision(members),
        f"* **Licence**: {manifest['licence']}, see LICENSE.",
        "",
        "| member | gains | recipe | bytes | bytes/parameter | worst loss, dB "
        "(dark) |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for member in members:
        gains = "{:.3g} to {:.3g}".format(*member["gain_range"])
        for section in ("recipes", "core"):
            for recipe, entry in member[section].items():
                lines.append(
                    f"| {member['index']} | {gains} | {recipe} "
                    f"| {entry['bytes']} | {entry['bytes_per_parameter']:.2f} "
                    f"| {_loss(entry)} |"
                )
        for recipe, entry in member["omitted"].items():
            lines.append(
                f"| {member['index']} | {gains} | {recipe} | left out | "
                f"| {_loss(entry)} |"
            )
    lines += [
        "",
        "Losses: RAW PSNR against float32 on "
        f"{len(manifest['quality']['photographs'])} photographs that were not "
        "trained on, at the member's worst gain, over all pixels and over the "
        "darkest quarter.",
        "",
    ]
    return "\n".join(lines + _measured(manifest, record))


def _networks(count: int) -> str:
    if count == 1:
        return "one Feature-Align network for all of the sensor's noise"
    networks = f"{count} Feature-Align networks"
    return f"{networks}, each for a part of the sensor's noise"


def _half_precision(members) -> list[str]:
    """Returns what the export found, a line; none where it did not look."""
    found = {
        member["index"]: member["half_precision"]
        for member in members
        if "half_precision" in member
    }
    if not found:
        return []
    wrong = [
        f"not for member {index}: {'; '.join(one['findings'])}"
        for index, one in found.items()
        if not one["passed"]
    ]
    losses = [
        max(gain["loss_db"], gain["dark_loss_db"])
        for one in found.values()
        for gain in one["gains"]
        if one["passed"]
    ]
    right = [f"costs at most {max(max(losses), 0):.3f} dB"] if losses else []
    said = "; ".join(right + wrong)
    return [f"* **Half-precision arithmetic** (GPUs; CPUs if told to): {said}."]


def members_text(manifest: dict, record: dict) -> str:
    """Returns the card of the Keras members that an array was exported from."""
    name = manifest["name"]
    return "\n".join(
        [
            f"{_MEMBERS_HEADING}{name} array",
            "",
            f"The averaged weights that `../{name}` was exported from, to go "
            "on training: `member_<i>/member.keras` are the specialists, "
            "`shared.keras` is the network for all gains that they started "
            "from.",
            "",
            f"    fanet-train --config=configs/{name}.py:array \\",
            "        --workdir=runs/array \\",
            f"        --config.train.init_from=fanet_tf/zoo/{name}_keras",
            "",
            "The folder is that of the finished run, with its config, so the "
            "array can be exported in other recipes or tiles, and evaluated "
            "in Keras:",
            "",
            f"    fanet-export --workdir=fanet_tf/zoo/{name}_keras "
            "--output=bundle --recipes=float32",
            f"    fanet-evaluate --run=fanet_tf/zoo/{name}_keras "
            "--photos=PHOTOS --output=runs/keras",
            "",
            "Its sources are folders of the machine that trained it. "
            "`--sources` names yours for a recipe that is calibrated (static "
            "int8).",
            "",
            f"Licence: {manifest['licence']}, the project's own. The figures "
            f"below are those of the flatbuffers in `../{name}`; what each "
            f"stage of the training reached is in `results/{name}/README.md` "
            "of the repository.",
            "",
            *_measured(manifest, record),
        ]
    )


def _measured(manifest, record):
    if record is None:
        return []
    return [
        *page.results(record),
        *(page.costs(record["cost"], manifest) if "cost" in record else []),
        *(page.trained(record["training"]) if "training" in record else []),
        *page.limits(manifest["noise"], _realism(record)),
        "`fanet-card` wrote this page from `card.json`, which it measured; no "
        "figure was typed.",
        "",
    ]


def _realism(record) -> str:
    stages = record.get("training")
    if not stages:
        return "none"
    return stages[-1]["config"]["data"].get("realism", "none")


def check(
    folder: pathlib.Path,
    record: dict,
    members: pathlib.Path | None = None,
    overwrite: bool = False,
) -> None:
    """Refuses cards that somebody has written; for before the measuring.

    Args:
        folder: of the bundle.
        record: the figures of `card.json` as it is. A run that was killed may
            have written their card and no manifest.
        members: folder of the Keras members, or None.
        overwrite: replaces any.

    Raises:
        InputError: the bundle's card is not the one of its manifest, or the
            members' is not ours.
    """
    manifest = bundle_reader.read_manifest(folder)
    content = text(manifest, record) if "photographs" in record else ""
    for entry in manifest["files"]:
        if entry["file"] == CARD:
            atomic.check(
                folder / CARD,
                is_ours=_written_as(entry, content),
                overwrite=overwrite,
            )
    if members is not None:
        atomic.check(
            members / CARD, is_ours=_is_members_card, overwrite=overwrite
        )


def _written_as(entry: dict, content: str) -> Callable[[pathlib.Path], bool]:
    """Returns a predicate: a file as a manifest has it, or with a content."""

    def is_ours(path) -> bool:
        return (
            bundle_reader.sha256(path) == entry.get("sha256")
            or path.read_bytes() == content.encode()
        )

    return is_ours


def install_members(
    folder: pathlib.Path, manifest: dict, record: dict, overwrite: bool = False
) -> None:
    """Writes the card of the Keras members.

    Args:
        folder: of the members.
        manifest: of the bundle that they were exported to.
        record: the figures of `card.json`.
        overwrite: replaces somebody else's.
    """
    atomic.write_text(
        folder / CARD,
        members_text(manifest, record),
        is_ours=_is_members_card,
        overwrite=overwrite,
    )


def install(
    folder: pathlib.Path, record: dict, overwrite: bool = False
) -> None:
    """Puts the whole card into a bundle, with its checksum in the manifest.

    The code for apps is written again as well, since `fanet-export --verify`
    asks for the code that the manifest gives today.

    Args:
        folder: of the bundle.
        record: the figures of `card.json`.
        overwrite: replaces texts that were changed since they were written.
    """
    manifest = bundle_reader.read_manifest(folder)
    texts = {
        **selector_code.write(manifest),
        **denoiser_code.write(manifest),
        CARD: text(manifest, record),
    }
    listed = [entry["file"] for entry in manifest["files"]]
    manifest["files"] += [
        {"file": name} for name in texts if name not in listed
    ]
    for entry in manifest["files"]:
        content = texts.get(entry["file"])
        if content is not None:
            atomic.write_text(
                folder / entry["file"],
                content,
                is_ours=_written_as(entry, content),
                overwrite=overwrite,
            )
            entry["sha256"] = bundle_reader.sha256(folder / entry["file"])
            entry["bytes"] = (folder / entry["file"]).stat().st_size
    atomic.write_json(folder / bundle_reader.MANIFEST, manifest, overwrite=True)
    checksums.write(folder)


def _loss(entry):
    if "quality" not in entry:
        return "-"
    gains = entry["quality"]["gains"]
    missed = "" if entry["quality"]["passed"] else ", over its limit"
    return (
        f"{max(g['loss_db'] for g in gains):.3f} "
        f"({max(g['dark_loss_db'] for g in gains):.3f}){missed}"
    )
