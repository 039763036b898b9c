"""How far an output pixel sees: the halo a tile needs."""

import keras
import numpy as np

from fanet_tf import layers
from fanet_tf.errors import InputError

# A pixel is out of reach if changing it by so much leaves an output as it is in
# float32. A frame's pixels change by 17 at most, in the network's units; the
# kernels' outermost edges reach farther (53 instead of 43 packed pixels in R1),
# with factors that no float32 output shows.
_CHANGE = 1e6
_LARGEST = 2048  # Packed pixels of a strip.


def radius(build, stride: int) -> int:
    """Measures the receptive radius of a network, in packed pixels.

    One input pixel is changed, up and down, and the reach of the change in the
    output is read off, for a pixel at each place of a cell of `stride` pixels,
    since pooling treats them differently. All weights are set positive, so that
    no change is cancelled, and small, so that gates, which multiply, stay
    finite where nothing changed. Kernels reach along rows and columns
    independently, so a strip along each is enough.

    Args:
        build: `f(height, width) -> keras.Model`, one input `[1, h, w, 4]`.
        stride: of the network, see `models.stride`.

    Raises:
        InputError: the radius has no bound, or none of use.
    """
    size = 32 * stride
    while True:
        along_rows = _reach(build(size, stride), size, stride, axis=1)
        along_columns = _reach(build(stride, size), size, stride, axis=2)
        reach = max(along_rows, along_columns)
        if reach < size // 2 - stride:
            return reach
        size *= 2
        if size > _LARGEST:
            raise InputError(
                "An output pixel must see a bounded part of the frame (no "
                "global pooling, attention or normalisation over it), else "
                "tiles differ from whole frames. Received: a network that "
                f"sees more than {reach} packed pixels far"
            )


def _reach(model, size, stride, axis):
    for layer in model.layers:
        if isinstance(layer, layers.Limit):
            layer.bound = float("inf")  # It would hide the change.
    rng = np.random.default_rng(0)
    for weight in model.weights:
        shape = tuple(weight.shape)
        fan_in = max(int(np.prod(shape[:-1])), 1)
        size_of = 0.5 / fan_in if len(shape) > 1 else 0.1
        weight.assign(size_of * rng.uniform(0.5, 1.5, shape))
    frames = np.full((2 * stride, *model.input_shape[1:]), 0.5, np.float32)
    base = _predict(model, frames[:1], axis)[0]
    assert np.isfinite(base).all()
    lines = np.moveaxis(frames, axis, 1)  # A view: pixels along the strip.
    middle = size // 2
    for place in range(stride):
        # Of both signs: a ReLU stops one.
        lines[place, middle + place, 0] = _CHANGE
        lines[stride + place, middle + place, 0] = -_CHANGE
    reach = 0
    for index, output in enumerate(_predict(model, frames, axis)):
        changed = np.nonzero((output != base).any(axis=(1, 2)))[0]
        distance = np.abs(changed - (middle + index % stride))
        reach = max(reach, int(distance.max(initial=0)))
    return reach


def _predict(model, frames, axis):
    output = keras.ops.convert_to_numpy(model(frames, training=False))
    return np.moveaxis(output, axis, 1)


def halo(reach: int, stride: int) -> int:
    """Returns the radius rounded up to the stride."""
    return -(-reach // stride) * stride
