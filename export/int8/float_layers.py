"""Which layers of an int8 member stay in float: a search within a budget.

Layers are taken out of the integers one after another, each time the one that
takes away most of the rounding's error power for its multiply-accumulates,
until the calibration crops lose no more than they may or the budget is spent.
By measurement, so that it holds for any layout.
"""

import collections
import re

import numpy as np
from absl import logging

from export.flatbuffer import convert
from export.flatbuffer import graph as graph_lib
from export.flatbuffer import runtime
from export.int8 import quantise
from fanet_tf.raw import ksigma

# Crops that layers are compared on, and how many layers of the first round
# are looked at again in the next ones.
_CROPS = 6
_LOOKED_AT = 12


def layers(graph) -> list[str]:
    """Names the core's layers that convolve, their parts and their groups.

    `dec0`, its part `dec0/project`; and of layers whose names begin alike,
    `enc0_0_a_value_point` and `enc0_0_b_value_point`, what they share up to an
    underscore: `enc0`, `enc0_0`. Such a group takes its sums and products with
    it, which no convolution of its own does.
    """
    found = {}
    for name in graph.macs():
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


def macs(graph, names) -> int:
    """Returns the multiply-accumulates of the layers of these names."""
    patterns = [re.compile(quantise.layer_pattern(name)) for name in names]
    return sum(
        count
        for output, count in graph.macs().items()
        if any(pattern.search(output) for pattern in patterns)
    )


def share(graph, names) -> float:
    """Returns the same as a share of all of the graph's."""
    return macs(graph, names) / sum(graph.macs().values())


def choose(flatbuffer, ranges, pairs, reference, settings) -> tuple[str, ...]:
    """Returns the layers that stay in float, `quantise.FLOAT_LAYERS` first.

    Args:
        flatbuffer: bytes, float32, of the crops' size.
        ranges: from `quantise.calibrate`.
        pairs: list of `(inputs, clean)`, the calibration crops.
        reference: `quality.Reference` of them, by the member in float32.
        settings: `calibration.Settings`.
    """
    graph = graph_lib.read(flatbuffer)
    budget = settings.max_float_macs * sum(graph.macs().values())
    crops = [inputs for inputs, _ in pairs[:_CROPS]]
    exact = runtime.Runner(flatbuffer)
    expected = [exact(inputs)[convert.OUTPUT] for inputs in crops]

    def runner(names):
        quantised = quantise.static(flatbuffer, ranges, float_layers=names)
        return runtime.Runner(quantised)

    def noise(names):
        run = runner(names)
        return float(
            np.mean(
                [
                    np.mean(((run(x)[convert.OUTPUT] - y) / _unit(x)) ** 2)
                    for x, y in zip(crops, expected, strict=True)
                ]
            )
        )

    def loss(names):
        run = runner(names)
        (found,) = reference.losses(lambda x: run(x)[convert.OUTPUT])
        return found.worst

    chosen = list(quantise.FLOAT_LAYERS)
    candidates = layers(graph)
    lost = loss(chosen)
    while lost > settings.target_db:
        spent, now = macs(graph, chosen), noise(chosen)
        gains = {}
        for name in candidates:
            cost = macs(graph, [*chosen, name]) - spent
            if 0 < cost <= budget - spent:
                gains[name] = (now - noise([*chosen, name])) / cost
        candidates = sorted(gains, key=gains.get, reverse=True)[:_LOOKED_AT]
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
