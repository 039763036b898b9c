"""Writes a bundle, the folder that `docs/bundle.md` describes.

Made beside its place and renamed when every check has passed: a bundle is
whole or not there.
"""

import importlib.metadata
import json
import pathlib
import shutil

import keras
import numpy as np

from export.card import model_card
from export.contract import checksums
from export.contract import quality
from export.contract import selector
from export.contract import selector_code
from export.int8 import calibration
from export.member import recipes as recipes_lib
from export.member import write as member_writer
from export.member.write import ParityError
from fanet_tf import models
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.errors import InputError
from fanet_tf.models import receptive
from fanet_tf.training import train
from fanet_tf.training.feed import synthesis

__all__ = ["ParityError", "write"]

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
    workdir,
    output,
    recipes,
    tile: int,
    name: str,
    group_form: str = "native",
    photographs: str = "held_back",
    photographs_limit: int = 12,
    quality_limits: dict[str, float] | None = None,
    allow_quality_loss: bool = False,
    calibrate: calibration.Settings | None = None,
    sources: tuple[str, ...] = (),
    profile: str = "",
) -> pathlib.Path:
    """Exports the trained array of a run.

    Args:
        workdir: folder of a finished run.
        output: folder of the bundle; replaced if it holds a bundle already.
        recipes: list of `recipes.Recipe`.
        tile: height and width of the members' input, in packed pixels.
        name: of the bundle.
        group_form: see `convert.GROUP_FORMS`.
        photographs: that quality is measured on: `"held_back"`, or a folder;
            nothing that was trained on.
        photographs_limit: of their number; 0 takes all.
        quality_limits: recipe name -> dB, instead of the recipe's own.
        allow_quality_loss: writes members that miss their limit, too.
        calibrate: of the static recipes.
        sources: of calibration crops; empty means those of the run.
        profile: the sensor's noise; empty means that of the run.

    Raises:
        InputError: an unfinished run, an impossible tile, a folder in the way,
            a profile that does not cover the members.
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
    if profile:
        config.data.profile = profile
    if sources:
        config.data.sources = tuple(sources)
        config.data.weights = (1.0,) * len(sources)
    noise_profile = profile_lib.load(config.data.profile)
    below_black = synthesis.below_black(config.data)
    edges = _edges(record for _, record in members)
    _check_covered(noise_profile, edges)
    data = calibration.Data(config, calibrate or calibration.Settings())
    gate = quality.Gate(
        quality.scenes(photographs, config.data.camera, photographs_limit),
        noise_profile,
        config.validation.gains,
        below_black,
    )
    essentials = {
        "schema_version": bundle_reader.SCHEMA_VERSION,
        "name": name,
        "licence": "Apache-2.0",
        "packing": "NHWC; R, Gr, Gb, B; 0 = black, 1 = white",
        "inputs": "scale = 1/a, offset = b/a^2; Var[y|x] = a x + b",
    }

    beside = output.with_name(f".{output.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / "golden").mkdir(parents=True)
    job = member_writer.Job(
        folder=beside,
        profile=noise_profile,
        model=config.model.to_dict(),
        recipes=recipes_lib.with_limits(recipes, quality_limits or {}),
        tile={"height": tile, "width": tile, "halo": halo, "stride": stride},
        group_form=group_form,
        data=data,
        gate=gate,
        allow_quality_loss=allow_quality_loss,
        essentials=essentials,
        below_black=below_black,
    )
    try:
        noise = _noise_law(noise_profile)
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
            "group_form": group_form,
            "noise": noise,
            "calibration": data.record(),
            "quality": {
                "photographs": gate.names,
                "measure": "RAW PSNR in dB, float32 less recipe",
            },
            "selector": _write_selector(beside, noise, edges),
            "members": [
                member_writer.write(
                    job, trained, record["index"], _edges([record])
                )
                for trained, record in members
            ],
        }
        _write_texts(beside, manifest)
        checksums.write(beside)
        if output.exists():
            shutil.rmtree(output)
        beside.rename(output)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return output


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
    """Writes what people read, then the manifest with their digests."""
    texts = {
        **selector_code.write(manifest),
        "README.md": model_card.text(manifest),
        "LICENSE": model_card.licence(),
    }
    manifest["files"] = [
        member_writer.write_file(folder, name, text.encode())
        for name, text in texts.items()
    ]
    text = json.dumps(manifest, indent=2) + "\n"
    (folder / bundle_reader.MANIFEST).write_text(text, encoding="utf-8")


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
        "base_iso": profile.base_iso,
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


def _write_selector(folder, noise, edges):
    record = member_writer.write_file(
        folder, "selector.tflite", selector.flatbuffer(noise, edges)
    )
    return {
        **record,
        "variable": "a",
        "edges": edges,
        "hysteresis": selector.hysteresis(edges),
        "test_vectors": selector.test_vectors(noise, edges),
    }
