"""What a sensor's terms cost: the table, and the draws behind it."""

import numpy as np
import pytest

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures as captures_lib
from fanet_tf.errors import InputError
from fanet_tf.evaluation import classical
from fanet_tf.evaluation import page
from fanet_tf.evaluation import robustness
from fanet_tf.evaluation import sensor_cases
from fanet_tf.evaluation import text
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.raw import sensor
from fanet_tf.raw.sensor import SensorModel

PROFILE = profile_lib.load("imx258")
IDENTITY = {"identity": Method(classical.identity, "Input")}


@pytest.fixture(scope="module")
def scene():
    ramp = np.linspace(0.0, 0.6, 200, dtype=np.float32)
    clean = np.broadcast_to(ramp[:, None, None], (200, 160, 4))
    colour = captures_lib.typical_colour(camera_lib.get("imx258"))
    return captures_lib.Scene("ramp", np.ascontiguousarray(clean), colour)


def draw(scene, model, below_black="signed", told=(1.0, 1.0)):
    case = sensor_cases.Case("case", model, told)
    return robustness.draw(scene, case, below_black, 16.0, PROFILE)


def test_signed_and_clipped_frames_have_the_same_noise(scene):
    signed = draw(scene, SensorModel())
    clipped = draw(scene, SensorModel(), "clipped")
    assert signed.noisy.min() < -0.005
    assert signed.noisy.min() >= -captures_lib.PEDESTAL
    np.testing.assert_array_equal(np.maximum(signed.noisy, 0.0), clipped.noisy)
    noise = PROFILE.noise(16.0)
    variance = noise.a * scene.clean + noise.b
    error = (signed.noisy - scene.clean) / np.sqrt(variance)
    assert error.std() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("term", ["rows", "defects", "10 bits", "photons"])
def test_a_term_changes_nothing_but_itself(scene, term):
    """The noise is the reference's, so the difference is the term's."""
    case = next(c for c in sensor_cases.cases("fixed") if term in c.name)
    reference = draw(scene, SensorModel()).noisy
    with_term = draw(scene, case.model).noisy
    assert np.any(with_term != reference)
    correlation = np.corrcoef(
        (reference - scene.clean).ravel(), (with_term - scene.clean).ravel()
    )[0, 1]
    assert correlation > (0.5 if term == "defects" else 0.95)


def test_a_phones_cases_are_its_terms_and_all():
    names = [case.name for case in sensor_cases.cases("phone")]
    assert names == [
        *(t for t in sensor.TERMS if t != "signed"),
        "all together",
    ]
    some = sensor_cases.drawn(SensorModel(green=(0.0, 0.01), bits=(10,)))
    assert [c.name for c in some] == ["green", "rounding", "all together"]
    assert sensor_cases.drawn(SensorModel())[-1].model == SensorModel()


def test_the_file_may_tell_another_noise(scene):
    told = draw(scene, SensorModel(), told=(0.5, 2.0)).noise
    true = PROFILE.noise(16.0)
    assert told.a[0] == pytest.approx(0.5 * true.a[0])
    assert told.b[0] == pytest.approx(2.0 * true.b[0])


def test_the_table_says_what_each_term_costs(scene):
    table = robustness.measure(
        [scene],
        IDENTITY,
        "fixed",
        PROFILE,
        gains=(4.0, 64.0),
        exposure=0.5,
        progress=False,
    )
    assert len(table.rows) == 13 * 2 * 2
    for kind in robustness.BELOW_BLACK:
        reference = table.of("identity", robustness.REFERENCE, kind)
        assert [row.gain for row in reference] == [4.0, 64.0]
        assert all(row.lost == row.lost_dark == 0.0 for row in reference)
        # The frame itself does not depend on what is told of its noise.
        told = table.of("identity", "b told 2.6 times too large", kind)
        assert all(row.lost == 0.0 for row in told)
        defects = table.of("identity", "defects, 1e-4 of all", kind)
        assert defects[0].lost > 0.05 and defects[0].lost > defects[1].lost
    # By theory: the mean squared error of a x + b, a little clipped at white.
    signed = table.of("identity", robustness.REFERENCE, "signed")[0]
    noise = PROFILE.noise(4.0)
    expected = -10 * np.log10(
        noise.a[0] * 0.5 * scene.clean.mean() + noise.b[0]
    )
    assert signed.psnr == pytest.approx(expected, abs=0.1)
    shown = text.robustness(table)
    for words in ("signed: dB", "clipped: dB", "gain 64", "exposure 0.5"):
        assert words in shown
    heading, markup = page.robustness(table)
    assert markup.count("<table>") == 2 and "darkest" in markup
    assert table.to_json()["rows"][0]["case"] == "no term"


def test_mistakes_are_named(scene):
    with pytest.raises(InputError, match="Received: 'camera'"):
        sensor_cases.cases("camera")
    with pytest.raises(InputError, match="Received: 2"):
        robustness.measure(
            [scene], IDENTITY, "fixed", PROFILE, exposure=2.0, progress=False
        )
    with pytest.raises(InputError, match="Received: none"):
        robustness.measure([], IDENTITY, "fixed", PROFILE, progress=False)


def test_only_keeps_one_term():
    model = SensorModel(green=(0.0, 0.01), bits=(10,), bright_share=0.3)
    assert model.only("green") == SensorModel(
        green=(0.0, 0.01), bright_share=0.3
    )
    with pytest.raises(ValueError, match="Received: 'dust'"):
        model.only("dust")
