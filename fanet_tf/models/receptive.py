"""How far an output pixel sees: the halo a tile needs."""

import keras
import numpy as np


def radius(build, stride: int) -> int:
    """Measures the receptive radius of a network, in packed pixels.

    One input pixel is changed and the reach of the change in the output is
    read off, for a pixel at each place of a `stride` x `stride` cell's
    diagonal, since pooling treats them differently. All weights are set
    positive, so that no change is lost in a ReLU or cancelled.

    Args:
        build: `f(height, width) -> keras.Model`, one input `[1, h, w, 4]`.
        stride: of the network, `2 ** (levels - 1)`.
    """
    size = 32 * stride
    while True:
        reach = _reach(build(size, size), size, stride)
        if reach < size // 2 - stride:
            return reach
        size *= 2


def _reach(model, size, stride):
    rng = np.random.default_rng(0)
    for weight in model.weights:
        shape = tuple(weight.shape)
        fan_in = max(int(np.prod(shape[:-1])), 1)
        weight.assign(rng.uniform(0.5, 1.5, shape) / fan_in)
    middle = size // 2
    base = np.full((1, size, size, 4), 0.5, np.float32)
    frames = [base]
    for place in range(stride):
        changed = base.copy()
        # Large, so that the change survives in float32 at the edge.
        changed[0, middle + place, middle + place] = 1e6
        frames.append(changed)
    outputs = [
        keras.ops.convert_to_numpy(model(frame, training=False))
        for frame in frames
    ]
    reach = 0
    for place, output in enumerate(outputs[1:]):
        rows, columns = np.nonzero((output != outputs[0]).any(axis=-1)[0])
        origin = middle + place
        reach = max(
            reach,
            int(np.abs(rows - origin).max(initial=0)),
            int(np.abs(columns - origin).max(initial=0)),
        )
    return reach


def halo(reach: int, stride: int) -> int:
    """Returns the radius rounded up to the stride."""
    return -(-reach // stride) * stride
