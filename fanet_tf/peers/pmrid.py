"""PMRID with its authors' weights, as an evaluation method.

    counts = V x                    V = 959, of 10 bits with black at 64
    k-sigma: x' = ((k_a / k) V x + (s / k^2 - s_a / k_a^2) k_a) / V
    y' = x' + network(256 x') / 256
    y = the k-sigma transform's inverse of y'

with `k = a V`, `s = b V^2`, and `k_a`, `s_a` those of ISO 1600 of the phone it
was trained for. It knows no values below black: its input is clipped.

References: Wang et al., https://arxiv.org/abs/2010.06935; the weights are
`models/torch_pretrained.ckp` of github.com/MegEngine/PMRID (Apache-2.0).
"""

import keras
import numpy as np

from fanet_tf import variants
from fanet_tf.errors import InputError
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.files import npz
from fanet_tf.files import torch_checkpoint
from fanet_tf.models import cost
from fanet_tf.models import pmrid
from fanet_tf.raw.noise import NoiseParams

WHITE = 959.0
_ANCHOR_K = 0.0005995267 * 1600 + 0.00868861
_ANCHOR_S = 7.11772e-7 * 1600**2 + 6.514934e-4 * 1600 + 0.11492713
_INPUT_SCALE = 256.0
_STRIDE = 32  # Its authors'; the network needs 16.
_MOST_BYTES = 64 << 20


def read_weights(path) -> dict[str, np.ndarray]:
    """Reads its weights.

    Args:
        path: the authors' checkpoint, or a `.npz` of its arrays by the same
            names.

    Raises:
        InputError: the file is damaged.
    """
    if not str(path).endswith(".npz"):
        return torch_checkpoint.read(path)
    return npz.read(path, _MOST_BYTES)


def network(weights, height: int, width: int) -> keras.Model:
    """Builds the network with these weights.

    Args:
        weights: of `read_weights`.
        height: packed pixels, a multiple of 16.
        width: packed pixels, likewise.

    Raises:
        InputError: a weight is missing or has another shape.
    """
    built = pmrid.build(height, width, **_sizes(), as_published=True)
    for layer in built.layers:
        if layer.weights:
            layer.set_weights(_layer_weights(weights, layer))
    return built


def _sizes() -> dict:
    model = variants.get("pmrid_public").model
    return {k: v for k, v in model.items() if k not in ("name", "transform")}


def _layer_weights(weights, layer):
    name = _published_name(layer.name)
    parts = ["weight"] + ["bias"] * (len(layer.weights) > 1)
    values = []
    for part in parts:
        value = weights.get(f"{name}.{part}")
        if value is None:
            raise InputError(
                f"The weights must be PMRID's. Missing: {name}.{part}"
            )
        values.append(np.asarray(value, np.float32))
    if name.endswith("upsample"):
        # [in, out, 2, 2] becomes a point-wise kernel before depth to space,
        # whose channels count rows, columns, then outputs.
        kernel, bias = values
        values = [
            kernel.transpose(0, 2, 3, 1).reshape(1, 1, kernel.shape[0], -1),
            np.tile(bias, 4),
        ]
    elif name.endswith("depthwise"):
        values[0] = values[0].transpose(2, 3, 0, 1)
    else:
        values[0] = values[0].transpose(2, 3, 1, 0)
    for value, wanted in zip(values, layer.weights, strict=True):
        if value.shape != tuple(wanted.shape):
            raise InputError(
                f"The weights must be PMRID's. Received: {name} of shape "
                f"{value.shape}, not {tuple(wanted.shape)}"
            )
    return values


def _published_name(name: str) -> str:
    """Translates a layer's name: `enc2_0_a_depth`, `skip3`, `out_b_point`."""
    kinds = {"depth": "depthwise", "point": "pointwise"}
    if name == "stem":
        return "conv0.conv"
    if name == "head":
        return "out1.conv"
    block, _, last = name.rpartition("_")
    if last == "widen":
        return f"dec{4 - int(block.removeprefix('dec'))}.upsample"
    kind = kinds[last]
    if block == "bottom":
        return f"encdec.{kind}"
    if block.startswith("skip"):
        return f"dec{4 - int(block.removeprefix('skip'))}.proj_conv.{kind}"
    place, _, part = block.rpartition("_")
    if place.startswith("enc"):
        level, index = place.removeprefix("enc").split("_")
        part = {"a": "conv1", "b": "conv2", "shortcut": "proj"}[part]
        return f"enc{int(level) + 1}.{index}.{part}.{kind}"
    part = {"a": "conv0", "b": "conv1"}[part]
    if place == "out":
        return f"out0.{part}.{kind}"
    return f"dec{4 - int(place.removeprefix('dec'))}.decode_conv.{part}.{kind}"


def k_sigma(noise: NoiseParams) -> tuple[float, float]:
    """Returns `factor` and `shift` of `x' = factor x + shift`."""
    a, b = noise.pair()
    k, s = a * WHITE, b * WHITE**2
    shift = (s / k**2 - _ANCHOR_S / _ANCHOR_K**2) * _ANCHOR_K / WHITE
    return _ANCHOR_K / k, shift


def method(path) -> Method:
    """Returns PMRID, given the true `(a, b)`.

    Args:
        path: of its weights; see `read_weights`.

    Raises:
        InputError: they are not PMRID's.
    """
    weights = read_weights(path)
    # Refuses other weights before any work.
    built = {(_STRIDE, _STRIDE): network(weights, _STRIDE, _STRIDE)}

    def denoise(noisy, noise):
        height, width = noisy.shape[:2]
        rows, columns = (-size % _STRIDE for size in (height, width))
        padded = np.pad(
            np.clip(noisy, 0.0, 1.0),
            ((0, rows), (0, columns), (0, 0)),
            mode="reflect",
        )
        size = padded.shape[:2]
        if size not in built:
            built.clear()
            built[size] = network(weights, *size)
        factor, shift = k_sigma(noise)
        x = np.float32(_INPUT_SCALE) * (
            np.float32(factor) * padded[None] + np.float32(shift)
        )
        residual = built[size](x, training=False)
        y = (x + keras.ops.convert_to_numpy(residual)) / _INPUT_SCALE
        denoised = (y[0] - np.float32(shift)) / np.float32(factor)
        return denoised[:height, :width].astype(np.float32)

    return Method(
        denoise,
        "PMRID, published weights",
        gmacs_per_mp=cost.count(pmrid.build(64, 64, **_sizes())).gmacs_per_mp,
        note=f"weights {path}",
    )
