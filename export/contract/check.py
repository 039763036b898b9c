"""Checks a bundle: nothing changed, all there, and it computes what it did.

In this order, so that a changed byte is named before anything reads it: the
checksums of every file; the manifest against its schema; everything that is
written down twice (the manifest's checksums, the metadata of each flatbuffer,
the selectors); every flatbuffer on its golden tile.
"""

import json
import pathlib

import numpy as np

from export.contract import checksums
from export.contract import denoiser_code
from export.contract import golden
from export.contract import halo
from export.contract import selector
from export.contract import selector_code
from export.flatbuffer import core as core_lib
from export.flatbuffer import graph
from export.flatbuffer import runtime
from fanet_tf.denoising import agreement
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.errors import InputError
from fanet_tf.files import npy

_WITHOUT_INTEGERS = ("float32", "float16")
_HALO_SLACK = 1.1  # For a recipe of half precision, and another runtime.
_MOST_VALUES = 1 << 20  # Of a golden file.


def check(bundle: str | pathlib.Path) -> dict[str, int]:
    """Checks a bundle.

    Args:
        bundle: its folder, or the name of a shipped one.

    Returns:
        The numbers of members, flatbuffers and files that were checked.

    Raises:
        InputError: names the file, and what is wrong with it.
    """
    folder = bundle_reader.locate(bundle)
    if not folder.is_dir():
        raise InputError(f"A bundle must be a folder. Received: {folder}")
    files = checksums.check(folder)
    manifest = bundle_reader.load(folder).manifest
    _check_digests(folder, manifest)
    _check_selectors(folder, manifest)
    flatbuffers = 0
    for member in manifest["members"]:
        for recipe, entry in {**member["recipes"], **member["core"]}.items():
            _check_flatbuffer(folder, member, recipe, entry)
            flatbuffers += 1
        _check_halo(folder, member)
    return {
        "members": len(manifest["members"]),
        "flatbuffers": flatbuffers,
        "files": files,
    }


def _check_digests(folder, manifest):
    entries = [manifest["selector"], *manifest["files"]]
    for member in manifest["members"]:
        entries += [*member["recipes"].values(), *member["core"].values()]
    for entry in entries:
        path = folder / entry["file"]
        if not path.is_file():
            raise InputError(f"{path}: is missing.")
        if bundle_reader.sha256(path) != entry["sha256"]:
            raise InputError(
                f"{path}: its SHA-256 must be the one in the manifest."
            )


def _check_selectors(folder, manifest):
    entry, noise = manifest["selector"], manifest["noise"]
    path = folder / entry["file"]
    runner = runtime.Runner(path.read_bytes())
    for vector in entry["test_vectors"]:
        gain = np.float32([vector["gain"]])
        ours = selector.select(gain[0], noise, entry["edges"])
        theirs = runner({"gain": gain})
        for name in ("a", "b", "scale", "offset", "member"):
            values = (ours[name], float(np.ravel(theirs[name])[0]))
            if not np.allclose(values, vector[name], rtol=1e-6, atol=0.0):
                raise InputError(
                    f"{path}: `{name}` at gain {vector['gain']:g} must be "
                    f"{vector[name]:g} (the manifest). Received: "
                    f"{values[0]:g} in numpy, {values[1]:g} in the flatbuffer"
                )
    hysteresis = entry["hysteresis"]
    for vector in hysteresis["test_vectors"]:
        member = selector.member(
            vector["a"],
            entry["edges"],
            vector["previous"],
            hysteresis["factor"],
        )
        if member != vector["member"]:
            raise InputError(
                f"{folder / bundle_reader.MANIFEST}: the hysteresis must give "
                f"{member}. Received: {vector}"
            )
    brightness = entry.get("signal", {"test_vectors": []})
    for vector in brightness["test_vectors"]:
        choice = selector.from_noise(vector["a"], 0.0, entry["edges"])
        found = selector.at_signal(
            choice, vector["signal"], brightness["reference"], entry["edges"]
        )["member"]
        if vector["member"] != found:
            raise InputError(
                f"{folder / bundle_reader.MANIFEST}: the signal must give "
                f"member {found}. Received: {vector}"
            )
    texts = {**selector_code.write(manifest), **denoiser_code.write(manifest)}
    for name, text in texts.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: is missing.")
        if path.read_text(encoding="utf-8") != text:
            raise InputError(
                f"{folder / name}: must be what the manifest gives."
            )


def _check_flatbuffer(folder, member, recipe, entry):
    path = folder / entry["file"]
    content = path.read_bytes()
    _check_essentials(path, content, member, recipe)
    record, inputs = member["golden"], _golden_inputs(folder, member)
    runner = runtime.Runner(content)
    expected = {i["name"] for i in entry["inputs"]}
    if set(runner.inputs) != expected:
        raise InputError(
            f"{path}: its inputs must be {sorted(expected)}. "
            f"Received: {sorted(runner.inputs)}"
        )
    _check_steps(path, entry, runner)
    if core_lib.is_core(runner.inputs):
        denoised = core_lib.around(runner, inputs, member["transform"])
    else:
        denoised = runner(inputs)[runtime.OUTPUT]
    crop = golden.crop_output(denoised, record["crop"])
    name = record["denoised"][recipe]
    golden_crop = npy.read(folder / name, _MOST_VALUES)
    # The same runtime gives the same bits; another one rounds differently.
    limits = agreement.limits(recipe)
    found = agreement.difference(
        crop, golden_crop, record["scale"], record["offset"]
    )
    if not found.within(limits):
        raise InputError(
            f"{path}: must give {name} within {limits}. Received: {found}"
        )


def _check_steps(path, entry, runner):
    """Refuses integers whose steps are not the manifest's: apps read it."""
    details = {**runner.inputs, **runner.outputs}
    for tensor in (*entry["inputs"], *entry["outputs"]):
        name = tensor["name"]
        given = (tensor.get("scale", 0.0), tensor.get("zero_point", 0))
        found = details[name]["quantization"]
        if not np.allclose(given, found, rtol=1e-6, atol=0.0):
            raise InputError(
                f"{path}: `{name}` must have the scale and the zero point "
                f"{given} (the manifest). Received: {found}"
            )


def _golden_inputs(folder, member):
    record, tile = member["golden"], member["tile"]
    noisy = npy.read(folder / record["noisy"], _MOST_VALUES)
    whole = golden.Golden(noisy, record["scale"], record["offset"])
    return whole.inputs(tile["height"], tile["width"])


def _check_halo(folder, member):
    """Measures the halo again, on the golden tile."""
    record, tile = member.get("halo"), member["tile"]
    if record is None or tile["halo"] >= record["exact"]:
        return
    recipe = next(
        (r for r in _WITHOUT_INTEGERS if r in member["recipes"]), None
    )
    if recipe is None:  # Rounding differs from place to place, edge or none.
        return
    path = folder / member["recipes"][recipe]["file"]
    rows = halo.measure(
        runtime.denoiser(path.read_bytes()),
        [_golden_inputs(folder, member)],
        tile["stride"],
        record["exact"],
    )
    limit = _HALO_SLACK * record["tolerance"]
    chosen = [row for row in rows if row.halo == tile["halo"]]
    if not chosen or not chosen[0].within(limit):
        raise InputError(
            f"{path}: a halo of {tile['halo']} must err by at most {limit:g} "
            f"deviations of the noise. Received: {chosen}"
        )


def _check_essentials(path, content, member, recipe):
    found = graph.metadata(content, graph.METADATA)
    if found is None:
        raise InputError(f"{path}: must hold metadata {graph.METADATA}.")
    essentials = json.loads(found)
    wanted = {
        "member": member["index"],
        "recipe": recipe,
        "a_range": member["a_range"],
        "transform": member["transform"],
        "below_black": member.get("below_black"),  # Absent in older bundles.
        "tile": member["tile"],
    }
    for name, value in wanted.items():
        if essentials.get(name) != value:
            raise InputError(
                f"{path}: its metadata's `{name}` must be {value!r} (the "
                f"manifest). Received: {essentials.get(name)!r}"
            )
