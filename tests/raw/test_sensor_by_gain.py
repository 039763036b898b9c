"""A sensor whose terms follow the gain."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.experimental.numpy as tnp

from fanet_tf.raw.noise import NoiseParams
from fanet_tf.raw.sampling import RandomDraws
from fanet_tf.raw.sensor import SensorModel
from fanet_tf.raw.sensor_by_gain import SensorByGain
from fanet_tf.training.feed.draws import StatelessDraws

LOW = SensorModel(
    signed_share=1.0,
    row=(0.1, 0.1),
    correlation=(0.1, 0.1),
    correlation_down=(0.0, 0.0),
    black_mean=(0.01, 0.0, 0.0, 0.0),
)
HIGH = dataclasses.replace(
    LOW,
    row=(0.3, 0.5),
    correlation=(0.2, 0.2),
    black_mean=(0.03, 0.0, 0.0, 0.0),
)
SENSOR = SensorByGain((1e-4, 1e-2), (LOW, HIGH))


def test_terms_are_interpolated_in_log_a_and_stay_beyond_the_ends():
    model = SENSOR.at(np.float32([1e-5, 1e-4, 1e-3, 1e-2, 1.0]))
    np.testing.assert_allclose(model.row[0], [0.1, 0.1, 0.2, 0.3, 0.3])
    np.testing.assert_allclose(model.row[1], [0.1, 0.1, 0.3, 0.5, 0.5])
    np.testing.assert_allclose(
        model.black_mean[0], [0.01, 0.01, 0.02, 0.03, 0.03]
    )
    # What does not differ stays a number.
    assert model.correlation_down == (0.0, 0.0)


def test_a_crop_of_a_measured_gain_is_that_model_s():
    rng = np.random.default_rng(0)
    clean = rng.random((3, 10, 14, 4), dtype=np.float32)
    for a, model in zip(SENSOR.a, SENSOR.models, strict=True):
        noise = NoiseParams(np.full(3, np.float32(a)), np.full(3, 1e-4, "f4"))
        got = SENSOR.expose(clean, noise, RandomDraws(1))
        expected = model.expose(clean, noise, RandomDraws(1))
        np.testing.assert_allclose(got.noisy, expected.noisy, atol=1e-6)


def test_tf_data_draws_what_eager_code_draws():
    clean = np.random.default_rng(0).random((4, 8, 6, 4), dtype=np.float32)

    def expose(seed):
        a = tf.constant([1e-4, 5e-4, 2e-3, 1e-2])
        noise = NoiseParams(a, a * 0.1)
        draws = StatelessDraws(seed)
        return SENSOR.expose(tf.constant(clean), noise, draws, tnp).noisy

    seed = tf.constant([1, 2], tf.int64)
    expected = expose(seed)
    assert expected.dtype == tf.float32 and expected.shape == clean.shape
    dataset = tf.data.Dataset.from_tensors(seed).map(expose)
    (got,) = dataset
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_terms_can_be_left_out():
    without = SENSOR.without("lines", "black")
    assert without.models[1].row == (0.0, 0.0)
    assert without.at(np.float32([1e-3])).black_mean == (0.0,) * 4
    assert without.below_black == "signed"


@pytest.mark.parametrize(
    "a, models, expected",
    [
        ((1e-4,), (LOW, HIGH), "a model for each"),
        ((1e-2, 1e-4), (LOW, HIGH), "rising"),
        ((), (), "a model for each"),
        ((0.0, 1e-4), (LOW, HIGH), "must be positive"),
        (
            (1e-4, 1e-2),
            (LOW, dataclasses.replace(HIGH, bits=(10,))),
            "`bits` must not differ",
        ),
    ],
)
def test_models_that_do_not_fit_together_are_refused(a, models, expected):
    with pytest.raises(ValueError, match=expected):
        SensorByGain(a, models)
