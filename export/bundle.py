"""Writes a bundle, the folder that `docs/bundle.md` describes.

It appears when every check has passed, so a bundle is complete or not there.
"""

import dataclasses
import importlib.metadata
import json
import pathlib
from typing import Any

import keras
import numpy as np
from absl import logging
from ml_collections import ConfigDict

from export.card import model_card
from export.contract import checksums
from export.contract import denoiser_code
from export.contract import halo as halo_lib
from export.contract import quality
from export.contract import selector
from export.contract import selector_code
from export.int8 import calibration
from export.member import write as member_writer
from export.member.bar import ExportBar
from export.member.job import Job
from export.member.job import Options
from export.member.parity import ParityError
from fanet_tf import models
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera
from fanet_tf.data import evaluation_sets
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising import tiles
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import folders
from fanet_tf.files import own_folder
from fanet_tf.models import receptive
from fanet_tf.training import members as members_lib
from fanet_tf.training import run_folder
from fanet_tf.training.feed import synthesis

__all__ = ["Options", "ParityError", "write"]

_TOOLS = (
    "fanet-tf",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "numpy",
)


def write(
    workdir: str | pathlib.Path, output: str | pathlib.Path, options: Options
) -> pathlib.Path:
    """Exports the trained array of a run.

    Args:
        workdir: folder of a finished run.
        output: folder of the bundle. A bundle that is there is replaced,
            anything else is refused.
        options: of the export.

    Returns:
        The folder of the bundle.

    Raises:
        InputError: the run is not finished, the tile is impossible, the
            profile does not cover the members, no recipe of a member passes
            the quality gate, or `output` is in use or somebody else's.
        ParityError: a flatbuffer does not compute what its member computes.
    """
    output = atomic.resolve(output)
    config = _config(workdir, options)
    trained = _trained_members(workdir, config)
    edges = _edges(record for _, record in trained)
    with (
        folders.replacing(
            output, checksums.is_part, bundle_reader.read_manifest
        ) as folder,
        ExportBar(len(trained), len(options.recipes)) as bar,
    ):
        job = _job(folder, options, config, bar)
        _check_covered(job.profile, edges)
        own_folder.create_folder(folder / "golden")
        manifest = _manifest(job, edges)
        manifest["members"] = _members(job, trained)
        manifest["tiling"] = _tiling(manifest["members"])
        _write_texts(folder, manifest)
        checksums.write(folder)
    return output


def _members(job, trained) -> list[dict[str, Any]]:
    """Writes the members; returns their entries in the manifest."""
    ranges = [_edges([record]) for _, record in trained]
    contexts = [
        member_writer.context_of(job, member, record["index"], a_range)
        for (member, record), a_range in zip(trained, ranges, strict=True)
    ]
    reach, tolerance = job.tile["halo"], job.options.halo_tolerance
    tables = [
        _halo_table(job, context, index, a_range)
        for index, (context, a_range) in enumerate(
            zip(contexts, ranges, strict=True)
        )
    ]
    # One for all, so that a frame's tiles lie alike whatever its noise.
    halo = exact = halo_lib.exact(tables, reach)
    if tolerance is not None:
        halo = halo_lib.choose(tables, tolerance, exact)
    halo_lib.check(tables, halo, tolerance)
    job = dataclasses.replace(job, tile={**job.tile, "halo": halo})
    _check_tile(job.tile)
    logging.info("Halo: %d of %d packed pixels", halo, exact)
    return [
        member_writer.write(
            job,
            contexts[index],
            index,
            ranges[index],
            halo_lib.record(table, tolerance, exact),
        )
        for index, table in enumerate(tables)
    ]


def _halo_table(job, context, index, a_range) -> list[halo_lib.Row]:
    """Measures halos on photographs, and on the tile that is checked later."""
    job.bar.at(index)
    golden = member_writer.golden_of(job, index, a_range)
    frames = job.gate.frames(a_range, *job.size)
    table = halo_lib.measure(
        context.runner(context.float32),
        [*frames, golden.inputs(*job.size)],
        job.tile["stride"],
    )
    job.bar.update()
    return table


def _config(workdir, options) -> ConfigDict:
    """Returns the config of a run, with what the options change of it."""
    config = run_folder.read_config(workdir)
    if options.profile:
        config.data.profile = options.profile
    if options.sources:
        config.data.sources = tuple(options.sources)
        config.data.weights = (1.0,) * len(options.sources)
    return config


def _job(folder, options, config, bar) -> Job:
    stride, halo = _exact_halo(config)
    if options.tile % stride:
        raise InputError(
            f"`tile` must be a multiple of {stride}. Received: {options.tile}"
        )
    profile = profile_lib.load(config.data.profile)
    photographs = evaluation_sets.clean_scenes(
        options.photographs,
        camera.get(config.data.camera),
        options.photographs_limit,
    )
    return Job(
        folder,
        options,
        config,
        profile,
        {
            "height": options.tile,
            "width": options.tile,
            "halo": halo,
            "stride": stride,
        },
        calibration.Data(config, options.calibration),
        quality.Gate(
            photographs,
            profile,
            config.validation.gains,
            synthesis.below_black(config.data),
        ),
        bar,
    )


def _check_tile(tile: dict[str, int]) -> None:
    if tile["height"] <= 2 * tile["halo"]:
        raise InputError(
            f"`tile` must be above twice the halo {tile['halo']}. "
            f"Received: {tile['height']}"
        )


def _manifest(job: Job, edges) -> dict[str, Any]:
    """Returns the manifest but for the members and the files."""
    noise = _noise_law(job.profile)
    return {
        "schema_version": bundle_reader.SCHEMA_VERSION,
        "name": job.options.name,
        "licence": "Apache-2.0",
        "made_by": _versions(),
        "packing": {
            "layout": "NHWC",
            "order": ["R", "Gr", "Gb", "B"],
            "phase": "RGGB",
            "black": 0.0,
            "white": 1.0,
        },
        "group_form": job.options.group_form,
        "noise": noise,
        "calibration": job.data.record(),
        "quality": {
            "photographs": job.gate.names,
            "measure": "RAW PSNR in dB, float32 less recipe",
        },
        "selector": _write_selector(
            job.folder,
            noise,
            edges,
            job.data.config.nsma.get("reference_signal", 0.0),
        ),
    }


def _tiling(members) -> dict[str, Any]:
    """Returns how tiles lie on a frame; `fanet_tf/denoising/tiles.py` does it.

    The members have one tile.
    """
    tile = members[0]["tile"]
    return {
        "mirrored": tiles.margin(tile["halo"], tile["stride"]),
        "mirror": "about_outer_pixel",
        "last_tile": "ends_with_padded_frame",
        "small_frame": "mirrored_to_a_tile",
    }


def _check_covered(profile, edges):
    """Refuses a noise law that ends inside of the members' subranges."""
    low, high = (float(profile.a(gain)) for gain in profile.gain_range)
    if low > edges[0] * (1 + 1e-3) or high < edges[-1] * (1 - 1e-3):
        raise InputError(
            "The noise profile must cover the members' subranges, "
            f"a = {edges[0]:g} to {edges[-1]:g}. Received: {profile.sensor}, "
            f"{low:g} to {high:g}"
        )


def _write_texts(folder, manifest):
    """Writes the texts for people, then the manifest with their checksums."""
    texts = {
        **selector_code.write(manifest),
        **denoiser_code.write(manifest),
        "README.md": model_card.text(manifest),
        "LICENSE": model_card.licence(),
    }
    manifest["files"] = [
        member_writer.write_file(folder, name, text.encode())
        for name, text in texts.items()
    ]
    text = json.dumps(manifest, indent=2) + "\n"
    own_folder.create(folder / bundle_reader.MANIFEST, text)


def _trained_members(workdir, config) -> list[tuple[keras.Model, dict]]:
    """Returns each member with its record, in order."""
    members = []
    for index in range(config.nsma.members):
        folder = run_folder.member_folder(workdir, index)
        if not run_folder.is_finished(workdir, index):
            raise InputError(
                f"{folder}: must hold a finished member (member.json, "
                "member.keras); fanet-train makes it. Received: none"
            )
        record = json.loads((folder / "member.json").read_text("utf-8"))
        steps = record.get("steps", config.train.steps)
        if steps < config.train.steps:
            logging.warning(
                "%s: member.keras has %d steps; its run goes on to %d.",
                folder,
                steps,
                config.train.steps,
            )
        trained = members_lib.load(folder / "member.keras")
        members.append((trained, record))
    return members


def _exact_halo(config) -> tuple[int, int]:
    """Returns the stride of a network and the halo of its tiles."""
    stride = models.stride(**config.model.to_dict())

    def core(height, width):
        # The transform at both ends looks at one pixel at a time.
        member = members_lib.build(
            config.model, height, width, group_form="native"
        )
        return member.get_layer("core")

    reach = receptive.radius(core, stride)
    return stride, receptive.halo(reach, stride)


def _edges(records) -> list[float]:
    """Returns the subranges' edges, rounded to float32.

    Otherwise an `a` that an app computes in float32 could fall on the other
    side of an edge than ours in float64: gain 8 of the IMX258 lies on one.
    """
    records = list(records)
    edges = [records[0]["a_range"][0], *(r["a_range"][1] for r in records)]
    return [float(np.float32(edge)) for edge in edges]


def _noise_law(profile) -> dict[str, Any]:
    return {
        "law": "Var[y|x] = a x + b",
        "sensor": profile.sensor,
        "status": profile.status,
        "gain_range": list(profile.gain_range),
        "base_iso": profile.base_iso,
        "a_coefficients": list(profile.a_coefficients),
        "b_coefficients": list(profile.b_coefficients),
    }


def _versions() -> dict[str, str]:
    versions = {}
    for tool in _TOOLS:
        try:
            versions[tool] = importlib.metadata.version(tool)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _write_selector(folder, noise, edges, reference) -> dict[str, Any]:
    record = member_writer.write_file(
        folder, "selector.tflite", selector.flatbuffer(noise, edges)
    )
    entry = {
        **record,
        "variable": "a",
        "edges": edges,
        "hysteresis": selector.hysteresis(edges),
        "test_vectors": selector.test_vectors(noise, edges),
    }
    if reference:
        entry["signal"] = selector.signal(noise, edges, reference)
    return entry
