"""Flatbuffers of random weights, timed in turn with the LiteRT runtime."""

import time

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from export.flatbuffer import convert
from export.member import context
from fanet_tf import models


def random_source(model, tile) -> context.ExportContext:
    """Returns a network with random weights, on its way to a flatbuffer.

    Args:
        model: a config's `model` section.
        tile: packed pixels, a side.
    """
    keras.utils.set_random_seed(0)
    member = models.build(height=tile, width=tile, **model)
    rng = np.random.default_rng(0)
    for weight in member.weights:
        shape = tuple(weight.shape)
        fan_in = max(int(np.prod(shape[:-1])), 1)
        weight.assign(rng.normal(0.0, (1.0 / fan_in) ** 0.5, shape))
    return context.ExportContext(
        lambda height, width: convert.static_member(
            member, model, height, width
        ),
        (tile, tile),
        model["transform"],
    )


def in_turn(flatbuffers, threads, rounds) -> dict[object, list[float]]:
    """Runs one inference of each flatbuffer in turn, round after round.

    Whatever else the machine does falls on all alike.

    Args:
        flatbuffers: name -> bytes.
        threads: of the runtime.
        rounds: inferences of each, after one that is not timed.

    Returns:
        Name -> milliseconds of each round.
    """
    runners = {
        name: _interpreter(content, threads)
        for name, content in flatbuffers.items()
    }
    for runner in runners.values():
        runner.invoke()
    times = {name: [] for name in runners}
    for _ in range(rounds):
        for name, runner in runners.items():
            start = time.perf_counter()
            runner.invoke()
            times[name].append(1e3 * (time.perf_counter() - start))
    return times


def _interpreter(flatbuffer, threads):
    runner = Interpreter(model_content=bytes(flatbuffer), num_threads=threads)
    runner.allocate_tensors()
    rng = np.random.default_rng(0)
    for detail in runner.get_input_details():
        shape = tuple(detail["shape"])
        value = (
            rng.random(shape)
            if np.prod(shape) > 1
            else np.full(shape, 400.0 if "scale" in detail["name"] else 3.0)
        )
        runner.set_tensor(detail["index"], value.astype(np.float32))
    return runner
