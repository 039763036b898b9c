"""Laws of the optimiser: averaged weights, clipping, the rate's schedule."""

import keras
import numpy as np
import pytest
from runs import small_config

from fanet_tf.training import members
from fanet_tf.training import trainer as trainer_lib

SIZE = 8


@pytest.fixture(scope="module")
def config():
    config = small_config()
    config.train.steps = 100
    config.train.learning_rate = 1e-2
    return config


@pytest.fixture
def batch(rng):
    clean = rng.random((2, SIZE, SIZE, 4), dtype=np.float32)
    ones = np.ones((2, 1, 1, 1), np.float32)
    return {"noisy": 0.9 * clean, "scale": 500 * ones, "offset": ones}, clean


def make(config, **train):
    config = config.copy_and_resolve_references()
    config.train.update(train)
    keras.utils.set_random_seed(0)
    member = members.build(config.model, SIZE, SIZE)
    trainer = trainer_lib.Trainer(member, config.loss)
    trainer_lib.compile_trainer(trainer, config.train)
    return trainer


def test_averaged_weights_forget_a_thousandth_a_step(config, batch):
    trainer = make(config)
    steps = []
    for _ in range(3):
        trainer.train_on_batch(*batch)
        steps.append(trainer.member.get_weights())
    for first, second, third, average in zip(
        *steps, trainer_lib.ema_weights(trainer), strict=True
    ):
        expected = 0.999 * first + 0.001 * second
        expected = 0.999 * expected + 0.001 * third
        np.testing.assert_allclose(average, expected, rtol=1e-5, atol=1e-8)
    # Else the test would not tell an average from the weights.
    assert any(
        np.abs(last - first).max() > 1e-3
        for first, last in zip(steps[0], steps[2], strict=True)
    )


def test_gradients_are_clipped_together(config, batch):
    def norm(clip_norm):
        """Of the first gradient, which Adam keeps a tenth of."""
        trainer = make(config, clip_norm=clip_norm)
        trainer.train_on_batch(*batch)
        moments = [
            keras.ops.convert_to_numpy(variable)
            for variable in trainer.optimizer._momentums
        ]
        return 10.0 * np.sqrt(sum((m**2).sum() for m in moments))

    assert norm(0.0) > 2.0
    assert norm(1.5) == pytest.approx(1.5, rel=1e-3)


def test_the_rate_warms_up_and_falls_as_a_cosine(config):
    def rates(trainer, steps):
        for step in steps:
            trainer.optimizer.iterations.assign(step)
            yield float(trainer.optimizer.learning_rate)

    plain = list(rates(make(config), (0, 25, 50, 100)))
    cosine = [0.5 * (1 + np.cos(np.pi * x)) for x in (0.0, 0.25, 0.5, 1.0)]
    np.testing.assert_allclose(plain, 1e-2 * np.array(cosine), atol=1e-8)
    warm = list(rates(make(config, warmup_steps=20), (0, 10, 20, 60, 100)))
    np.testing.assert_allclose(
        warm, 1e-2 * np.array([0.0, 0.5, 1.0, 0.5, 0.0]), atol=1e-8
    )
