"""Writes a bundle, the folder that `docs/bundle.md` describes.

Made beside its place and renamed when every check has passed: a bundle is
whole or not there.
"""

import hashlib
import importlib.metadata
import json
import math
import pathlib
import shutil

import keras
import numpy as np
from absl import logging

from export import convert
from export import golden
from export import runtime
from export import selector
from fanet_tf import bundle as bundle_reader
from fanet_tf import models
from fanet_tf import train
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.errors import InputError
from fanet_tf.models import receptive

_TOOLS = (
    "fanet-tf",
    "keras",
    "tensorflow-cpu",
    "tensorflow",
    "ai-edge-litert",
    "ai-edge-quantizer",
    "numpy",
)


class ParityError(InputError):
    """A flatbuffer does not compute what its Keras member computes."""


def write(
    workdir,
    output,
    recipes,
    tile: int,
    name: str,
    group_form: str = "native",
) -> pathlib.Path:
    """Exports the trained array of a run.

    Args:
        workdir: folder of a finished run.
        output: folder of the bundle; replaced if it holds a bundle already.
        recipes: list of `recipes.Recipe`.
        tile: height and width of the members' input, in packed pixels.
        name: of the bundle.
        group_form: see `convert.GROUP_FORMS`.

    Raises:
        InputError: an unfinished run, an impossible tile, a folder in the way.
        ParityError: a flatbuffer differs from Keras by more than its limit.
    """
    output = pathlib.Path(output)
    if output.exists() and not (output / bundle_reader.MANIFEST).exists():
        raise InputError(
            f"{output}: must not exist, or be a bundle to replace. "
            "Received: something else"
        )
    config = train.read_config(workdir)
    members = _trained_members(workdir, config)
    stride, halo = _halo(config)
    if tile % stride or tile <= 2 * halo:
        raise InputError(
            f"`tile` must be a multiple of {stride} above twice the halo "
            f"{halo}. Received: {tile}"
        )
    profile = profile_lib.load(config.data.profile)
    noise = _noise_law(profile)
    edges = _edges(record for _, record in members)

    beside = output.with_name(f".{output.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "golden").mkdir(parents=True)
    try:
        manifest = {
            "schema_version": bundle_reader.SCHEMA_VERSION,
            "name": name,
            "licence": "Apache-2.0",
            "made_by": _versions(),
            "packing": {
                "layout": "NHWC",
                "order": ["R", "Gr", "Gb", "B"],
                "phase": "RGGB",
                "black": 0.0,
                "white": 1.0,
            },
            "noise": noise,
            "selector": _write_selector(beside, noise, edges),
            "members": [
                _write_member(
                    beside,
                    trained,
                    record,
                    config,
                    profile,
                    recipes,
                    {
                        "height": tile,
                        "width": tile,
                        "halo": halo,
                        "stride": stride,
                    },
                    group_form,
                )
                for trained, record in members
            ],
        }
        text = json.dumps(manifest, indent=2) + "\n"
        (beside / bundle_reader.MANIFEST).write_text(text, encoding="utf-8")
        _write_sums(beside)
        if output.exists():
            shutil.rmtree(output)
        beside.rename(output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return output


def _trained_members(workdir, config):
    """Returns `(keras.Model, record)` of each member, in order."""
    members = []
    for index in range(config.nsma.members):
        folder = train.member_folder(workdir, index)
        if not train.is_finished(workdir, index):
            raise InputError(
                f"{folder}: must hold a finished member (member.json, "
                "member.keras); fanet-train makes it. Received: none"
            )
        record = json.loads((folder / "member.json").read_text("utf-8"))
        trained = keras.models.load_model(
            folder / "member.keras", compile=False
        )
        members.append((trained, record))
    return members


def _halo(config):
    stride = models.stride(**config.model.to_dict())

    def core(height, width):
        # The transform at both ends looks at one pixel at a time.
        member = train.build_member(config, height, width, group_form="native")
        return member.get_layer("core")

    reach = receptive.radius(core, stride)
    return stride, receptive.halo(reach, stride)


def _edges(records):
    """Returns the subranges' edges, as float32 holds them.

    Else an `a` computed in float32 by an app and in float64 by us could fall
    on different sides of an edge: gain 8 lies on the middle one of the IMX258.
    """
    records = list(records)
    edges = [records[0]["a_range"][0], *(r["a_range"][1] for r in records)]
    return [float(np.float32(edge)) for edge in edges]


def _noise_law(profile):
    return {
        "law": "Var[y|x] = a x + b",
        "sensor": profile.sensor,
        "status": profile.status,
        "gain_range": list(profile.gain_range),
        "a_coefficients": list(profile.a_coefficients),
        "b_coefficients": list(profile.b_coefficients),
    }


def _versions():
    versions = {}
    for tool in _TOOLS:
        try:
            versions[tool] = importlib.metadata.version(tool)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _write_file(folder, name, content: bytes):
    (folder / name).write_bytes(content)
    return {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
    }


def _write_selector(folder, noise, edges):
    record = _write_file(
        folder, "selector.tflite", selector.flatbuffer(noise, edges)
    )
    return {
        **record,
        "variable": "a",
        "edges": edges,
        "test_vectors": selector.test_vectors(noise, edges),
    }


def _write_member(
    folder, trained, record, config, profile, recipes, tile, group_form
):
    index = record["index"]
    height, width = tile["height"], tile["width"]
    model_config = config.model.to_dict()
    static = convert.static_member(
        trained, model_config, height, width, group_form
    )
    # The middle of the subrange, in log a.
    a = math.sqrt(record["a_range"][0] * record["a_range"][1])
    b = float(profile.b(profile.gain(a)))
    noisy = golden.noisy_tile(a, b, index)
    np.save(folder / f"golden/member_{index}_noisy.npy", noisy)
    crop = golden.crop_of(height, width)
    inputs = {
        "noisy": golden.fill(noisy, height, width),
        "scale": np.full((1, 1, 1, 1), 1.0 / a, np.float32),
        "offset": np.full((1, 1, 1, 1), b / a**2, np.float32),
    }
    expected = keras.ops.convert_to_numpy(static(inputs, training=False))
    entries, outputs = {}, {}
    for recipe in recipes:
        logging.info("Member %d: %s", index, recipe.name)
        flatbuffer = recipe.convert(static)
        denoised = runtime.run(flatbuffer, inputs)[convert.OUTPUT]
        error = float(np.max(np.abs(denoised - expected)))
        # Written so that NaN fails as well.
        if not error <= recipe.parity_limit:
            raise ParityError(
                f"Member {index} in {recipe.name} must agree with Keras "
                f"within {recipe.parity_limit:g} of the 0..1 range. "
                f"Received: {error:g}"
            )
        entries[recipe.name] = {
            **_write_file(
                folder, f"member_{index}_{recipe.name}.tflite", flatbuffer
            ),
            "inputs": [_tensor(n, inputs[n]) for n in convert.INPUTS],
            "outputs": [_tensor(convert.OUTPUT, denoised)],
            "parity": {"max_abs_error": error, "limit": recipe.parity_limit},
            "undelegated": runtime.undelegated(flatbuffer),
        }
        outputs[recipe.name] = f"golden/member_{index}_{recipe.name}.npy"
        np.save(folder / outputs[recipe.name], golden.cut(denoised, crop))
    return {
        "index": index,
        "a_range": _edges([record]),
        "gain_range": [float(profile.gain(x)) for x in record["a_range"]],
        "transform": model_config["transform"],
        "tile": tile,
        "recipes": entries,
        "golden": {
            "noisy": f"golden/member_{index}_noisy.npy",
            "scale": 1.0 / a,
            "offset": b / a**2,
            "crop": list(crop),
            "denoised": outputs,
        },
    }


def _tensor(name, array):
    return {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}


def _write_sums(folder):
    """Writes SHA256SUMS over every other file, as `sha256sum -c` reads it."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    lines = [
        f"{bundle_reader.sha256(p)}  {p.relative_to(folder).as_posix()}\n"
        for p in files
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
