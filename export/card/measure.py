"""Measures an array for its card, through the very code of `fanet-evaluate`.

Five sets, all with seed 0, all but the last at the same gains:

* `photographs`: a folder, whole frames, every recipe of the bundle, against the
  classical methods that take no time;
* `crops`: the centres of its first eight, captures that training validates on,
  against BM3D as well (seconds a crop, so not on all of the folder);
* `scenes`: the centres of all of them, as they are, soft, dark and both: a lead
  on photographs is none on a phone's frames;
* `frame`: a RAW file of low noise with noise added: large smooth areas;
* `sensor`: the crops two stops under, with the terms of a real sensor.
"""

import pathlib
import time

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures
from fanet_tf.data import evaluation_sets
from fanet_tf.data import folder as folder_lib
from fanet_tf.data import scene_kinds
from fanet_tf.denoising import bundle as bundle_lib
from fanet_tf.errors import InputError
from fanet_tf.evaluation import evaluate
from fanet_tf.evaluation import gallery
from fanet_tf.evaluation import methods as methods_lib
from fanet_tf.evaluation import robustness
from fanet_tf.files import dump
from fanet_tf.files import reader

GAINS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
CROP = 288  # Sensor pixels; `validation.size` of the training configs.
EXPOSURE = 0.25  # Of `sensor`: two stops under.
CROPS = 8  # BM3D takes 3 s a crop and gain: all in six minutes.
_QUICK = ("identity", "gaussian", "nlm")
_SLOW = (*_QUICK, "bm3d")


def digests(array: bundle_lib.Bundle) -> dict[str, str]:
    """Returns the SHA-256 of every flatbuffer of an array, by file."""
    return {
        entry["file"]: entry["sha256"]
        for member in array.manifest["members"]
        for entry in member["recipes"].values()
    }


def cost(model: dict) -> dict:
    """Returns what `fanet-cost` counts of a config's network; needs Keras."""
    from fanet_tf.models import cost_table

    record = cost_table.as_record(cost_table.report("card", model, False))
    return {
        key: record[key] for key in ("parameters", "weights", "gmacs_per_mp")
    }


def from_bundle(array: bundle_lib.Bundle, recipe: str) -> evaluate.Method:
    """Returns the array as a method under the name of its row."""
    method = methods_lib.from_bundle(array.folder, recipe)
    return methods_lib.relabel(method, f"{array.name}, {recipe}")


def _methods(array, classical, recipes, pmrid=None):
    """Returns `(methods, notes)`; a method that is not installed is noted."""
    methods, notes = {}, {}
    for name in classical:
        try:
            methods[name] = methods_lib.classical(name)
        except InputError as error:
            notes[name] = str(error)
    if pmrid:
        from fanet_tf.peers import pmrid as peer  # Needs TensorFlow.

        methods["pmrid"] = peer.method(pmrid)
    for recipe in recipes:
        method = from_bundle(array, recipe)
        methods[method.label] = method
    return methods, notes


def _run(data, captures_, total, methods, notes) -> dict:
    """Evaluates, and keeps the means: what a card shows, and no more."""
    start = time.perf_counter()
    record = evaluate.evaluate(
        captures_,
        methods,
        total=total,
        gallery=gallery.Gallery(images=0, extremes=0),
    ).to_json()
    return {
        "data": data,
        "methods": [  # Not the notes, which hold a path.
            {key: method[key] for key in ("method", "label")}
            for method in record["methods"]
        ],
        "missing": notes,
        "per_gain": record["per_gain"],
        "seconds": round(time.perf_counter() - start),
    }


def photographs(
    array: bundle_lib.Bundle,
    folder: str,
    profile: str = "imx258",
    camera: str = "imx258",
    pmrid: str | None = None,
) -> dict:
    """Evaluates whole photographs; see the module.

    Args:
        array: denoises.
        folder: of photographs.
        profile: the sensor's noise.
        camera: the sensor's colour.
        pmrid: weights of PMRID, which takes part then.
    """
    data = _photographs(folder, profile, camera)
    methods = _methods(array, _QUICK, array.recipes, pmrid)
    return _run(
        _about(array, folder, data), data.captures, data.total, *methods
    )


def crops(
    array: bundle_lib.Bundle,
    folder: str,
    profile: str = "imx258",
    camera: str = "imx258",
    pmrid: str | None = None,
) -> dict:
    """Evaluates centre crops against BM3D too; see `photographs`."""
    data = _photographs(folder, profile, camera, CROPS, CROP)
    methods = _methods(array, _SLOW, array.recipes[:1], pmrid)
    return _run(
        _about(array, folder, data, CROP), data.captures, data.total, *methods
    )


def scenes(
    array: bundle_lib.Bundle,
    folder: str,
    profile: str = "imx258",
    camera: str = "imx258",
    pmrid: str | None = None,
) -> dict:
    """Evaluates centre crops of each kind of scenes; see `photographs`.

    Returns:
        `data`, and in `kinds` what `photographs` returns, by kind.
    """
    methods = _methods(array, ("identity",), array.recipes[:1], pmrid)
    kinds = {}
    for name, kind in scene_kinds.KINDS.items():
        data = _photographs(folder, profile, camera, crop=CROP, kind=kind)
        about = {"blur": kind.blur, "exposure": kind.exposure}
        kinds[name] = _run(about, data.captures, data.total, *methods)
    return {"data": _about(array, folder, data, CROP), "kinds": kinds}


def sensor(
    array: bundle_lib.Bundle,
    folder: str,
    profile: str = "imx258",
    camera: str = "imx258",
    pmrid: str | None = None,
) -> dict:
    """Measures what the terms of a real sensor cost; see `photographs`."""
    data = _photographs(folder, profile, camera, CROPS, CROP)
    methods, _ = _methods(array, (), array.recipes[:1], pmrid)
    found = robustness.measure(
        data.scenes,
        methods,
        "fixed",
        profile_lib.load(profile),
        exposure=EXPOSURE,
        total=_count(data),
    )
    return {"data": _about(array, folder, data, CROP), **found.to_json()}


def _photographs(
    folder,
    profile,
    camera,
    limit=None,
    crop=None,
    kind=scene_kinds.AS_THEY_ARE,
):
    return evaluation_sets.photos(
        folder,
        camera_lib.get(camera),
        GAINS,
        profile_lib.load(profile),
        limit=limit,
        crop=crop,
        kind=kind,
    )


def _about(array, folder, data, crop=None):
    """Returns what a card says of a set: its folder, how many, which part.

    And the array, where a command must name it.
    """
    about = {"folder": pathlib.Path(folder).name, "count": _count(data)}
    if crop:
        about["crop"] = crop
    if array.folder != bundle_lib.locate():
        about["bundle"] = array.name
    return about


def _count(data):
    return data.total // len(GAINS)


def frame(
    array: bundle_lib.Bundle,
    path: str,
    form: dump.DumpFormat | None = None,
    profile: str = "imx258",
    pmrid: str | None = None,
) -> dict:
    """Evaluates a RAW file of low noise; see the module.

    Args:
        array: denoises.
        path: of the RAW file.
        form: of a headerless file, see `reader.read`.
        profile: the sensor's noise.
        pmrid: weights of PMRID, which takes part then.
    """
    path = pathlib.Path(path)
    image = reader.read(path, form)
    packed = folder_lib.packed_rggb(image.normalized(), image.pattern)
    scene = captures.Scene(
        path.stem, packed.clip(0.0, 1.0), folder_lib.colour_of(image)
    )
    drawn = captures.synthetic([scene], GAINS, profile_lib.load(profile))
    methods = _methods(array, _SLOW, array.recipes[:1], pmrid)
    height, width = (2 * side for side in packed.shape[:2])
    about = {"file": path.name, "height": height, "width": width}
    return _run(about, drawn, len(GAINS), *methods)
