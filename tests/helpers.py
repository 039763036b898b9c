"""What several tests share."""

import importlib.util
import pathlib

import keras
import numpy as np
import pytest
from absl import flags

ROOT = pathlib.Path(__file__).parents[1]


def load_benchmark(name):
    """Returns the module of a program in `benchmarks/`.

    Its flags are taken back: a required one would be asked of every program
    that another test runs in this process or in a fork of it.
    """
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    before = set(flags.FLAGS)
    spec.loader.exec_module(module)
    for flag in set(flags.FLAGS) - before:
        delattr(flags.FLAGS, flag)
    return module


def check_layer(layer, *input_shapes, output_shape):
    """Checks shape, finite values, config round trip and mixed precision."""
    rng = np.random.default_rng(0)
    inputs = [rng.random(s, dtype="float32") for s in input_shapes]
    symbols = [keras.Input(s[1:]) for s in input_shapes]
    model = keras.Model(symbols, layer(*symbols))
    randomise(model)
    expected = keras.ops.convert_to_numpy(model(inputs))
    assert expected.shape == output_shape
    assert np.isfinite(expected).all()

    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_allclose(copy(inputs), expected, rtol=1e-6)

    half = type(layer).from_config(
        {**layer.get_config(), "dtype": "mixed_bfloat16"}
    )
    low = keras.Model(symbols, half(*symbols))
    low.set_weights(model.get_weights())
    assert str(low.output.dtype) == "bfloat16"
    got = keras.ops.convert_to_numpy(keras.ops.cast(low(inputs), "float32"))
    # 8 bits of mantissa, several roundings.
    limit = 0.05 * max(float(np.abs(expected).max()), 1.0)
    np.testing.assert_allclose(got, expected, atol=limit)


def randomise(model, seed=1):
    """Gives every weight a value: some layers start at zero."""
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        shape = tuple(weight.shape)
        fan_in = max(int(np.prod(shape[:-1])), 1)
        weight.assign(rng.normal(0.0, (1.5 / fan_in) ** 0.5, shape))


def noisy_tile(height, width, rng):
    """Returns a member's inputs: noise from black to white, `a` of 1/500."""
    one = np.ones((1, 1, 1, 1), np.float32)
    noisy = rng.random((1, height, width, 4), dtype=np.float32)
    return {"noisy": noisy, "scale": 500 * one, "offset": one}


def shared_data(name):
    """Returns a folder of photographs beside the repository, or skips."""
    path = ROOT.parent / "shared" / "data" / name
    if not path.exists():
        pytest.skip(f"needs sample data that does not ship: {name}")
    return path
