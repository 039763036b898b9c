"""Dark frames whose terms are known, given back by the calibration."""

import numpy as np
import pytest

from fanet_tf.calibration import dark_report
from fanet_tf.calibration import dark_terms
from fanet_tf.calibration import profile
from fanet_tf.calibration import synthetic
from fanet_tf.calibration.samples import Levels
from fanet_tf.raw.sensor import SensorModel

LEVELS = (Levels(64.0, 1023.0, 0.0, 1023.0),) * 4
SHAPE = (300, 400)
ROW = 0.064  # Of the read noise: an IMX686's.


def read_noise(gain):
    """Deviation in counts of 10 bits."""
    return np.sqrt(profile.load("imx258").b(gain)) * 959.0


def series(gain, model, seed=0, num_frames=8, shape=SHAPE, defect_rate=0.0):
    b = profile.load("imx258").b(gain)
    rng = np.random.default_rng(seed)
    return synthetic.dark_frames(model, b, rng, num_frames, shape, defect_rate)


def sensor(down=0.0, across=0.0, **changes):
    return SensorModel(
        correlation=(across, across),
        correlation_down=(down, down),
        **{"row": (ROW, ROW), "column": (0.03, 0.03), **changes},
    )


def lag_one(k):
    """Correlation of neighbours behind the kernel `(k, 1, k)`."""
    return 2 * k / (1 + 2 * k * k)


def holds(estimate, value):
    # Twice the interval: a test that fails one time in 20 serves nobody.
    reach = estimate.high - estimate.low
    return abs(estimate.value - value) <= reach


@pytest.mark.parametrize(
    "gain, down, across",
    [(1, 0.0, 0.0), (4, 0.05, 0.1), (16, 0.0, 0.25), (64, 0.2, 0.0)],
)
def test_known_terms_are_recovered(gain, down, across):
    """Rows within 5 %, correlation within 0.01, black within 0.05 counts."""
    off = np.array([0.5, -0.3, 1.2, -1.1])
    model = sensor(down, across, black_mean=tuple(off / 959.0))
    # At gain 64, 17 counts of noise: 0.05 counts of black need more pixels.
    packed, _ = series(gain, model, num_frames=16 if gain == 64 else 8)
    found = dark_terms.measure(packed, LEVELS)
    noise, read = found.noise, read_noise(gain)
    assert noise.read == pytest.approx(read, rel=0.005)
    assert noise.row.value == pytest.approx(ROW * read, rel=0.05)
    assert holds(noise.row, ROW * read)
    assert holds(noise.column, 0.03 * read)
    for part, k in ((noise.down, down), (noise.across, across)):
        assert part.value == pytest.approx(lag_one(k), abs=0.01)
        assert holds(part, lag_one(k))
    for level, error in zip(found.black, off, strict=True):
        assert level.value == pytest.approx(64.0 + error, abs=0.05)
    assert noise.kurtosis.value == pytest.approx(0.0, abs=0.03)
    assert found.drift < 0.1 and found.is_signed
    assert found.defects.y.size == 0


def test_the_fixed_pattern_drops_out():
    """Uneven pixels, rows and columns that stay do not count as noise."""
    packed, _ = series(16, sensor(across=0.1))
    rng = np.random.default_rng(9)
    fixed = np.round(
        1.5 * rng.standard_normal((*SHAPE, 4))
        + 2.0 * rng.standard_normal((SHAPE[0], 1, 1))
        + 3.0 * rng.standard_normal((1, SHAPE[1], 1))
    )
    without = dark_terms.measure(packed, LEVELS).noise
    found = dark_terms.measure((packed + fixed).astype(np.uint16), LEVELS).noise
    assert found.read == pytest.approx(without.read, rel=1e-3)
    assert found.row.value == pytest.approx(without.row.value, rel=0.01)
    assert found.column.value == pytest.approx(without.column.value, rel=0.05)
    np.testing.assert_allclose(
        found.autocorrelation, without.autocorrelation, atol=1e-3
    )


def test_no_lines_are_found_where_there_are_none():
    packed, _ = series(16, sensor(across=0.25, row=(0, 0), column=(0, 0)))
    noise = dark_terms.measure(packed, LEVELS).noise
    for part in (noise.row, noise.column):
        assert part.low == 0.0
        assert part.value < 0.02 * noise.read
    power = np.array(noise.row_spectrum[1])
    assert power.mean() == pytest.approx(1.0, abs=0.06)


def test_a_band_stands_in_the_row_spectrum():
    packed, _ = series(16, sensor(row=(0, 0)))
    rng = np.random.default_rng(1)
    line = np.arange(2 * SHAPE[0])
    bands = [
        3.0 * np.sin(2 * np.pi * (0.1 * line + phase))
        for phase in rng.random(len(packed))
    ]
    rows = np.round(np.reshape(bands, (len(packed), SHAPE[0], 1, 2)))
    packed = (packed + rows.repeat(2, axis=-1)).astype(np.uint16)
    noise = dark_terms.measure(packed, LEVELS).noise
    frequency, power = noise.row_spectrum
    assert frequency[np.argmax(power)] == pytest.approx(0.1, abs=0.01)
    added = np.sqrt(np.mean(rows.var(axis=0, ddof=1)))
    assert noise.row.value == pytest.approx(added, rel=0.03)


@pytest.mark.parametrize("num_frames", [2, 8])
def test_heavy_tails_have_their_kurtosis(num_frames):
    """Student's t of 12 degrees of freedom: 6 / (12 - 4)."""
    rng = np.random.default_rng(3)
    noise = 6.0 * rng.standard_t(12, (num_frames, *SHAPE, 4))
    packed = np.round(noise + 64.0)
    found = dark_terms.measure(packed, LEVELS).noise.kurtosis
    assert found.value == pytest.approx(0.75, abs=0.12)
    assert found.low > 0.3


def test_a_drifting_black_level_is_seen_over_the_series():
    packed, _ = series(4, sensor())
    steps = np.arange(8)[:, None, None, None]  # A count a frame.
    still = dark_terms.measure(packed, LEVELS)
    found = dark_terms.measure((packed + steps).astype(np.uint16), LEVELS)
    assert still.drift < 0.03
    assert found.drift == pytest.approx(np.std(np.arange(8), ddof=1), rel=0.02)
    rise = np.diff(found.black_by_frame, axis=0)
    np.testing.assert_allclose(rise, 1.0, atol=0.1)
    # Lines, correlation and read noise do not see it.
    assert found.noise.read == pytest.approx(still.noise.read, rel=1e-3)
    assert found.noise.row.value == pytest.approx(
        still.noise.row.value, rel=1e-3
    )


def test_single_events_and_defects_leave_the_lines_alone():
    packed, defective = series(16, sensor(), defect_rate=5e-4)
    whole, _ = series(16, sensor())
    packed[3, 100, 50:60] = 1023  # A cosmic ray.
    found = dark_terms.measure(packed, LEVELS).noise
    plain = dark_terms.measure(whole, LEVELS).noise
    assert defective.sum() > 100
    assert found.read == pytest.approx(plain.read, rel=0.002)
    assert found.row.value == pytest.approx(ROW * read_noise(16), rel=0.05)
    assert found.across.value == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    "gain, levels, frames, side, why",
    [
        (16, LEVELS, 1, 40, "2 dark frames or more"),
        (16, LEVELS, 4, 4, "smaller than 64 pixels"),
        (16, (Levels(64, 1023, 64, 1023),) * 4, 4, 40, "clipped at black"),
        (0.1, LEVELS, 4, 40, "rounding hides"),
    ],
)
def test_what_frames_cannot_tell_is_said(gain, levels, frames, side, why):
    if gain < 1:
        packed = np.full((frames, side, 50, 4), 64, np.uint16)
        packed += np.random.default_rng(0).random(packed.shape) < 0.02
    else:
        packed, _ = series(gain, sensor(), 0, frames, (side, 50))
    packed = np.maximum(packed, max(levels[0].low, 0)).astype(np.uint16)
    found = dark_terms.measure(packed, levels)
    assert found.noise is None
    assert why in found.why
    assert found.is_clipped == ("clipped" in why)
    line = list(dark_report.lines({gain: found}, None, None))[1]
    assert ("clipped at black, mean" in line) == found.is_clipped


@pytest.mark.slow
def test_intervals_hold_the_truth_and_nothing_is_biased():
    """60 series of 8 small frames, correlated noise."""
    k, read = 0.15, read_noise(16)
    truth = {
        "row": ROW * read,
        "column": 0.03 * read,
        "down": 0.0,
        "across": lag_one(k),
    }
    covered = dict.fromkeys((*truth, "black"), 0)
    values = {name: [] for name in truth}
    for seed in range(60):
        packed, _ = series(16, sensor(across=k), 100 + seed, shape=(120, 160))
        found = dark_terms.measure(packed, LEVELS)
        for name, value in truth.items():
            part = getattr(found.noise, name)
            covered[name] += part.low <= value <= part.high
            values[name].append(part.value)
        black = found.black[1]
        covered["black"] += black.low <= 64.0 <= black.high
    assert min(covered.values()) >= 53, covered  # 88 %.
    assert np.mean(values["row"]) == pytest.approx(truth["row"], rel=0.01)
    for name in ("down", "across"):
        assert np.mean(values[name]) == pytest.approx(truth[name], abs=5e-4)
