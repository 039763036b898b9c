"""Weights by the names and shapes of PMRID's published ones."""

import numpy as np

WIDTHS, BLOCKS, DECODER = (64, 128, 256, 512), (2, 2, 4, 4), (64, 32, 32, 16)


def shapes():
    """Names and shapes of the published arrays, as their paper's tables say."""
    result = {}

    def conv(name, outputs, inputs, size):
        result[f"{name}.weight"] = (outputs, inputs, size, size)
        result[f"{name}.bias"] = (outputs,)

    def separable(name, outputs, inputs, size):
        result[f"{name}.depthwise.weight"] = (inputs, 1, size, size)
        conv(f"{name}.pointwise", outputs, inputs, 1)

    conv("conv0.conv", 16, 4, 3)
    inputs = 16
    for stage, (width, blocks) in enumerate(zip(WIDTHS, BLOCKS, strict=True)):
        for block in range(blocks):
            name = f"enc{stage + 1}.{block}"
            separable(f"{name}.conv1", width // 4, inputs, 5)
            separable(f"{name}.conv2", width, width // 4, 5)
            if block == 0:
                separable(f"{name}.proj", width, inputs, 3)
            inputs = width
    separable("encdec", 64, 512, 3)
    inputs = 64
    for stage, (width, skip) in enumerate(
        zip(DECODER, (256, 128, 64, 16), strict=True)
    ):
        name = f"dec{stage + 1}"
        for part in ("conv0", "conv1"):
            separable(f"{name}.decode_conv.{part}", inputs, inputs, 3)
        result[f"{name}.upsample.weight"] = (inputs, width, 2, 2)
        result[f"{name}.upsample.bias"] = (width,)
        separable(f"{name}.proj_conv", width, skip, 3)
        inputs = width
    for part in ("conv0", "conv1"):
        separable(f"out0.{part}", 16, 16, 3)
    conv("out1.conv", 4, 16, 3)
    return result


def random():
    """Draws weights that neither grow nor shrink what passes."""
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(
            0, (1.5 / max(np.prod(shape[1:]), 1)) ** 0.5, shape
        ).astype(np.float32)
        for name, shape in shapes().items()
    }


def zeros():
    """The weights of a network whose residual is nothing."""
    return {
        name: np.zeros(shape, np.float32) for name, shape in shapes().items()
    }
