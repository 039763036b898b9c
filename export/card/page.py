"""The sections of a model card that show what was measured; Markdown."""

import json

from export.card import conditions
from export.card import tables
from export.card import training
from fanet_tf.evaluation import checks
from fanet_tf.training import journal_file

# What a source of the training configs is, by the last part of its name.
_SOURCES = {
    "cid22_train": ("photographs of CID22, Cloudinary", "CC BY-SA 4.0"),
    "clic_half": ("photographs of CLIC 2025, halved", "Unsplash licence"),
    "linear": ("radiance maps of Poly Haven", "CC0"),
    "bundled": ("photographs of scikit-image and scikit-learn", "free; theirs"),
    "dead_leaves": ("procedural images", "Apache-2.0, this project's"),
}
_NOISE_LIMITS = {
    "none": "* Noise is drawn pixel by pixel, `N(x, a x + b)`, clipped to "
    "0..1: no fixed pattern, row noise, hot pixels, lens shading or rounding "
    "to the sensor's counts.",
    "sensor": "* The tables above but the sensor's have noise that is drawn "
    "pixel by pixel, `N(x, a x + b)`, clipped to 0..1. Training drew more "
    "(`fanet_tf/raw/sensor_presets.py`); no real sensor's fixed pattern was "
    "seen.",
}


def results(evaluation: dict) -> list[str]:
    """Returns what was measured: tables, how to see them again, the checks."""
    lines = []
    photographs = evaluation.get("photographs")
    crops = evaluation.get("crops")
    frame = evaluation.get("frame")
    if photographs:
        data = photographs["data"]
        recipes = ",".join(
            method["method"].rpartition(", ")[2]
            for method in photographs["methods"]
            if method["method"] not in checks.OTHERS
        )
        lines += [
            "## What it reaches",
            "",
            f"Mean over the {data['count']} photographs of `{data['folder']}`, "
            "whole, none of them trained on, turned back to RAW with noise of "
            "the law above at each gain. Classical methods work after the "
            "Anscombe transform and come back through its unbiased inverse.",
            "",
            *tables.main_table(evaluation),
            *tables.by_gain(photographs, "raw_ssim", ".4f", "RAW SSIM at gain"),
            "The same captures, bit for bit:",
            "",
            *tables.command(
                data,
                "--methods=identity,gaussian,nlm",
                f"--recipe={recipes}",
                "--output=runs/evaluation",
            ),
        ]
    if crops:
        data = crops["data"]
        lines += [
            "## Beside BM3D",
            "",
            f"The centre {data['crop']} x {data['crop']} of the first "
            f"{data['count']} photographs, since BM3D takes seconds a crop. "
            "They are captures that training validates on. BM3D is the "
            "authors' package, for non-commercial use only and an extra.",
            "",
            *tables.by_gain(crops, "raw_psnr", ".2f", "RAW PSNR, dB, at gain"),
            *tables.by_gain(crops, "raw_ssim", ".4f", "RAW SSIM at gain"),
            "Where noise that is left shows, RAW PSNR in dB over",
            "",
        ]
        for key, words in tables.REGIONS:
            lines += tables.by_gain(crops, key, ".2f", f"{words}, at gain")
        lines += [
            "Dark is the mean of the four planes; flat, the variance of the "
            "clean frame's square root in windows of 7 x 7.",
            "",
            *tables.command(
                data,
                f"--crop={data['crop']} --limit={data['count']}",
                "--methods=identity,gaussian,nlm,bm3d",
                "--output=runs/beside_bm3d",
            ),
        ]
    if "scenes" in evaluation:
        lines += conditions.scenes(evaluation["scenes"])
    if frame:
        data = frame["data"]
        lines += [
            "## On a real sensor's frame",
            "",
            f"`{data['file']}`, {data['width']} x {data['height']}: one RAW "
            "file of another camera with large smooth areas. What stands for "
            "clean is the file itself, with the noise it has at its base gain; "
            "the noise at each gain is drawn and added, as above. A method "
            "that takes the file's own noise away is charged for it, most at "
            "gain 1.",
            "",
            *tables.by_gain(frame, "raw_psnr", ".2f", "RAW PSNR, dB, at gain"),
            *tables.by_gain(frame, "raw_ssim", ".4f", "RAW SSIM at gain"),
            *tables.by_gain(
                frame, "raw_psnr_flat", ".2f", "its flatter half, dB"
            ),
        ]
    if "sensor" in evaluation:
        lines += conditions.sensor(evaluation["sensor"])
    return lines + _checks(
        ("photographs, whole", photographs),
        ("crops", crops),
        ("real frame", frame),
    )


def _checks(*sets) -> list[str]:
    rows = [
        [where, check.method, check.rule, check.verdict]
        for where, figures in sets
        if figures
        for check in checks.check(figures)
        if check.passed is not None
        or "BM3D" not in check.rule
        or figures["missing"]
    ]
    if not rows:
        return []
    return [
        "## What it had to reach",
        "",
        "Mean RAW PSNR, unrounded; the margin at each gain in dB.",
        "",
        *tables.table("on", ["array", "rule", "outcome"], rows),
    ]


def costs(cost: dict, manifest: dict) -> list[str]:
    """Returns the section on what the array costs."""
    return [
        "## Cost",
        "",
        f"{cost['parameters']:,} parameters a member, "
        f"{len(manifest['members'])} members, {cost['gmacs_per_mp']:.4f} GMACs "
        "per RAW megapixel (the paper's way: convolutions only, halo not "
        "counted); `fanet-cost` lists them layer by layer.",
        "",
    ]


def trained(stages: list[dict]) -> list[str]:
    """Returns the section on training: data, steps, commands, config."""
    last = stages[-1]["config"]
    shares = last["data"]["weights"]
    rows = []
    for source, share in zip(last["data"]["sources"], shares, strict=True):
        name = source.rstrip("/").rpartition("/")[2].partition(":")[0]
        what, licence = _SOURCES.get(name, (source, "not known"))
        rows.append(
            [f"`{source}`", what, licence, f"{share / sum(shares):.0%}"]
        )
    lines = [
        "## Training",
        "",
        *tables.table(
            "source", ["what", "licence", "share of the crops"], rows
        ),
        f"{last['data']['smooth_share']:.0%} of the crops are enlarged or "
        f"defocused{_optics(last['data'])}. None of the pictures is part of "
        "this bundle; the weights are the project's own. Whether the licence "
        "of a training picture reaches the weights is not settled by any "
        "court that we know of. CC BY-SA asks whoever passes an adaptation "
        "on to name the author and to keep the licence; the Unsplash licence "
        "forbids selling its pictures unchanged. Decide for your own use.",
        "",
        *tables.table(
            "stage",
            ["members", "steps each", "batch x patch", "peak rate", "seed"],
            [
                [
                    f"`{stage['workdir']}`",
                    str(stage["config"]["nsma"]["members"]),
                    _steps(stage),
                    f"{stage['config']['data']['batch_size']} x "
                    f"{stage['config']['data']['patch_size']}",
                    f"{stage['config']['train']['learning_rate']:g}",
                    str(stage["config"]["seed"]),
                ]
                for stage in stages
            ],
        ),
        "```sh",
        *(stage["command"] for stage in stages),
        "```",
        "",
        *(
            f"Member {index} is that of `{run}`: the later run did not better "
            "it.\n"
            for index, run in stages[-1].get("kept", {}).items()
        ),
        *(
            f"Member {index} of `{stage['workdir']}`: "
            f"{journal_file.said_change(change)}\n"
            for stage in stages
            for index, changed in stage.get("changed", {}).items()
            for change in changed
        ),
        "<details><summary>Config of the last stage</summary>",
        "",
        "```",
        *(f"{key} = {json.dumps(value)}" for key, value in training.flat(last)),
        "```",
        "",
        "</details>",
        "",
    ]
    return lines


def _steps(stage: dict) -> str:
    """Returns the steps of a member, or of the least and the most trained."""
    steps = stage.get("steps") or [stage["config"]["train"]["steps"]]
    ends = dict.fromkeys((min(steps), max(steps)))
    return " to ".join(f"{number:,}" for number in ends)


def _optics(data: dict) -> str:
    """Says what lens and light did to the crops; an older run drew nothing."""
    blurred, dark = (
        data.get(name, 0.0) for name in ("blur_share", "dark_share")
    )
    if not blurred and not dark:
        return ""
    low, high = data["dark_stops"]
    return (
        f"; a lens blurs {blurred:.0%} of those of photographs, and {dark:.0%} "
        f"are {low:g} to {high:g} stops under"
    )


def limits(noise: dict, realism: str = "none") -> list[str]:
    """Returns the section on what the array cannot be trusted with.

    Args:
        noise: law of the manifest.
        realism: `data.realism` of the training.
    """
    unseen = (
        f"* The noise law is not measured ({noise['status']}): no frame of a "
        f"{noise['sensor']} was seen, in training or here. `fanet-calibrate` "
        "measures yours."
    )
    return [
        "## Known limits",
        "",
        *([] if noise["status"] == "measured" else [unseen]),
        _NOISE_LIMITS["none" if realism == "none" else "sensor"],
        "* Photographs were scaled down before they were turned back to RAW: "
        "they are sharper and busier than a phone's frames.",
        "* Single frames; nothing is known of motion or of video.",
        "* No figure on this page was measured on a phone.",
        "",
    ]
