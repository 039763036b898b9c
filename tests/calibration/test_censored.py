"""The estimator against noise that is known: bias, coverage, refusals."""

import numpy as np
import pytest

from fanet_tf.calibration import censored
from fanet_tf.calibration import estimator
from fanet_tf.calibration import samples
from fanet_tf.calibration import synthetic
from fanet_tf.errors import InputError

SIZE = 24  # Packed pixels: 576 of each plane and patch.


def imx258(gain):
    return 2.1e-4 * gain, 3.5e-7 + 7.9e-8 * gain**2


def levels(low):
    return (samples.Levels(64.0, 1023.0, low, 1023.0),) * 4


def one_run(gain, seed, num_frames=1, low=64.0, **changes):
    """Fits a chart from wholly black-clipped to wholly white-clipped."""
    a, b = imx258(gain)
    means = synthetic.intensities(exposure=1.15)
    means[0], means[-1] = -0.1, 1.6
    frames = synthetic.frames(
        means,
        a,
        b,
        np.random.default_rng(seed),
        num_frames,
        SIZE,
        low=low,
        **changes,
    )
    found, _ = samples.of_patches(frames, synthetic.patches(SIZE), levels(low))
    fit = censored.fit(found)
    naive = np.polyfit(
        [s.intensity for s in found], [s.variance for s in found], 1
    )
    return {
        "a": fit.a / a,
        "b": fit.b / b,
        "covers a": fit.a_interval[0] <= a <= fit.a_interval[1],
        "covers b": fit.b_interval[0] <= b <= fit.b_interval[1],
        "naive a": naive[0] / a,
        "naive b": naive[1] / b,
        "converged": fit.converged,
    }


def monte_carlo(gain, num_runs, **changes):
    runs = [one_run(gain, seed, **changes) for seed in range(num_runs)]
    return {key: np.mean([run[key] for run in runs]) for key in runs[0]}


def check(mean, worse_b=True):
    assert abs(mean["a"] - 1.0) <= 0.02
    assert abs(mean["b"] - 1.0) <= 0.05
    assert mean["converged"] == 1.0
    if worse_b:
        assert abs(mean["naive b"] - 1.0) > abs(mean["b"] - 1.0)


@pytest.mark.parametrize("gain", [1, 8, 64])
def test_clipping_and_rounding_do_not_bias_the_fit(gain):
    mean = monte_carlo(gain, num_runs=12)
    check(mean)
    assert mean["covers a"] >= 0.8
    assert mean["covers b"] >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    "num_frames, low", [(1, 64.0), (1, 0.0), (2, 64.0), (2, 0.0)]
)
def test_intervals_cover_the_truth(num_frames, low, capsys):
    cover_a, cover_b = [], []
    for gain in (1, 2, 4, 8, 16, 32, 64):
        mean = monte_carlo(gain, 60, num_frames=num_frames, low=low)
        with capsys.disabled():
            print(
                f"\nframes {num_frames}, clipped at {low:g}, gain {gain}: "
                + ", ".join(f"{k} {v:.4f}" for k, v in mean.items()),
                end="",
            )
        check(mean, worse_b=False)
        cover_a.append(mean["covers a"])
        cover_b.append(mean["covers b"])
    assert np.mean(cover_a) >= 0.93
    assert np.mean(cover_b) >= 0.93


def test_shading_inside_a_patch_is_corrected():
    mean = monte_carlo(8, 6, shading=0.2)
    assert abs(mean["a"] - 1.0) <= 0.02


def test_differences_remove_the_pixels_uneven_sensitivity():
    one = one_run(1, 0, num_frames=1, unevenness=0.01)
    two = one_run(1, 0, num_frames=2, unevenness=0.01)
    assert one["a"] > 1.1
    assert abs(two["a"] - 1.0) < 0.02


def test_floats_finer_than_counts_are_fitted_too():
    a, b = imx258(16)
    frames = synthetic.frames(
        synthetic.intensities(0.8),
        a,
        b,
        np.random.default_rng(0),
        size=SIZE,
        black=0.0,
        white=1e6,
        low=-1e9,
    )
    fine = (samples.Levels(0.0, 1e6, -np.inf, np.inf, step=1.0),) * 4
    found, _ = samples.of_patches(frames, synthetic.patches(SIZE), fine)
    fit = censored.fit(found)
    assert abs(fit.a / a - 1.0) < 0.04
    assert abs(fit.b / b - 1.0) < 0.2


def test_bright_patches_leave_b_open_and_say_so():
    """Negative `b` is told with its interval, not hidden."""
    told = 0
    for seed in range(12):
        frames = synthetic.frames(
            synthetic.intensities(0.9, darkest=0.3),
            *imx258(1),
            np.random.default_rng(seed),
            size=SIZE,
        )
        scene = estimator.Scene(frames, levels(0.0), synthetic.patches(SIZE))
        measured = estimator.measure([scene])
        low, high = measured.pooled.b_interval
        assert low < imx258(1)[1] < high
        if measured.pooled.b < 0.0:
            assert "negative" in measured.warnings()[0]
            told += 1
    assert 0 < told < 12


def dark_frames(gain, num_frames, seed=1, black=64.7, low=0.0):
    _, b = imx258(gain)
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((num_frames, 200, 300, 4))
    return np.clip(np.round(black + 959 * np.sqrt(b) * normal), low, 1023)


@pytest.mark.parametrize("num_frames", [1, 2])
@pytest.mark.parametrize("low", [0.0, 64.0])
def test_dark_frames_pin_b_and_the_black_level(num_frames, low):
    a, b = imx258(4)
    frames = synthetic.frames(
        synthetic.intensities(0.9, darkest=0.3),
        a,
        b,
        np.random.default_rng(0),
        num_frames,
        SIZE,
        black=64.7,
        low=low,
    )
    scene = estimator.Scene(frames, levels(low), synthetic.patches(SIZE))
    dark = dark_frames(4, num_frames, low=low)
    measured = estimator.measure([scene], dark)
    np.testing.assert_allclose(measured.black, 64.7, atol=0.05)
    assert abs(measured.pooled.b / b - 1.0) < 0.03
    assert abs(measured.pooled.a / a - 1.0) < 0.02
    assert measured.num_dark > 0


def test_an_outlying_patch_is_left_out():
    frames = synthetic.frames(
        synthetic.intensities(0.9),
        *imx258(4),
        np.random.default_rng(0),
        num_frames=2,
        size=SIZE,
    )
    top, left, height, width = synthetic.patches(SIZE)[15]
    # A flickering reflection: in one frame only, and not flat.
    spot = frames[0, top : top + height, left : left + width]
    spot += np.round(40 * np.sin(np.arange(width)))[None, :, None]
    scene = estimator.Scene(frames, levels(0.0), synthetic.patches(SIZE))
    measured = estimator.measure([scene])
    assert measured.left_out["outlier"] == 4
    assert abs(measured.pooled.a / imx258(4)[0] - 1.0) < 0.02


def test_texture_is_left_out_and_counted():
    rng = np.random.default_rng(0)
    frames = synthetic.frames(
        synthetic.intensities(0.9), *imx258(4), rng, size=SIZE
    )
    for index in (10, 15, 20):
        top, left, height, width = synthetic.patches(SIZE)[index]
        blobs = np.repeat(np.repeat(rng.normal(0, 9, (6, 6)), 4, 0), 4, 1)
        spot = frames[0, top : top + height, left : left + width]
        spot += np.round(blobs)[:, :, None]
    scene = estimator.Scene(frames, levels(0.0), synthetic.patches(SIZE))
    measured = estimator.measure([scene])
    assert measured.left_out["textured"] >= 10
    assert abs(measured.pooled.a / imx258(4)[0] - 1.0) < 0.03


@pytest.mark.parametrize("mean", [-0.2, 1.8])
def test_patches_that_are_all_clipped_are_refused(mean):
    frames = synthetic.frames(
        np.full((24, 4), mean),
        *imx258(4),
        np.random.default_rng(0),
        size=SIZE,
    )
    scene = estimator.Scene(frames, levels(0.0), synthetic.patches(SIZE))
    with pytest.raises(InputError, match="0 usable; left out: 96 clipped"):
        estimator.measure([scene])


def test_patches_of_one_brightness_are_refused():
    frames = synthetic.frames(
        np.full((24, 4), 0.3), *imx258(4), np.random.default_rng(0), size=SIZE
    )
    scene = estimator.Scene(frames, levels(0.0), synthetic.patches(SIZE))
    with pytest.raises(InputError, match="must differ in brightness"):
        estimator.measure([scene])


def test_small_patches_are_left_out():
    sample, reason = samples.of_patch(np.zeros((1, 9, 9)), levels(0.0)[0])
    assert sample is None
    assert reason == "small"
