"""Each term of the sensor model against its theory, eagerly and in tf.data."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from fanet_tf.raw import noise as raw_noise
from fanet_tf.raw import sensor
from fanet_tf.raw import sensor_presets
from fanet_tf.raw import sensor_terms as terms
from fanet_tf.raw.noise import NoiseParams
from fanet_tf.raw.sampling import RandomDraws
from fanet_tf.raw.sensor import SensorModel

A, B = 3.36e-3, 2.06e-5  # Gain 16 of the IMX258's stand-in.
# Noise so small that a term stands alone; one image, many pixels.
QUIET = 1e-14


def expose(model, level=0.1, shape=(1, 300, 400, 4), noise=(A, B), seed=0):
    clean = np.full(shape, level, np.float32)
    noise = NoiseParams(*(np.full(shape[0], n, np.float32) for n in noise))
    return model.expose(clean, noise, RandomDraws(seed))


def test_without_terms_the_noise_is_the_papers():
    clean = np.random.default_rng(1).random((2, 9, 7, 4), dtype=np.float32)
    noise = NoiseParams(np.float32([A, 2e-4]), np.float32([B, 4e-7]))
    got = SensorModel().expose(clean, noise, RandomDraws(3))
    normal = RandomDraws(3).normal(*clean.shape)
    expected = raw_noise.add_noise(clean, noise, normal)
    np.testing.assert_allclose(got.noisy, expected, atol=1e-7)
    assert got.clean is clean
    assert got.noise == noise


@pytest.mark.parametrize("photons", [0.0, 0.5, 2.0, 8.0, 60.0])
def test_light_is_poisson_behind_read_noise(photons):
    """The first three moments, and the distribution within 1 %."""
    rng = np.random.default_rng(0)
    read = 1.34  # Photons, the stand-in's at gain 64.
    normal = rng.standard_normal((1, 1000, 1000, 1))
    clean = np.full(normal.shape, photons * A)
    drawn = terms.photons(clean, A, (read * A) ** 2, normal).ravel() / A
    real = rng.poisson(photons, drawn.size) + read * rng.standard_normal(
        drawn.size
    )
    count = drawn.size
    variance = photons + read**2
    assert abs(drawn.mean() - photons) < 4 * np.sqrt(variance / count)
    assert drawn.var() == pytest.approx(variance, rel=6e-3)
    third = np.mean((drawn - drawn.mean()) ** 3)
    assert third == pytest.approx(photons, rel=0.04, abs=0.03)
    assert stats.ks_2samp(drawn, real).statistic < 0.01
    # A symmetric Gaussian does worse where photons are few.
    plain = terms.photons(clean, A, (read * A) ** 2, normal, False).ravel() / A
    if photons == 2.0:
        assert stats.ks_2samp(plain, real).statistic > 0.015


@pytest.mark.parametrize("down, across", [(0.0, 0.1), (0.25, 0.0), (0.1, 0.2)])
def test_correlation_is_the_kernels_and_keeps_the_variance(down, across):
    normal = np.random.default_rng(2).standard_normal((1, 402, 502, 4))
    mixed = terms.correlated(normal, np.array([down]), np.array([across]))
    assert mixed.shape == (1, 400, 500, 4)
    assert mixed.var() == pytest.approx(1.0, abs=0.01)

    def lag(y, x):
        first = mixed[:, : 400 - y, : 500 - x]
        return np.mean(first * mixed[:, y:, x:])

    for k, step in ((down, (1, 0)), (across, (0, 1))):
        assert lag(*step) == pytest.approx(2 * k / (1 + 2 * k * k), abs=0.01)
        twice = [2 * n for n in step]
        assert lag(*twice) == pytest.approx(k * k / (1 + 2 * k * k), abs=0.01)
    # Other colours stay independent.
    assert np.mean(mixed[..., 0] * mixed[..., 1]) == pytest.approx(0, abs=0.01)


def test_rows_and_columns_have_offsets_of_their_deviation():
    model = SensorModel(signed_share=1.0, row=(0.3, 0.3), column=(0.1, 0.1))
    exposed = expose(model, shape=(1, 500, 500, 4)).noisy[0]
    error = exposed - 0.1
    variance = A * 0.1 + B
    rows = np.stack([error[..., :2], error[..., 2:]]).mean((2, 3))
    columns = np.stack([error[..., ::2], error[..., 1::2]]).mean((1, 3))
    left = variance / 1000
    assert rows.var() == pytest.approx(0.09 * B + left, rel=0.2)
    assert columns.var() == pytest.approx(0.01 * B + left, rel=0.2)


def test_a_sensor_row_is_shared_by_two_planes(rng):
    drawn = terms.line_noise(
        np.zeros((2, 6, 9, 4)),
        np.array([0.0, 0.1]),
        np.zeros(2),
        rng.standard_normal((2, 6, 2)),
        rng.standard_normal((2, 9, 2)),
    )
    assert not drawn[0].any()
    np.testing.assert_array_equal(drawn[1, ..., 0], drawn[1, ..., 1])
    np.testing.assert_array_equal(drawn[1, ..., 2], drawn[1, ..., 3])
    assert np.ptp(drawn[1], axis=1).max() == 0.0


def test_defects_come_at_their_rate_bright_dark_and_in_pairs():
    rate, pairs = 2e-3, 0.2
    model = SensorModel(
        defect_rate=(rate, rate), pair_share=pairs, bright_share=0.6
    )
    exposed = expose(model, 0.2, (4, 300, 400, 4), (QUIET, QUIET))
    error = exposed.noisy - 0.2
    wrong = np.abs(error) > 1e-4
    expected = rate * (1 + pairs)
    assert wrong.mean() == pytest.approx(expected, rel=0.04)
    assert np.mean(error[wrong] > 0) == pytest.approx(0.6, abs=0.03)
    assert np.all(exposed.noisy[error < -1e-4] <= 0.1 + 1e-6)  # Half or less.
    # Pairs lie in one row of the sensor: R and Gr, or Gb and B.
    together = [wrong[..., i] & wrong[..., j] for i, j in ((0, 1), (2, 3))]
    assert np.mean(together) == pytest.approx(2 * rate * pairs, rel=0.15)
    apart = wrong[..., 0] & wrong[..., 2]
    assert apart.mean() < 0.1 * np.mean(together)
    # The target is the scene.
    np.testing.assert_array_equal(exposed.clean, np.float32(0.2))


def test_a_stuck_pixel_reads_the_lowest_count():
    model = SensorModel(
        signed_share=1.0,
        pedestal=(0.05, 0.05),
        defect_rate=(1e-2, 1e-2),
        bright_share=0.0,
        pair_share=0.0,
        stuck_share=0.25,
    )
    noisy = expose(model, 0.2, (4, 300, 400, 4), (QUIET, QUIET)).noisy
    stuck = np.abs(noisy + 0.05) < 1e-6
    assert stuck.mean() == pytest.approx(2.5e-3, rel=0.05)
    dark = noisy[(noisy < 0.199) & ~stuck] / 0.2
    assert dark.mean() == pytest.approx(0.25, abs=0.01)
    assert dark.min() >= 0.0 and dark.max() <= 0.5 + 1e-6


def test_a_rate_of_zero_has_no_defects():
    places = np.zeros((1, 4, 5))
    noisy = np.full((1, 4, 5, 4), 0.3)
    drawn = terms.defects(noisy, np.zeros(1), places, places)
    np.testing.assert_array_equal(drawn, noisy)


def test_the_pedestal_keeps_the_noise_below_black_or_clips_it():
    model = SensorModel(signed_share=0.5, pedestal=(0.01, 0.01))
    exposed = expose(model, 0.0, (400, 20, 20, 4)).noisy
    lowest = exposed.min((1, 2, 3))
    signed = lowest < 0
    assert signed.mean() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(lowest[~signed], 0.0)
    assert lowest.min() == pytest.approx(-0.01)  # 2.2 deviations.
    noise = NoiseParams(np.array([A]), np.array([B]))
    black = np.zeros((1, 1, 1, 1))
    for low, crops in ((-0.01, signed), (0.0, ~signed)):
        mean = raw_noise.censored_mean(black, noise, low=low).item()
        assert exposed[crops].mean() == pytest.approx(mean, abs=4e-5)


def test_white_stays_white():
    model = SensorModel(signed_share=1.0, poisson=True, bits=(10,))
    exposed = expose(model, 1.0)
    assert exposed.noisy.max() == 1.0
    assert np.mean(exposed.noisy == 1.0) == pytest.approx(0.5, abs=0.03)


def test_black_is_off_by_plane():
    mean = (0.004, -0.002, 0.0, 0.001)
    model = SensorModel(
        signed_share=1.0, black_mean=mean, black_deviation=(1e-3, 0.5)
    )
    exposed = expose(model, 0.2, (3000, 2, 2, 4), (QUIET, B))
    error = (exposed.noisy - 0.2).mean((1, 2))
    deviation = np.sqrt(1e-6 + 0.25 * B + B / 4)
    np.testing.assert_allclose(
        error.mean(0), mean, atol=4 * deviation / np.sqrt(3000)
    )
    np.testing.assert_allclose(error.std(0), deviation, rtol=0.06)
    covariance = np.corrcoef(error.T)
    assert np.abs(covariance - np.eye(4)).max() < 0.08
    np.testing.assert_array_equal(exposed.clean, np.float32(0.2))


def test_green_imbalance_belongs_to_the_scene():
    model = SensorModel(green=(0.02, 0.0))
    exposed = expose(model, 0.2, noise=(QUIET, QUIET))
    expected = 0.2 * np.array([1.0, 1.01, 0.99, 1.0])
    np.testing.assert_allclose(exposed.clean[0, 0, 0], expected, rtol=1e-5)
    np.testing.assert_allclose(exposed.noisy[0, 0, 0], expected, rtol=1e-5)
    assert terms.green_imbalance(np.ones((1, 1, 1, 4)), np.ones(1)).max() == 1.0


@pytest.mark.parametrize("bits, step", [(10, 1 / 959), (12, 1 / 3839)])
def test_values_are_counts_of_the_converter(bits, step):
    model = SensorModel(bits=(bits,), pedestal=(64 / 959, 64 / 959))
    counts = expose(model).noisy / step
    assert np.abs(counts - np.round(counts)).max() < 2e-3
    assert len(np.unique(np.round(counts))) > 50


def test_each_converter_is_as_likely():
    model = SensorModel(bits=(8, 16))
    exposed = expose(model, 0.5, (300, 4, 4, 4), (QUIET, QUIET)).noisy
    coarse = np.abs(exposed[:, 0, 0, 0] - 0.5) > 1e-4
    assert coarse.mean() == pytest.approx(0.5, abs=0.12)


def test_shading_scales_a_and_b_over_the_crop():
    gain = terms.shading(5, 9, np.array([0.2]), np.array([-0.1]))[0, :, :, 0]
    assert gain[2, 4] == pytest.approx(1.0)
    assert gain[4, 4] == pytest.approx(1.2)
    assert gain[2, 8] == pytest.approx(0.9)
    model = SensorModel(signed_share=1.0, shading=0.4)
    exposed = expose(model, 0.1, (1, 400, 600, 4), seed=5)
    error = exposed.noisy[0] - 0.1
    draws = RandomDraws(5)
    draws.normal(1, 400, 600, 4)
    down, across = (0.8 * draws.uniform(1) - 0.4 for _ in range(2))
    at = terms.shading(400, 600, down, across)[0, ..., 0]
    for part in (np.s_[:40, :60], np.s_[-40:, -60:], np.s_[180:220, 270:330]):
        gain = at[part].mean()
        variance = A * gain * 0.1 + B * gain**2
        assert error[part].var() == pytest.approx(variance, rel=0.06)


def test_a_and_b_are_told_with_an_error():
    model = SensorModel(
        signed_share=1.0, told_deviation=(0.13, 0.4), told_limit=(1.3, 2.6)
    )
    # In light nearly all of the variance is of `a`, in the dark all of `b`;
    # a uniform share of a deviation has a third of its square.
    for scene, spread in ((0.1, 0.13 / 3**0.5), (0.0, 0.4 / 3**0.5)):
        exposed = expose(model, scene, (2000, 32, 32, 4))
        np.testing.assert_allclose(exposed.noise.a, A, rtol=1e-6)
        np.testing.assert_allclose(exposed.noise.b, B, rtol=1e-6)
        variance = (exposed.noisy - scene).var((1, 2, 3))
        errors = np.log(variance / (A * scene + B))
        assert errors.std() == pytest.approx(spread, rel=0.2)
        # More files are nearly right than a normal law has, 0.383.
        assert (abs(errors) < spread / 2).mean() > 0.42
        limit = np.log(model.told_limit[0 if scene else 1])
        assert abs(errors).max() < 1.2 * limit
    told = SensorModel(read_factor=(0.5, 2.0))
    b = expose(told, 0.1, (4000, 1, 1, 4)).noise.b / B
    assert b.min() >= 0.499 and b.max() <= 2.001
    assert np.log(b).std() == pytest.approx(np.log(4) / np.sqrt(12), rel=0.05)


def test_terms_come_in_their_share_of_the_crops():
    model = SensorModel(terms_share=0.3, bits=(10,))
    counts = expose(model, 0.1, (4000, 1, 2, 4)).noisy * 959
    is_rounded = (np.abs(counts - np.rint(counts)) < 1e-4).all((1, 2, 3))
    # Four deviations of 4,000 draws.
    assert is_rounded.mean() == pytest.approx(0.3, abs=0.03)


def test_a_crop_without_terms_is_what_its_file_tells():
    phone = dataclasses.replace(sensor_presets.PHONE, read_factor=(1.0, 1.0))
    quiet = {"shape": (8, 30, 40, 4), "noise": (QUIET, QUIET)}
    ideal = expose(phone.in_share(0.0), **quiet)
    np.testing.assert_allclose(ideal.noisy, 0.1, atol=1e-5)
    np.testing.assert_array_equal(ideal.clean, np.float32(0.1))
    noisy = expose(phone, **quiet).noisy
    assert np.abs(noisy - 0.1).max((1, 2, 3)).min() > 1e-4
    # Nothing else has come in: mean and variance are those that are told.
    x = expose(phone.in_share(0.0), 0.3, (40, 50, 50, 4)).noisy
    assert x.mean() == pytest.approx(0.3, abs=2e-4)
    assert x.var() == pytest.approx(A * 0.3 + B, rel=0.02)


@pytest.mark.parametrize("term", sensor.TERMS)
def test_a_term_can_be_left_out(term):
    phone = sensor_presets.PHONE
    ideal = SensorModel()
    less = phone.without(term)
    for name in sensor.TERMS[term]:
        assert getattr(less, name) == getattr(ideal, name)
    assert less != phone
    assert phone.without(*sensor.TERMS).below_black == "clipped"


@pytest.mark.parametrize(
    "changes",
    [
        {"defect_rate": (0.0, 0.5)},
        {"row": (0.2, 0.1)},
        {"signed_share": 1.5},
        {"terms_share": -0.1},
        {"bits": (4,)},
        {"told_limit": (1.3, 0.5)},
        {"told_deviation": (-0.1, 0.2)},
        {"told_deviation": (0.1, 11.0)},
        {"green": (0.0, -1.0)},
        {"black_mean": (0.0,)},
        {"shading": 0.8},
    ],
)
def test_terms_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match="Received: "):
        SensorModel(**changes)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="Received: 'camera'"):
        sensor_presets.preset("camera")
    with pytest.raises(ValueError, match="Received: 'dust'"):
        sensor_presets.PHONE.without("dust")


class _Same:
    """Hands the same draws to two namespaces."""

    def __init__(self, convert=lambda x: x):
        self._draws, self._convert = RandomDraws(11), convert

    def uniform(self, *shape):
        return self._convert(self._draws.uniform(*shape))

    def normal(self, *shape):
        return self._convert(self._draws.normal(*shape))


@pytest.mark.parametrize("world", ["tnp", "keras", "tf.data"])
def test_every_namespace_draws_the_same(world):
    import keras
    import tensorflow as tf
    import tensorflow.experimental.numpy as tnp

    clean = np.random.default_rng(0).random((3, 8, 10, 4), dtype=np.float32)
    clean *= 0.2
    noise = NoiseParams(
        np.float32([2e-4, A, 1e-2]), np.float32([4e-7, B, 2e-4])
    )
    # Defects often enough to be seen, a crop without terms; others as they are.
    model = dataclasses.replace(
        sensor_presets.PHONE, defect_rate=(0.05, 0.05), terms_share=0.6
    )
    expected = model.expose(clean, noise, _Same())
    if world == "keras":
        xp, convert = keras.ops, keras.ops.convert_to_tensor
    else:
        xp, convert = tnp, tf.convert_to_tensor

    def form(clean, a, b):
        return model.expose(clean, NoiseParams(a, b), _Same(convert), xp)

    arrays = (clean, *noise)
    if world == "tf.data":
        form = tf.autograph.experimental.do_not_convert(form)
        dataset = tf.data.Dataset.from_tensors(arrays).map(form)
        got = next(iter(dataset))
    else:
        got = form(*(convert(x) for x in arrays))
    # A rounding tie may fall to the other side: a count of 10 bits.
    difference = np.abs(np.asarray(got[0]) - expected.noisy)
    assert np.mean(difference > 1e-5) < 0.01
    np.testing.assert_allclose(got[1], expected.clean, atol=1e-6)
    np.testing.assert_allclose(got[2].b, expected.noise.b, rtol=1e-4)
    for value in (got[0], got[1], *got[2]):
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
