"""The terms of a profile: read, written, refused; and the sensor they make."""

import copy
import dataclasses
import json
import pathlib

import numpy as np
import pytest

from fanet_tf.calibration import measured_sensor
from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration.terms import DefectTerms
from fanet_tf.calibration.terms import GainTerms
from fanet_tf.calibration.terms import GreenTerms
from fanet_tf.calibration.terms import Terms
from fanet_tf.errors import InputError
from fanet_tf.raw.noise import NoiseParams
from fanet_tf.raw.sampling import RandomDraws


def of_gain(gain, **changes):
    part = {
        name: changes.get(name, value)
        for name, value in (
            ("row", 0.064),
            ("column", 0.02),
            ("correlation_down", 0.0),
            ("correlation_across", 0.1961),
            ("kurtosis", 0.05),
        )
    }
    intervals = {f"{n}_interval": (v - 0.01, v + 0.01) for n, v in part.items()}
    return GainTerms(
        gain=gain,
        num_frames=8,
        black_level=(64.1, 63.9, 65.0, 65.2),
        black_level_interval=((64.0, 64.2), (63.8, 64), (64, 66), (65, 66)),
        black_error=changes.get("black_error", (1e-4, -1e-4, 1e-3, 1.2e-3)),
        black_drift=5e-5,
        read=6e-4 * gain,
        **part,
        **intervals,
    )


TERMS = Terms(
    gains=(
        of_gain(1.0),
        of_gain(16.0, row=0.1, black_error=(0.0, 0.0, 0.0, 0.0)),
    ),
    green=GreenTerms(0.01, (0.009, 0.011), 0.003, 24),
    defects=DefectTerms(1e-4, 0.8, 0.05, (0.03, 0.7), "s.defects.json"),
    pedestal=64 / 959,
    bits=10,
)


def profile(terms=TERMS):
    return dataclasses.replace(profile_lib.load("imx258"), terms=terms)


def test_a_profile_with_terms_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "p.json"
    path.write_text(json.dumps(profile().to_json()))
    assert profile_lib.load(path) == profile()
    assert json.loads(path.read_text())["schema_version"] == 2


@pytest.mark.parametrize("name", profile_lib.shipped())
def test_profiles_of_version_1_are_still_read(name, tmp_path):
    """All that ship are; the same law comes back in version 2."""
    folder = pathlib.Path(profile_lib.__file__).with_name("profiles")
    record = json.loads((folder / f"{name}.json").read_text())
    assert record["schema_version"] == 1
    loaded = profile_lib.load(name)
    assert loaded.terms is None
    assert loaded.a_coefficients == tuple(record["a_coefficients"])
    assert loaded.b_coefficients == tuple(record["b_coefficients"])
    path = tmp_path / "p.json"
    path.write_text(json.dumps(loaded.to_json()))
    assert profile_lib.load(path) == loaded


@pytest.mark.parametrize("version", [0, 3, "1", True, None])
def test_other_versions_are_refused(version):
    record = {**profile().to_json(), "schema_version": version}
    with pytest.raises(InputError, match="must be one of 1, 2. Received"):
        profile_lib.NoiseProfile.from_json(record)


@pytest.mark.parametrize(
    "path, value, expected",
    [
        (("gains", 0, "row"), -0.1, r"terms.gains\[0\]: `row` must be"),
        (("gains", 1, "row"), 11.0, r"terms.gains\[1\]: `row`.*at most 10"),
        (("gains", 0, "column"), None, "`column` must be"),
        (("gains", 0, "correlation_across"), 0.8, "`correlation_across`"),
        (("gains", 0, "black_error"), [0, 0, 0, 0.5], "`black_error`"),
        (("gains", 0, "black_error"), [0, 0], "must be 4 numbers"),
        (("gains", 0, "black_drift"), -1e-3, "`black_drift`"),
        (("gains", 0, "kurtosis"), -3.0, "`kurtosis`"),
        (("gains", 0, "read"), 0.0, "`read`"),
        (("gains", 0, "gain"), 0.0, "`gain`"),
        (("gains", 0, "gain"), 16.0, "`terms.gains` must rise"),
        (("gains", 0, "num_frames"), 1, "`num_frames`"),
        (("gains", 0, "row_interval"), [0.2, 0.3], "must hold its value"),
        (("gains", 0, "black_level_interval"), [[0, 99]], "4 intervals"),
        (("green", "mean"), 0.6, "terms.green: `mean`"),
        (("green", "deviation"), -0.1, "`deviation`"),
        (("defects", "rate"), 0.3, "terms.defects: `rate`"),
        (("defects", "bright"), [0.5, 0.1], "`bright` must not fall"),
        (("defects", "pair_share"), 1.5, "`pair_share`"),
        (("pedestal",), 0.0, "terms: `pedestal`"),
        (("bits",), 7, "terms: `bits`"),
        (("bits",), 10.5, "terms: `bits`"),
        (("gains",), 3, "not a noise profile"),
        (("gains",), [[]], "not a noise profile"),
        (("green",), 0.02, "not a noise profile"),
    ],
)
def test_terms_out_of_range_are_refused_in_one_line(path, value, expected):
    record = copy.deepcopy(json.loads(json.dumps(profile().to_json())))
    place = record["terms"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match=expected) as caught:
        profile_lib.NoiseProfile.from_json(record, "p.json")
    assert str(caught.value).startswith("p.json: ")
    assert "\n" not in str(caught.value)


def test_a_profile_without_a_term_is_no_profile():
    record = json.loads(json.dumps(profile().to_json()))
    del record["terms"]["gains"][1]["row"]
    with pytest.raises(InputError, match="KeyError: 'row'"):
        profile_lib.NoiseProfile.from_json(record)


@pytest.mark.parametrize("k", [0.0, 0.05, 0.25, 0.5])
def test_the_kernel_of_a_correlation_is_its_inverse(k):
    assert measured_sensor.kernel_of(2 * k / (1 + 2 * k * k)) == pytest.approx(
        k
    )
    assert measured_sensor.kernel_of(-0.2) == 0.0


def test_the_sensor_of_a_profile_has_what_was_measured():
    sensor = measured_sensor.of_profile(profile())
    assert sensor.below_black == "signed"
    low, high = sensor.models
    assert low.row == (0.064, 0.064) and high.row == (0.1, 0.1)
    assert low.correlation == (pytest.approx(0.1, abs=1e-4),) * 2
    assert low.correlation_down == (0.0, 0.0)
    assert low.black_mean[3] == 1.2e-3 and high.black_mean == (0.0,) * 4
    assert low.bits == (10,) and low.green == (0.01, 0.003)
    assert low.defect_rate == (1e-4, 1e-4) and low.bright == (0.03, 0.7)
    assert low.read_factor == (1.0, 1.0)
    np.testing.assert_allclose(sensor.a, [2.1e-4, 16 * 2.1e-4])


def test_the_sensor_makes_dark_frames_of_its_terms():
    """At gain 4, half way in the logarithm: the mean of both gains' terms."""
    sensor = measured_sensor.of_profile(profile()).without(
        "defects", "told", "shading", "rounding"
    )
    noise = profile().noise(np.full(4, 4.0))
    noise = NoiseParams(*(np.float32(part) for part in noise))
    clean = np.zeros((4, 300, 400, 4), np.float32)
    made = sensor.expose(clean, noise, RandomDraws(0)).noisy
    read = float(np.sqrt(noise.b[0]))
    np.testing.assert_allclose(
        made.mean(axis=(0, 1, 2)), [0.5e-4, -0.5e-4, 5e-4, 6e-4], atol=1e-4
    )
    residual = made - made.mean(axis=(1, 2), keepdims=True)
    rows = residual[..., 0].mean(axis=2) / read
    rows = (rows + residual[..., 1].mean(axis=2) / read) / 2
    # Means of 800 pixels, correlated by the kernel (0.1, 1, 0.1) along the row.
    pixels = 1.2**2 / (1 + 2 * 0.1**2) / 800
    assert rows.std() == pytest.approx(np.hypot(0.082, pixels**0.5), rel=0.03)


@pytest.mark.parametrize("terms", [None, Terms(green=TERMS.green)])
def test_a_profile_without_dark_frames_makes_no_sensor(terms):
    with pytest.raises(InputError, match="fanet-calibrate --dark"):
        measured_sensor.of_profile(profile(terms))
