"""Laws of the gate of half precision."""

import functools

import numpy as np
import pytest
from helpers import randomise

from export.contract import half
from export.contract import quality
from export.flatbuffer import convert
from export.flatbuffer import half_precision
from export.flatbuffer import runtime
from fanet_tf import models

SIZE = (32, 48)
SMALLEST = 1 / 65504


@functools.cache
def flatbuffers():
    """Returns a small network with weights of 32 and of 16 bits."""
    made = models.build(
        "gated",
        height=SIZE[0],
        width=SIZE[1],
        widths=(8, 16),
        transform="signed_anscombe_algebraic",
    )
    randomise(made)
    made.set_weights([0.3 * w for w in made.get_weights()])
    return [convert.convert(made, float16=bits == 16) for bits in (32, 16)]


def tile(a, level=0.4):
    b = 1e-3 * a
    clean = np.full((1, *SIZE, 4), level, np.float32)
    clean[:, :, : SIZE[1] // 2] *= 0.1
    noise = np.random.default_rng(0).standard_normal(clean.shape)
    noisy = clean + np.sqrt(a * clean + b) * noise
    one = np.ones((1, 1, 1, 1), np.float32)
    inputs = {
        "noisy": noisy.astype(np.float32),
        "scale": one / np.float32(a),
        "offset": one * np.float32(b / a**2),
    }
    return inputs, clean


def record(a, a_range, largest=100.0):
    float32, float16 = flatbuffers()
    reference = quality.of_crops(runtime.denoiser(float32), [tile(a)])
    return half.record(float16, reference, a_range, lambda a: 1e-3 * a, largest)


def test_it_computes_in_half_precision():
    """Not bit for bit as in float32, and within a step of 16 bits."""
    inputs, _ = tile(1e-3)
    ours = half_precision.HalfRunner(flatbuffers()[1])
    assert ours.delegated
    expected = runtime.denoiser(flatbuffers()[1])(inputs)
    error = np.abs(ours(inputs) - expected).max()
    assert 1e-5 < error < 5e-3


def test_a_member_within_the_range_passes_and_says_what_it_loses():
    found = record(1e-3, (5e-4, 2e-3))
    assert found["passed"] and found["findings"] == []
    assert found["a_range"] == [5e-4, 2e-3]
    assert abs(found["gains"][0]["loss_db"]) < half.LIMIT_DB


def test_a_sensor_cleaner_than_the_range_of_scale_is_refused():
    found = record(1e-5, (8e-6, 4e-5))
    assert not found["passed"] and found["gains"] == []
    assert found["a_range"] is None
    assert "only from a = 1.53e-05" in found["findings"][0]
    assert found["findings"][-1] == "an output is not finite"


@pytest.mark.parametrize(
    "low, high, b, expected",
    [
        (2e-4, 6e-4, 0.0, (2e-4, 6e-4)),
        (SMALLEST * 1.01, 1e-3, 0.0, (SMALLEST * 1.01, 1e-3)),
        (1e-5, 1e-3, 0.0, (SMALLEST, 1e-3)),
        (1e-6, 1e-5, 0.0, None),
        # 65,504 a^2 = a + b.
        (1e-5, 1e-3, 1e-3, (1.314e-4, 1e-3)),
    ],
)
def test_it_is_valid_where_white_fits_into_sixteen_bits(low, high, b, expected):
    found = half.valid_range((low, high), lambda a: b)
    if expected is None:
        assert found is None
    else:
        assert found == pytest.approx(expected, rel=0.03)
        assert 1 / found[0] + b / found[0] ** 2 <= 65504


def test_more_than_the_limit_and_a_large_activation_are_found(monkeypatch):
    monkeypatch.setattr(half, "LIMIT_DB", -100.0)
    found = record(1e-3, (5e-4, 2e-3), largest=70_000.0)
    assert not found["passed"] and found["a_range"] is None
    activation, loss = found["findings"]
    assert activation == "an activation reaches 7e+04"
    assert loss.startswith("it loses ")
