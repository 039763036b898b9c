"""What a network costs, from the arguments of its layers.

Multiply-accumulates are counted the paper's way: convolution weights only, one
multiply-accumulate is 1, per RAW megapixel, which is 250,000 packed positions.

    macs = positions * kernel_height * kernel_width * inputs / groups * outputs

Fixed kernels (the input pyramid, Haar, replication) cost 0 and are listed as
fixed.

Activation traffic is what an inference moves besides its weights: each
operation reads its inputs and writes its output once, in float32. ReLU and
limits are part of the operation before them. These networks wait for memory, so
it says more of their latency than the multiply-accumulates do.
"""

import dataclasses
import math

import keras
from keras import layers as klayers

from fanet_tf import layers

PACKED_PER_MP = 250_000
_BYTES = 4
_FIXED = (layers.BoxDownsample, layers.HaarDWT, layers.HaarIDWT)
_FREE = (klayers.InputLayer, klayers.ReLU, layers.Limit)


@dataclasses.dataclass(frozen=True)
class Row:
    """One operation.

    Attributes:
        name: `layer`, or `layer.part`.
        kind: `"conv"`, `"fixed"` or `"other"`.
        inputs: channels.
        outputs: channels.
        kernel: side of the kernel; 0 without one.
        groups: of the convolution.
        positions: of the output, per packed position: 1, 1/4, 1/16, ...
        weights: number of them, biases not counted.
        biases: number of them.
        moved: values read and written, per packed position.
    """

    name: str
    kind: str
    inputs: int
    outputs: int
    kernel: int
    groups: int
    positions: float
    weights: int
    biases: int
    moved: float

    @property
    def macs(self) -> float:
        """Multiply-accumulates per packed position."""
        return self.positions * self.weights


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a network costs.

    Attributes:
        rows: its operations, in the order of the graph.
    """

    rows: tuple[Row, ...]

    @property
    def weights(self) -> int:
        """Number of weights, without biases."""
        return sum(row.weights for row in self.rows)

    @property
    def biases(self) -> int:
        """Number of biases."""
        return sum(row.biases for row in self.rows)

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return self.weights + self.biases

    @property
    def gmacs_per_mp(self) -> float:
        """1e9 multiply-accumulates per RAW megapixel."""
        macs = sum(row.macs for row in self.rows)
        return macs * PACKED_PER_MP / 1e9

    @property
    def traffic_mb_per_mp(self) -> float:
        """Activations read and written, 1e6 bytes per RAW megapixel."""
        moved = sum(row.moved for row in self.rows)
        return moved * _BYTES * PACKED_PER_MP / 1e6


def count(core: keras.Model) -> Cost:
    """Counts a network of fixed size.

    Args:
        core: see `models.core`.
    """
    _, height, width, _ = core.input_shape
    rows = []
    for layer in core.layers:
        rows.extend(_rows(layer, height * width))
    return Cost(tuple(rows))


def _rows(layer, frame):
    if isinstance(layer, _FREE):
        return
    sources = [tuple(tensor.shape) for tensor in _tensors(layer.input)]
    target = tuple(_tensors(layer.output)[0].shape)
    moved = sum(_values(shape) for shape in sources) + _values(target)
    if isinstance(layer, klayers.DepthwiseConv2D):
        outputs = target[-1]
        yield _convolution(
            layer.name,
            sources[0],
            target,
            layer.kernel_size[0],
            sources[0][-1],
            frame,
            biases=outputs if layer.use_bias else 0,
        )
    elif isinstance(layer, klayers.Conv2D):
        yield _convolution(
            layer.name,
            sources[0],
            target,
            layer.kernel_size[0],
            layer.groups,
            frame,
            biases=target[-1] if layer.use_bias else 0,
        )
    elif isinstance(layer, layers.ARNetBlock):
        yield from _arnet(layer, sources[0], target, frame)
    elif isinstance(layer, layers.FeatureAlign):
        yield from _feature_align(layer, *sources, frame)
    elif isinstance(layer, layers.Replicate):
        if layer.fusion == "add" and layer.ratio > 1:
            copy = _values(sources[1]) + _values(target)
            yield _other(f"{layer.name}.replicate", target, copy, frame)
            moved = 3 * _values(target)
        yield _other(layer.name, target, moved, frame)
    elif isinstance(layer, _FIXED):
        if isinstance(layer, layers.HaarIDWT):
            moved *= 2  # A point-wise convolution, then depth to space.
        yield _other(layer.name, target, moved, frame, kind="fixed")
    else:
        row = _other(layer.name, target, moved, frame)
        sizes = [(len(w.shape), math.prod(w.shape)) for w in layer.weights]
        if sizes:  # A layer of the user's: its kernels at every position.
            row = dataclasses.replace(
                row,
                kind="conv",
                weights=sum(size for rank, size in sizes if rank > 1),
                biases=sum(size for rank, size in sizes if rank <= 1),
            )
        yield row


def _arnet(layer, source, target, frame):
    hidden = (*source[:-1], int(source[-1] * layer.expansion))
    groups = hidden[-1] // layer.group_width
    name = layer.name
    yield _convolution(f"{name}.expand", source, hidden, 1, 1, frame)
    yield _convolution(
        f"{name}.group", hidden, hidden, layer.kernel_size, groups, frame
    )
    yield _convolution(f"{name}.project", hidden, target, 1, 1, frame)
    if layer.residual:
        yield _other(f"{name}.add", target, 3 * _values(target), frame)


def _feature_align(layer, features, noisy, frame):
    trunk = (*noisy[:-1], layer.hidden)
    name = layer.name
    yield _convolution(
        f"{name}.shared", noisy, trunk, layer.kernel_size, 1, frame
    )
    yield _convolution(f"{name}.gamma", trunk, features, 1, 1, frame)
    yield _convolution(f"{name}.beta", trunk, features, 1, 1, frame)
    # A product and a sum.
    yield _other(f"{name}.affine", features, 6 * _values(features), frame)


def _convolution(name, source, target, kernel, groups, frame, biases=None):
    inputs, outputs = source[-1], target[-1]
    return Row(
        name,
        "conv",
        inputs,
        outputs,
        kernel,
        groups,
        positions=target[1] * target[2] / frame,
        weights=kernel * kernel * (inputs // groups) * outputs,
        biases=outputs if biases is None else biases,
        moved=(_values(source) + _values(target)) / frame,
    )


def _other(name, target, moved, frame, kind="other"):
    return Row(
        name,
        kind,
        target[-1],
        target[-1],
        kernel=0,
        groups=1,
        positions=target[1] * target[2] / frame,
        weights=0,
        biases=0,
        moved=moved / frame,
    )


def _tensors(tree):
    return tree if isinstance(tree, list | tuple) else [tree]


def _values(shape):
    """Number of values of one image."""
    _, height, width, channels = shape
    return height * width * channels
