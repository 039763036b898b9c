"""Laws of the losses; the last test runs the file on the second backend."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from helpers import randomise
from keras import layers as klayers
from keras import ops

from fanet_tf import config as config_lib
from fanet_tf import losses
from fanet_tf import models
from fanet_tf.errors import InputError
from fanet_tf.losses import perceptual
from fanet_tf.losses import vgg
from fanet_tf.metrics.psnr import psnr
from fanet_tf.raw import isp
from fanet_tf.training import trainer as trainer_lib

SIZE = (2, 16, 24, 4)
SCALE, OFFSET = (
    np.float32(values).reshape(2, 1, 1, 1)
    for values in ([500.0, 90.0], [1.2, 0.4])
)
COLOUR = {
    "rgb_from_cam": np.float32(
        [[[1.5, -0.3, -0.2], [-0.2, 1.4, -0.2], [0.0, -0.5, 1.5]]] * 2
    ),
    "red_gain": np.float32([1.9, 1.5]),
    "blue_gain": np.float32([1.6, 2.0]),
}


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(0)
    clean = rng.uniform(0.05, 0.4, SIZE).astype(np.float32)
    noisy = clean + rng.normal(0.0, 0.03, SIZE).astype(np.float32)
    return noisy, clean


def member(name="upi", seed=1):
    sizes = {
        "unet": {"widths": (8, 8, 8), "mid_blocks": 1, "fa_hidden": 4},
        "upi": {"base_width": 4, "levels": 3},
        "gated": {"widths": (8, 8, 8), "stem_stride": 2},
    }[name]
    model = models.build(name, *SIZE[1:3], **sizes)
    randomise(model, seed)
    return model


@pytest.fixture(scope="module")
def stand_in():
    """A network with poolings in the place of VGG-16."""
    image = keras.Input((None, None, 3))
    x = image
    for width in (4, 8):
        x = klayers.Conv2D(width, 3, padding="same", activation="relu")(x)
        x = klayers.MaxPooling2D()(x)
    model = keras.Model(image, x, name="stand_in")
    randomise(model)
    model.layers[1].set_weights([0.02 * w for w in model.layers[1].weights])
    return perceptual.feature_network(model)


def numpy_perceptual(features, targets):
    """Johnson et al., section 3.2, written out for each image."""
    total = 0.0
    for j, (x, y) in enumerate(zip(features, targets, strict=True)):
        x, y = (np.float64(ops.convert_to_numpy(v)) for v in (x, y))
        height, width, channels = x.shape[1:]
        size = channels * height * width
        for one, other in zip(x, y, strict=True):
            if j == 1:
                total += ((one - other) ** 2).sum() / size / len(x)
            grams = [
                np.array(
                    [
                        [
                            (f[..., c] * f[..., d]).sum() / size
                            for d in range(channels)
                        ]
                        for c in range(channels)
                    ]
                )
                for f in (one, other)
            ]
            total += ((grams[0] - grams[1]) ** 2).sum() / len(x)
    return total


def as_float(value):
    return float(ops.convert_to_numpy(value))


@pytest.mark.parametrize("domain", losses.DOMAINS)
def test_charbonnier_and_distillation_are_their_equations(pair, domain):
    noisy, clean = pair
    error = losses.error(noisy, clean, SCALE, OFFSET, domain)
    expected = np.float64(noisy - clean)
    if domain == "stabilised":
        # Var = a x + b, as s / scale^2 with s = x / a + b / a^2.
        s = clean * SCALE + OFFSET
        expected = expected * SCALE / np.sqrt(s + 0.375)
    charbonnier = np.mean(np.sqrt(expected**2 + 1e-12))
    assert as_float(losses.charbonnier(error)) == pytest.approx(
        charbonnier, rel=1e-5
    )
    assert as_float(losses.distillation(error)) == pytest.approx(
        np.mean(np.abs(expected)), rel=1e-5
    )


@pytest.mark.parametrize("name", ["unet", "upi", "gated"])
def test_feature_loss_is_its_equation(pair, name):
    features = losses.TeacherFeatures(member(name))
    expected = numpy_perceptual(
        *(features(packed, SCALE, OFFSET) for packed in pair)
    )
    got = losses.feature_loss(features, *pair, SCALE, OFFSET)
    assert len(features(pair[0], SCALE, OFFSET)) == 2  # Of three levels.
    assert as_float(got) == pytest.approx(expected, rel=1e-4)
    assert expected > 1e-3


def test_rgb_perceptual_is_its_equation(pair, stand_in):
    rendered = [isp.to_srgb(packed, *COLOUR.values()) for packed in pair]
    expected = numpy_perceptual(
        *(
            stand_in(
                keras.applications.vgg16.preprocess_input(255.0 * np.array(x))
            )
            for x in rendered
        )
    )
    got = losses.rgb_perceptual(stand_in, *pair, COLOUR)
    assert as_float(got) == pytest.approx(expected, rel=1e-3)
    assert expected > 1e-3


def test_each_loss_is_its_constant_at_the_target(pair, stand_in):
    _, clean = pair
    zero = losses.error(clean, clean, SCALE, OFFSET, "stabilised")
    features = losses.TeacherFeatures(member())
    assert as_float(losses.charbonnier(zero)) == pytest.approx(1e-6)
    assert as_float(losses.distillation(zero)) == 0.0
    assert as_float(losses.rgb_perceptual(stand_in, clean, clean, COLOUR)) == 0
    same = losses.feature_loss(features, clean, clean, SCALE, OFFSET)
    assert as_float(same) == 0.0


def psnr_loss(denoised, clean, domain):
    error = losses.error(denoised, clean, SCALE, OFFSET, domain)
    variance = losses.variance(clean, SCALE, OFFSET, domain)
    return as_float(losses.psnr(error, variance))


def test_the_psnr_loss_is_the_mean_psnr_of_the_crops(pair):
    noisy, clean = pair
    one, other = (clean + k * (noisy - clean) for k in (1.0, 0.3))
    gained = [
        psnr(b, c) - psnr(a, c)
        for a, b, c in zip(one, other, clean, strict=True)
    ]
    expected = np.mean(gained) * np.log(10.0) / 10.0
    for domain in losses.DOMAINS:
        before, after = (psnr_loss(x, clean, domain) for x in (one, other))
        # The floor stands 30 dB below the noise.
        assert before - after == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize("domain", losses.DOMAINS)
def test_the_psnr_loss_of_noise_is_near_zero(domain):
    rng = np.random.default_rng(0)
    clean = np.full((2, 64, 64, 4), 0.2, np.float32)
    deviation = np.sqrt(clean * SCALE + OFFSET) / SCALE
    noisy = clean + deviation * rng.standard_normal(clean.shape, np.float32)
    assert psnr_loss(noisy, clean, domain) == pytest.approx(0.0, abs=0.05)
    nothing = psnr_loss(clean, clean, domain)
    assert nothing == pytest.approx(np.log(1e-3))


@pytest.mark.parametrize("domain", losses.DOMAINS)
def test_the_psnr_loss_has_a_domain_of_its_own(pair, domain):
    noisy, clean = pair
    config = config_lib.default_config()
    config.loss.psnr = 2.0
    config.loss.psnr_domain = domain
    x = {"noisy": noisy, "scale": SCALE, "offset": OFFSET}
    terms = losses.terms(config.loss, x, clean, noisy, None, None, None)
    assert as_float(terms["psnr"]) == pytest.approx(
        2.0 * psnr_loss(noisy, clean, domain)
    )
    error = losses.error(noisy, clean, SCALE, OFFSET, "stabilised")
    expected = config.loss.charbonnier * as_float(losses.charbonnier(error))
    assert as_float(terms["charbonnier"]) == pytest.approx(expected)


def test_charbonnier_computes_in_float32():
    half = ops.cast(np.zeros((1, 2, 2, 4)), "bfloat16")
    loss = losses.charbonnier(half)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert as_float(loss) == pytest.approx(1e-6)


def trainer_of_everything(stand_in, teacher):
    """A trainer with every loss, of a student that gives its input back."""
    config = config_lib.default_config()
    config.loss.psnr = 30.0
    config.loss.rgb_perceptual = 1.0
    config.loss.distillation = 1.0
    config.loss.feature = 78.7
    config.loss.teacher = "a run"
    config.train.steps = 10
    config.train.learning_rate = 1e-2
    student = models.build("upi", *SIZE[1:3], base_width=4, levels=2)
    trainer = trainer_lib.Trainer(student, config.loss, teacher, stand_in)
    trainer_lib.compile_trainer(trainer, config.train)
    return trainer


def test_only_the_student_learns(pair, stand_in):
    noisy, clean = pair
    teacher = member()
    trainer = trainer_of_everything(stand_in, teacher)
    mine = {v.path for v in trainer.member.trainable_variables}
    assert {v.path for v in trainer.trainable_variables} == mine
    frozen = [*teacher.weights, *stand_in.weights]
    before = [ops.convert_to_numpy(w).copy() for w in frozen]

    def step(noisy):
        inputs = {"noisy": noisy, "scale": SCALE, "offset": OFFSET, **COLOUR}
        logs = trainer.train_on_batch(inputs, clean, return_dict=True)
        return {name: float(value) for name, value in logs.items()}

    # Errors of exactly zero: the gradients are finite there.
    step(clean)
    assert all(np.isfinite(w).all() for w in trainer.member.get_weights())

    randomise(trainer.member, 2)
    student = trainer.member.get_weights()
    trainer.reset_metrics()
    first = step(noisy)
    for was, now in zip(before, frozen, strict=True):
        np.testing.assert_array_equal(was, ops.convert_to_numpy(now))
    # Its every kernel has a gradient.
    for was, now in zip(student, trainer.member.get_weights(), strict=True):
        assert np.isfinite(now).all() and (was != now).any()
    terms = {name: first[name] for name in losses.NAMES}
    assert first["loss"] == pytest.approx(sum(terms.values()), rel=1e-5)
    # A logarithm has either sign, a distance one.
    assert terms.pop("psnr") != 0
    assert min(terms.values()) > 0


def test_vgg_16_is_cut_at_its_poolings():
    model = keras.applications.VGG16(include_top=False, weights=None)
    network = perceptual.feature_network(model)
    assert [layer.name for layer in network.layers if "pool" in layer.name] == [
        f"block{i}_pool" for i in (1, 2, 3)
    ]
    assert [o.shape[-1] for o in network.outputs] == [64, 128, 256, 512]
    assert network.layers[-1].name == "block4_conv3"
    assert not network.trainable_variables


def test_vgg_16_is_never_random():
    with pytest.raises(InputError, match="Received: 'none'"):
        vgg.features("none")


def test_a_teacher_without_levels_teaches_by_its_output_alone():
    config = config_lib.default_config()
    teacher = models.build("pmrid", 32, 32)
    student = models.build("gated", 32, 32, widths=(8, 16))
    config.loss.teacher = "a run"
    config.loss.distillation = 1.0
    trainer_lib.Trainer(student, config.loss, teacher)
    config.loss.feature = 78.7
    with pytest.raises(InputError, match="a network of levels"):
        trainer_lib.Trainer(student, config.loss, teacher)


@pytest.mark.parametrize(
    "field, value, message",
    [
        ("charbonnier", 0.0, "one must be above 0"),
        ("feature", -1.0, "must not be negative"),
        ("feature", 78.7, "`loss.teacher` must be"),
        ("domain", "rgb", "`loss.domain` must be .* Received: 'rgb'"),
        ("psnr_domain", "rgb", "`loss.psnr_domain` must be .* Received: 'rgb'"),
        ("teacher_flips", 3, "must be one of 1, 2, 4, 8. Received: 3"),
    ],
)
def test_losses_that_train_nothing_are_refused(field, value, message):
    config = config_lib.default_config()
    config.loss[field] = value
    with pytest.raises(InputError, match=message):
        losses.check(config.loss)


@pytest.mark.skipif(
    keras.backend.backend() == "jax", reason="this is the second backend"
)
def test_all_of_it_holds_on_jax():
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("-k", "not vgg and not refused and not unet", __file__),
        ],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-3000:]
