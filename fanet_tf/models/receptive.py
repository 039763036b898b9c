"""How far an output pixel sees: the halo a tile needs."""

import keras
import numpy as np


def radius(build, stride: int) -> int:
    """Measures the receptive radius of a network, in packed pixels.

    One input pixel is changed and the reach of the change in the output is
    read off, for a pixel at each place of a cell of `stride` pixels, since
    pooling treats them differently. All weights are set positive, so that no
    change is lost in a ReLU or cancelled. Kernels reach along rows and columns
    independently, so a strip along each is enough.

    Args:
        build: `f(height, width) -> keras.Model`, one input `[1, h, w, 4]`.
        stride: of the network, see `models.stride`.
    """
    size = 32 * stride
    while True:
        along_rows = _reach(build(size, stride), size, stride, axis=1)
        along_columns = _reach(build(stride, size), size, stride, axis=2)
        reach = max(along_rows, along_columns)
        if reach < size // 2 - stride:
            return reach
        size *= 2


def _reach(model, size, stride, axis):
    rng = np.random.default_rng(0)
    for weight in model.weights:
        shape = tuple(weight.shape)
        fan_in = max(int(np.prod(shape[:-1])), 1)
        weight.assign(rng.uniform(0.5, 1.5, shape) / fan_in)
    frames = np.full((stride + 1, *model.input_shape[1:]), 0.5, np.float32)
    lines = np.moveaxis(frames, axis, 1)  # A view: pixels along the strip.
    middle = size // 2
    for place in range(stride):
        # Large, so that the change survives in float32 at the edge.
        lines[1 + place, middle + place, 0] = 1e6
    outputs = keras.ops.convert_to_numpy(model(frames, training=False))
    outputs = np.moveaxis(outputs, axis, 1)
    reach = 0
    for place in range(stride):
        differs = (outputs[1 + place] != outputs[0]).any(axis=(1, 2))
        changed = np.nonzero(differs)[0]
        distance = np.abs(changed - (middle + place))
        reach = max(reach, int(distance.max(initial=0)))
    return reach


def halo(reach: int, stride: int) -> int:
    """Returns the radius rounded up to the stride."""
    return -(-reach // stride) * stride
