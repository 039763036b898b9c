"""The texts of a bundle for people: a model card, and the licence."""

import importlib.metadata
import pathlib

_SOURCE = pathlib.Path(__file__).parents[1] / "LICENSE"


def licence() -> str:
    """Returns the licence's text: of the checkout, or of the installation."""
    if _SOURCE.is_file():
        return _SOURCE.read_text(encoding="utf-8")
    for file in importlib.metadata.files("fanet-tf") or []:
        if file.name == "LICENSE":
            return file.read_text(encoding="utf-8")
    raise FileNotFoundError("The licence must ship with fanet-tf.")


def text(manifest) -> str:
    """Returns the model card, Markdown, of a manifest."""
    noise = manifest["noise"]
    low, high = noise["gain_range"]
    members = manifest["members"]
    tile = members[0]["tile"]
    lines = [
        f"# {manifest['name']}",
        "",
        f"RAW denoising for {noise['sensor']}: {len(members)} Feature-Align "
        "networks, each for a part of the sensor's noise. "
        "`manifest.json` is authoritative; this page is for people.",
        "",
        f"* **Noise law**: `Var[y|x] = a x + b`, gains {low:g} to {high:g}, "
        f"status: {noise['status']}.",
        "* **Input**: packed planes R, Gr, Gb, B, float32, 0 = black, 1 = "
        f"white; {tile['height']} x {tile['width']}, of which the outer "
        f"{tile['halo']} are thrown away inside a frame. `scale` = 1/a, "
        "`offset` = b/a^2.",
        "* **Output**: `denoised`, as the input; may leave 0..1 a little.",
        "* **Member**: `NsmaSelector.kt`, `nsma_selector.h` or "
        "`selector.tflite`, from the gain, the ISO or SENSOR_NOISE_PROFILE.",
        "* **Trained on**: photographs turned back to RAW with synthetic "
        "noise of that law. **Not for**: other sensors' noise, RGB input, "
        "motion, hot pixels.",
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
    return "\n".join(lines)


def _loss(entry):
    if "quality" not in entry:
        return "-"
    gains = entry["quality"]["gains"]
    missed = "" if entry["quality"]["passed"] else ", over its limit"
    return (
        f"{max(g['loss_db'] for g in gains):.3f} "
        f"({max(g['dark_loss_db'] for g in gains):.3f}){missed}"
    )
