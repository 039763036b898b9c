import numpy as np

from fanet_tf.denoising import quantized

INT8 = {"dtype": np.int8, "quantization": (0.5, -3)}
FLOAT = {"dtype": np.float32, "quantization": (0.0, 0)}


def test_values_come_back_within_half_a_step(rng):
    values = rng.uniform(-60, 60, 1000).astype(np.float32)
    stored = quantized.stored(values, INT8)
    assert stored.dtype == np.int8
    np.testing.assert_allclose(quantized.real(stored, INT8), values, atol=0.25)


def test_values_beyond_the_range_stay_at_its_ends():
    stored = quantized.stored(np.float32([-1e4, 1e4]), INT8)
    assert stored.tolist() == [-128, 127]


def test_float_tensors_are_left_alone():
    values = np.float32([0.1, -2.5])
    assert quantized.stored(values, FLOAT).tolist() == values.tolist()
    assert quantized.real(values, FLOAT).tolist() == values.tolist()
