"""Laws of the noise that training draws."""

import numpy as np
import pytest

from fanet_tf.calibration import profile
from fanet_tf.raw import noise as raw_noise
from fanet_tf.raw import sampling
from fanet_tf.raw.noise import NoiseParams

PHONE = NoiseParams(np.array([3.36e-3]), np.array([2.06e-5]))  # Gain 16.


def _namespaces():
    """Numpy and what stands in for it in tf.data and in losses."""
    import keras
    import tensorflow.experimental.numpy as tnp

    return {"tnp": tnp, "keras": keras.ops}


def test_log_a_is_uniform():
    a = sampling.sample_log_uniform_a(np.linspace(0, 1, 5), (1e-4, 1e-2))
    np.testing.assert_allclose(a, np.geomspace(1e-4, 1e-2, 5), rtol=1e-6)


def test_an_impossible_range_is_refused():
    with pytest.raises(ValueError, match="Received: a_range="):
        sampling.sample_log_uniform_a(np.zeros(2), (0.0, 1.0))


def test_b_on_the_line_is_the_profiles():
    law = profile.load("imx258")
    a = np.geomspace(2e-4, 1e-2, 7)
    b = sampling.b_from_line(a, law.line.slope, law.line.intercept)
    np.testing.assert_allclose(b, law.line_b(a), rtol=1e-12)


def test_scatter_multiplies_b_by_its_exponential():
    draws = np.array([-1.0, 0.0, 2.0])
    a = np.full(3, 1e-3)
    line = sampling.b_from_line(a, 2.18, 1.2)
    b = sampling.b_from_line(a, 2.18, 1.2, 0.26, draws)
    np.testing.assert_allclose(b / line, np.exp(0.26 * draws))


def test_b_on_the_gain_law_is_the_profiles():
    law = profile.load("imx258")
    gains = np.array([1.0, 3.0, 64.0])
    a, b = law.noise(gains)
    np.testing.assert_allclose(
        sampling.b_from_gain_law(a, law.a_coefficients, law.b_coefficients), b
    )


def test_a_bad_line_gives_way_to_the_gain_law():
    assert profile.load("imx258").default_read_noise_law() == "gain"
    assert profile.load("dnd").default_read_noise_law() == "line"


@pytest.mark.parametrize("x", [0.0, 0.004, 0.3, 0.99, 1.0])
def test_clipped_noise_follows_the_censored_gaussian(rng, x):
    clean = np.full((1, 400, 600, 4), x)
    drawn = raw_noise.add_noise(clean, PHONE, rng.standard_normal(clean.shape))
    mean = raw_noise.censored_mean(clean[:, :1, :1, :1], PHONE).item()
    variance = raw_noise.censored_variance(clean[:, :1, :1, :1], PHONE).item()
    # Four standard errors; the variance's from the drawn fourth moment.
    count = drawn.size
    assert abs(drawn.mean() - mean) < 4 * np.sqrt(variance / count)
    fourth = np.mean((drawn - drawn.mean()) ** 4)
    error = np.sqrt((fourth - variance**2) / count)
    assert abs(drawn.var() - variance) < 4 * error


def test_a_pedestal_clips_less():
    black = np.zeros((1, 1, 1, 1))
    free = raw_noise.censored_variance(black, PHONE, low=-0.5)
    np.testing.assert_allclose(free.item(), PHONE.b.item(), rtol=1e-6)
    half = raw_noise.censored_variance(black, PHONE)
    # Half of a Gaussian, clipped at its mean: 1/2 - 1/(2 pi).
    np.testing.assert_allclose(
        half.item() / PHONE.b.item(), 0.5 - 0.5 / np.pi, rtol=1e-6
    )


def test_a_seed_gives_the_same_noise_eagerly_and_in_tf_data():
    import tensorflow as tf
    import tensorflow.experimental.numpy as tnp

    def capture(step):
        seed = tf.stack([tf.constant(7, tf.int64), step])
        uniform = tf.random.stateless_uniform([3], seed, alg="philox")
        a = sampling.sample_log_uniform_a(uniform, (2e-4, 1e-2), tnp)
        law = profile.load("imx258")
        b = sampling.b_from_gain_law(
            a, law.a_coefficients, law.b_coefficients, tnp
        )
        clean = tf.fill([3, 8, 12, 4], 0.1)
        normal = tf.random.stateless_normal(
            tf.shape(clean), seed + 1, alg="philox"
        )
        return raw_noise.add_noise(clean, NoiseParams(a, b), normal, tnp)

    dataset = tf.data.Dataset.range(4).map(capture, num_parallel_calls=2)
    drawn = list(dataset.as_numpy_iterator())
    eager = [capture(tf.constant(k, tf.int64)).numpy() for k in range(4)]
    np.testing.assert_allclose(drawn, eager, rtol=0, atol=1e-7)
    assert not np.allclose(drawn[0], drawn[1])


def test_dng_profiles_are_a_and_b():
    # Android's CaptureResult and DNG tag 51041: S, O of each plane.
    tag = [2e-4, 4e-7, 2.1e-4, 4.1e-7, 2.1e-4, 4.1e-7, 1.9e-4, 3.9e-7]
    noise = raw_noise.from_dng(tag)
    np.testing.assert_allclose(noise.a, [2e-4, 2.1e-4, 2.1e-4, 1.9e-4])
    np.testing.assert_allclose(noise.b, [4e-7, 4.1e-7, 4.1e-7, 3.9e-7])
    np.testing.assert_allclose(raw_noise.to_dng(noise), tag)
