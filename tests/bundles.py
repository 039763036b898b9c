"""A small bundle for tests: two members, built in seconds.

Each member is a blur with a nonlinear branch that reaches over a pooled level,
so it has what a real one has: a stride, a halo, noise inputs, a residual.
"""

import atexit
import functools
import json
import pathlib
import shutil
import tempfile

import numpy as np

from fanet_tf.denoising import bundle
from fanet_tf.denoising import tiles
from fanet_tf.raw import cfa

HALO, STRIDE = 8, 2


def _network(seed, branch):
    import tensorflow as tf

    rng = np.random.default_rng(seed)

    def kernel(size, inputs, filters):
        deviation = (2.0 / (size * size * inputs)) ** 0.5
        shape = (size, size, inputs, filters)
        return tf.constant(rng.normal(0, deviation, shape), tf.float32)

    first, pool, deep = kernel(3, 4, 8), kernel(2, 8, 8), kernel(3, 8, 32)
    last = kernel(3, 16, 4)
    box = tf.fill((5, 5, 4, 1), 1 / 25)

    def conv(x, weights, stride=1):
        return tf.nn.relu(tf.nn.conv2d(x, weights, stride, "SAME"))

    def network(noisy, scale, offset):
        stabilised = tf.sqrt(tf.nn.relu(noisy * scale + offset) + 0.375)
        x = conv(0.1 * stabilised, first)
        low = tf.nn.depth_to_space(conv(conv(x, pool, 2), deep), 2)
        x = tf.nn.conv2d(tf.concat([x, low], -1), last, 1, "SAME")
        smooth = tf.nn.depthwise_conv2d(noisy, box, [1, 1, 1, 1], "SAME")
        return {"denoised": smooth + branch * tf.tanh(x)}

    return network


def flatbuffers(folder, seed=0, tile=(32, 48), branch=0.02):
    """Converts one member; returns recipe -> bytes.

    Any size runs in it after `resize_tensor_input`, which `whole` does.
    """
    import tensorflow as tf

    def spec(name, *shape):
        return tf.TensorSpec((1, *shape), tf.float32, name=name)

    module = tf.Module()
    module.serve = tf.function(
        _network(seed, branch),
        input_signature=[
            spec("noisy", *tile, 4),
            spec("scale", 1, 1, 1),
            spec("offset", 1, 1, 1),
        ],
    )
    saved = str(pathlib.Path(folder) / f"saved_{seed}_{tile[0]}")
    tf.saved_model.save(module, saved, {"serving_default": module.serve})
    made = {}
    for recipe in ("float32", "dynamic_wi8_afp32"):
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        if recipe != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        made[recipe] = converter.convert()
    return made


def whole(path, packed, scale, offset):
    """Runs a flatbuffer once over `[h, w, 4]` of any size."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    (noisy,) = (
        details
        for details in interpreter.get_input_details()
        if "noisy" in details["name"]
    )
    if tuple(noisy["shape"]) != (1, *packed.shape):
        interpreter.resize_tensor_input(noisy["index"], (1, *packed.shape))
    interpreter.allocate_tensors()
    runner = interpreter.get_signature_runner("serving_default")
    one = (1, 1, 1, 1)
    return runner(
        noisy=packed[None].astype(np.float32),
        scale=np.full(one, scale, np.float32),
        offset=np.full(one, offset, np.float32),
    )["denoised"][0]


def write(
    folder,
    members,
    tile=(32, 48),
    halo=HALO,
    stride=STRIDE,
    below_black=None,
    reference_signal=0.0,
):
    """Writes a bundle of members (each recipe -> bytes) and returns it.

    The manifest is the shipped array's with other members in it.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    manifest = bundle.read_manifest(bundle.locate())
    template = manifest["members"][0]
    for measured in ("below_black", "halo"):  # Of the shipped one.
        template.pop(measured, None)
    entry = template["recipes"]["float16"]
    edges = list(np.geomspace(2.1e-4, 1.344e-2, len(members) + 1))
    (folder / "selector.tflite").write_bytes(b"\0\0\0\0TFL3 selector")
    manifest["name"] = "test"
    manifest.pop("tiling", None)  # Of the shipped one's halo.
    manifest["selector"]["edges"] = edges
    manifest["selector"].pop("signal", None)
    if reference_signal:
        manifest["selector"]["signal"] = {
            "reference": reference_signal,
            "rule": "",
            "test_vectors": [],
        }
    manifest["selector"]["sha256"] = bundle.sha256(folder / "selector.tflite")
    shape = [1, *tile, 4]
    manifest["members"] = []
    for index, recipes in enumerate(members):
        entries = {}
        for recipe, data in recipes.items():
            name = f"member_{index}_{recipe}.tflite"
            (folder / name).write_bytes(data)
            one = {"shape": [1, 1, 1, 1], "dtype": "float32"}
            frame = {"shape": shape, "dtype": "float32"}
            entries[recipe] = {
                **entry,
                "file": name,
                "sha256": bundle.sha256(folder / name),
                "bytes": len(data),
                "inputs": [
                    {"name": "noisy", **frame},
                    {"name": "scale", **one},
                    {"name": "offset", **one},
                ],
                "outputs": [{"name": "denoised", **frame}],
            }
        more = {"below_black": below_black} if below_black else {}
        height, width = tile
        manifest["members"].append(
            {
                **template,
                "index": index,
                "a_range": edges[index : index + 2],
                "gain_range": [e / 2.1e-4 for e in edges[index : index + 2]],
                **more,
                "tile": {
                    "height": height,
                    "width": width,
                    "halo": halo,
                    "stride": stride,
                },
                "recipes": entries,
            }
        )
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return bundle.load(folder)


@functools.cache
def small(tile=(32, 48), branch=0.02, below_black=None, reference_signal=0.0):
    """Returns a bundle of two members, made once a process.

    `below_black` of None leaves it out of the manifest, as older bundles do.
    """
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fanet_test_bundle_"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    members = [flatbuffers(folder, seed, tile, branch) for seed in (0, 1)]
    return write(
        folder / "bundle",
        members,
        tile,
        below_black=below_black,
        reference_signal=reference_signal,
    )


def denoise_whole(array, recipe, mosaic, pattern, noise, run=None):
    """One run over the padded frame, padded here by numpy.

    `run` is `f(packed, scale, offset)`; None resizes the member's flatbuffer.
    """
    member = array.member_for(noise[0])
    tile = member.tile
    row, column = cfa.rggb_origin(pattern)
    margin = tiles.margin(tile.halo, tile.stride)
    sides = []
    for size, origin in zip(mosaic.shape, (row, column), strict=True):
        packed_size = (size + origin + 1) // 2
        padded = tiles.padded_size(packed_size, 0, tile.halo, tile.stride)
        before = 2 * margin + origin
        sides.append((before, 2 * padded - before - size))
    padded = np.pad(mosaic, sides, "reflect")
    packed = cfa.pack(padded[None, :, :, None])[0]
    if member.below_black == "clipped":
        packed = np.maximum(packed, 0)
    a, b = noise
    if run is None:
        run = functools.partial(whole, member.path(recipe))
    clean = run(packed, 1 / a, b / a**2)
    clean = cfa.unpack(clean[None])[0, :, :, 0]
    return clean[
        sides[0][0] : sides[0][0] + mosaic.shape[0],
        sides[1][0] : sides[1][0] + mosaic.shape[1],
    ]
