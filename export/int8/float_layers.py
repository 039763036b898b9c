"""Which layers of an int8 member stay in float: a search within a budget.

The search takes layers out of the integers one after another, each time the one
that removes most of the rounding's error power for its multiply-accumulates,
until the calibration crops lose little enough or the budget is spent. It
measures instead of assuming, so it works for any layout.
"""

import collections
import re
from collections.abc import Iterable

import numpy as np
from absl import logging

from export.contract import quality
from export.flatbuffer import runtime
from export.int8 import quantise
from export.int8.calibration import Settings
from fanet_tf.denoising import macs as macs_lib
from fanet_tf.raw import ksigma

_CROPS = 6  # Crops that layers are compared on.
_CANDIDATES = 12  # Layers of the first round that the next ones try again.


def convolution_macs(flatbuffer: bytes) -> dict[str, int]:
    """Counts the multiply-accumulates of each CONV_2D, by its output's name.

    Depth-wise convolutions are fixed kernels, or cost little.
    """
    return {
        found.name: found.macs
        for found in macs_lib.convolutions(flatbuffer)
        if found.operation == "CONV_2D"
    }


def layers(counts: dict[str, int]) -> list[str]:
    """Names the core's layers that convolve, their parts and their groups.

    A layer is `dec0`, its part `dec0/project`. Layers whose names begin alike,
    `enc0_0_a_value_point` and `enc0_0_b_value_point`, form groups by the words
    that they share: `enc0`, `enc0_0`. A group includes its sums and products,
    which no convolution does by itself.

    Args:
        counts: see `convolution_macs`.
    """
    found = {}
    for name in counts:
        # The converter joins the names of what it fused.
        for part in name.split(";"):
            _, inside, path = part.partition("/core")
            # Behind the core's own number: layer, part, operation.
            words = [re.sub(r"_\d+$", "", w) for w in path.split("/")[1:-1]]
            if inside and words:
                found[words[0]] = None
                found["/".join(words[:2])] = None
    whole = [name for name in found if "/" not in name]
    members = collections.Counter(
        prefix for name in whole for prefix in _prefixes(name)
    )
    groups = [name for name, count in members.items() if count > 1]
    return [*found, *(name for name in groups if name not in found)]


def _prefixes(name):
    words = name.split("_")
    return ["_".join(words[:count]) for count in range(1, len(words))]


def macs(counts: dict[str, int], names: Iterable[str]) -> int:
    """Sums the multiply-accumulates of the layers of these names."""
    patterns = [re.compile(quantise.layer_pattern(name)) for name in names]
    return sum(
        count
        for output, count in counts.items()
        if any(pattern.search(output) for pattern in patterns)
    )


def share(counts: dict[str, int], names: Iterable[str]) -> float:
    """Returns the share of all multiply-accumulates that layers have."""
    return macs(counts, names) / sum(counts.values())


def choose(
    flatbuffer: bytes,
    ranges: dict,
    pairs: list[tuple[dict, np.ndarray]],
    reference: quality.Reference,
    settings: Settings,
) -> tuple[str, ...]:
    """Returns the layers that stay in float, `quantise.FLOAT_LAYERS` first.

    Args:
        flatbuffer: float32, of the crops' size.
        ranges: see `quantise.calibrate`.
        pairs: `(inputs, clean)` of the calibration crops.
        reference: of them, measured with the member in float32.
        settings: give the loss to reach, and the budget.
    """
    counts = convolution_macs(flatbuffer)
    budget = settings.max_float_macs * sum(counts.values())
    crops = [inputs for inputs, _ in pairs[:_CROPS]]
    exact = runtime.denoiser(flatbuffer)
    expected = [exact(inputs) for inputs in crops]

    def runner(names):
        quantised = quantise.static(flatbuffer, ranges, float_layers=names)
        return runtime.denoiser(quantised)

    def noise(names):
        run = runner(names)
        return float(
            np.mean(
                [
                    np.mean(((run(x) - y) / _unit(x)) ** 2)
                    for x, y in zip(crops, expected, strict=True)
                ]
            )
        )

    def loss(names):
        (found,) = reference.losses(runner(names))
        return found.worst

    chosen = list(quantise.FLOAT_LAYERS)
    candidates = layers(counts)
    lost = loss(chosen)
    while lost > settings.target_db:
        spent, now = macs(counts, chosen), noise(chosen)
        gains = {}
        for name in candidates:
            cost = macs(counts, [*chosen, name]) - spent
            if 0 < cost <= budget - spent:
                gains[name] = (now - noise([*chosen, name])) / cost
        candidates = sorted(gains, key=gains.get, reverse=True)[:_CANDIDATES]
        if not candidates or gains[candidates[0]] <= 0:
            logging.info("  no layer is left to keep in float")
            break
        chosen.append(candidates[0])
        lost = loss(chosen)
        logging.info("  in float: %s; crops lose %.3f dB", chosen[-1], lost)
    return tuple(chosen)


def _unit(inputs):
    """Returns one deviation of the noise at each pixel."""
    s = ksigma.ksigma(inputs["noisy"], inputs["scale"], inputs["offset"])
    # Below black only read noise is left, of the same deviation.
    return ksigma.deviation(s, inputs["offset"]) / inputs["scale"]
