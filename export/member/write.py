"""Writes one member of a bundle: every recipe, through its gates.

*Parity* (`member.parity`) shows that a flatbuffer computes what it should,
*quality* (`contract.quality`) what it loses on photographs, and *half*
(`contract.half`) what float16 loses where its arithmetic has 16 bits, too. A
recipe that loses more than its limit is left out for that member, unless losses
are allowed, and the manifest says so.
"""

import dataclasses
import functools
import hashlib
import json
import math
import pathlib

import keras
import numpy as np
from absl import logging

from export.contract import golden
from export.contract import half
from export.contract import quality
from export.flatbuffer import convert
from export.flatbuffer import gpu
from export.flatbuffer import graph
from export.flatbuffer import runtime
from export.int8 import float_layers
from export.member.context import ExportContext
from export.member.job import Job
from export.member.parity import Parity
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.errors import InputError
from fanet_tf.files import own_folder


def write_file(folder: pathlib.Path, name: str, content: bytes) -> dict:
    """Writes a file and returns its entry in the manifest."""
    own_folder.create(folder / name, content)
    return {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


def context_of(
    job: Job, trained: keras.Model, index: int, a_range: list[float]
) -> ExportContext:
    """Returns a trained member at the size of the bundle's tiles.

    Args:
        job: what it shares with the other members.
        trained: has the weights.
        index: of the member.
        a_range: its subrange.
    """
    return ExportContext(
        lambda *size: convert.static_member(
            trained, job.config.model.to_dict(), *size, job.options.group_form
        ),
        job.size,
        job.config.model.transform,
        job.data.of_member(index, a_range),
    )


def golden_of(job: Job, index: int, a_range: list[float]) -> golden.Golden:
    """Returns a member's golden tile, with noise of the middle of its range.

    Args:
        job: what it shares with the other members.
        index: of the member.
        a_range: its subrange.
    """
    a = math.sqrt(a_range[0] * a_range[1])  # In log a.
    b = _b(job, a)
    noisy = golden.noisy_tile(a, b, index, job.below_black)
    return golden.Golden(noisy, 1.0 / a, b / a**2)


def _b(job, a) -> float:
    return float(job.profile.b(job.profile.gain(a)))


def write(
    job: Job,
    context: ExportContext,
    index: int,
    a_range: list[float],
    halo: dict,
) -> dict:
    """Writes the flatbuffers and golden tiles of a member.

    Args:
        job: what it shares with the other members.
        context: the member.
        index: of the member.
        a_range: its subrange, as float32 holds it.
        halo: its entry in the manifest, see `contract.halo.record`.

    Returns:
        Its entry in the manifest.

    Raises:
        ParityError: a flatbuffer does not compute what the member computes.
        InputError: no recipe passes the quality gate.
    """
    record, inputs = _begin(job, context, index, a_range, halo)
    omitted = []
    parity = Parity(context, inputs, index)

    @functools.cache
    def reference() -> quality.Reference:
        run = context.runner(context.float32)
        return job.gate.reference(run, a_range, *job.size)

    for recipe in job.options.recipes:
        job.bar.at(index, recipe.name)
        logging.info("Member %d: %s", index, recipe.name)
        flatbuffer = recipe.convert(context)
        run = context.runner(flatbuffer, recipe.core)
        denoised = run(inputs)
        entry = {
            "about": recipe.about,
            "parity": parity.check(recipe, flatbuffer, denoised),
        }
        if recipe.quality_limit is not None:
            losses = reference().losses(run)
            entry["quality"] = quality.record(losses, recipe.quality_limit)
            _log(losses)
        if recipe.staged:
            entry["steps"] = _stages(context, reference(), recipe)
        reasons = _reasons(entry)
        if recipe.half:
            record["half_precision"] = half.record(
                flatbuffer,
                reference(),
                a_range,
                functools.partial(_b, job),
                record["gpu_delegate"]["largest_activation"],
            )
            found = record["half_precision"]["findings"]
            reasons += [f"in half precision {reason}" for reason in found]
        if not reasons or job.options.allow_quality_loss:
            _save(job, record, recipe, flatbuffer, entry)
            _save_golden(job, record, recipe, denoised)
        else:
            logging.warning(
                "Member %d is left out in %s: %s.",
                index,
                recipe.name,
                "; ".join(reasons),
            )
            record["omitted"][recipe.name] = entry
            omitted.append(f"{recipe.name} ({'; '.join(reasons)})")
        job.bar.update()
    if not record["recipes"]:
        raise InputError(
            f"Member {index} must pass the quality gate in one recipe. "
            f"Received: {', '.join(omitted)}; --allow_quality_loss writes it "
            "all the same"
        )
    return record


def _reasons(entry) -> list[str]:
    """Returns why a recipe does not pass the quality gate; empty if it does."""
    found = entry.get("quality", {"passed": True})
    if found["passed"]:
        return []
    worst = max(max(g["loss_db"], g["dark_loss_db"]) for g in found["gains"])
    return [f"it loses {worst:.2f} dB, more than {found['limit_db']:g}"]


def _begin(job, context, index, a_range, halo) -> tuple[dict, dict]:
    """Writes the golden input; returns an entry without recipes, and inputs."""
    tile = golden_of(job, index, a_range)
    # The scale is largest at the low end of the subrange.
    low = a_range[0]
    largest = dataclasses.replace(
        tile, scale=1.0 / low, offset=_b(job, low) / low**2
    )
    record = {
        "index": index,
        "a_range": list(a_range),
        "gain_range": [float(job.profile.gain(x)) for x in a_range],
        "transform": context.transform,
        "below_black": job.below_black,
        "parameters": int(context.member.count_params()),
        "tile": job.tile,
        "halo": halo,
        "recipes": {},
        "core": {},
        "omitted": {},
        "golden": {
            "noisy": f"golden/member_{index}_noisy.npy",
            "scale": tile.scale,
            "offset": tile.offset,
            "crop": list(golden.crop_of(*job.size)),
            "denoised": {},
        },
        "gpu_delegate": gpu.report(context.float32, largest.inputs(*job.size)),
    }
    own_folder.create_array(job.folder / record["golden"]["noisy"], tile.noisy)
    return record, tile.inputs(*job.size)


def _log(losses):
    listed = ", ".join(
        f"{x.all_db:z.3f} dB ({x.dark_db:z.3f} in the dark) at gain {x.gain:g}"
        for x in losses
    )
    logging.info("  loses %s", listed)


def _stages(context, reference, recipe) -> list[dict]:
    """Returns the manifest's entries of the stages towards the integers."""
    counts = float_layers.convolution_macs(context.float32)
    entries = []
    for stage in context.stages:
        run = context.runner(stage.integers(context.float32))
        measured = quality.record(reference.losses(run), recipe.quality_limit)
        share = float_layers.share(counts, stage.float_layers)
        entries.append(
            {
                "step": stage.name,
                "float_layers": list(stage.float_layers),
                "float_share": round(share, 4),
                "crops_loss_db": round(stage.crops_db, 4),
                "gains": measured["gains"],
            }
        )
    return entries


def _save_golden(job, record, recipe, denoised) -> None:
    """Writes the crop of the golden output that a recipe gives."""
    name = f"golden/member_{record['index']}_{recipe.name}.npy"
    crop = golden.crop_output(denoised, record["golden"]["crop"])
    own_folder.create_array(job.folder / name, crop)
    record["golden"]["denoised"][recipe.name] = name


def _save(job, record, recipe, flatbuffer, entry) -> None:
    """Writes a flatbuffer with its metadata, and enters it in the record."""
    index = record["index"]
    metadata = {
        "schema_version": bundle_reader.SCHEMA_VERSION,
        "name": job.options.name,
        "licence": "Apache-2.0",
        "packing": "NHWC; R, Gr, Gb, B; 0 = black, 1 = white",
        "inputs": "scale = 1/a, offset = b/a^2; Var[y|x] = a x + b",
        "member": index,
        "recipe": recipe.name,
        **{
            name: record[name]
            for name in ("a_range", "transform", "below_black", "tile")
        },
    }
    content = json.dumps(metadata, separators=(",", ":")).encode()
    shipped = graph.add_metadata(flatbuffer, graph.METADATA, content)
    runner = runtime.Runner(shipped)
    name = f"member_{index}_{recipe.name}.tflite"
    record["core" if recipe.core else "recipes"][recipe.name] = {
        **write_file(job.folder, name, shipped),
        "bytes_per_parameter": round(len(shipped) / record["parameters"], 3),
        "inputs": [_tensor(n, d) for n, d in runner.inputs.items()],
        "outputs": [_tensor(n, d) for n, d in runner.outputs.items()],
        "undelegated": runtime.undelegated(shipped),
        **entry,
    }


def _tensor(name, detail) -> dict:
    entry = {
        "name": name,
        "shape": [int(n) for n in detail["shape"]],
        "dtype": np.dtype(detail["dtype"]).name,
    }
    if detail["quantization"][0]:
        scale, zero = detail["quantization"]
        entry.update(scale=float(scale), zero_point=int(zero))
    return entry
