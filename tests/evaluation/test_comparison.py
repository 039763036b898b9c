"""A against B: equal, worse by a known amount, and as shown."""

import json
import time

import numpy as np
import pytest

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import camera as camera_lib
from fanet_tf.data import captures as captures_lib
from fanet_tf.evaluation import classical
from fanet_tf.evaluation import comparison
from fanet_tf.evaluation import comparison_report
from fanet_tf.evaluation import timing
from fanet_tf.evaluation.evaluate import Method
from fanet_tf.evaluation.evaluate import Size

PROFILE = profile_lib.load("imx258")
GAUSSIAN = Method(
    classical.gaussian, "Gaussian", 2.0, "A <note>", size=Size(1, 100, 1000)
)


def worse(noisy, noise):
    """The same with 5 % of the noise of the input put back."""
    smooth = classical.gaussian(noisy, noise)
    return smooth + np.float32(0.05) * (noisy - smooth)


def compare(first, second, gains=(4, 32), pictures=7):
    rng = np.random.default_rng(0)
    camera = camera_lib.get("imx258")
    scenes = [
        captures_lib.scene_from_srgb(
            f"picture {i}",
            rng.random((8, 12, 3)).repeat(6, 0).repeat(6, 1),
            camera,
        )
        for i in range(pictures)
    ]
    return comparison.compare(
        captures_lib.synthetic(scenes, gains, PROFILE),
        first,
        second,
        PROFILE.noise(4),
        rounds=0,
        progress=False,
    )


def test_an_array_against_itself_is_no_difference():
    compared = compare(GAUSSIAN, GAUSSIAN)
    for rows in compared.differences.values():
        assert len(rows) == 3
        for row in rows:
            assert row.difference == 0.0 and row.interval == (0.0, 0.0)
    for sentence in comparison.conclusion(compared):
        assert "no difference over all captures" in sentence
        assert "better" not in sentence and "worse" not in sentence
    assert {cost.ratio for cost in compared.costs} == {1.0}


def test_noise_put_back_is_found_and_sized():
    """B is worse by what the table of an evaluation says, and told so."""
    compared = compare(GAUSSIAN, Method(worse, "Worse"))
    means = [compared.evaluation.mean(name)["raw_psnr"] for name in "AB"]
    row = compared.differences["raw_psnr"][-1]
    assert row.verdict == "worse"
    np.testing.assert_allclose(row.difference, means[1] - means[0], rtol=1e-9)
    swapped = compare(Method(worse, "Worse"), GAUSSIAN)
    again = swapped.differences["raw_psnr"][-1]
    assert again.verdict == "better"
    assert again.difference == -row.difference
    text = comparison.conclusion(compared)[0]
    assert text.startswith(
        f"All pixels: B is worse by {-row.difference:.3f} dB over all captures"
    )


def test_too_few_pictures_are_said():
    compared = compare(GAUSSIAN, Method(worse), gains=(4,), pictures=2)
    assert "At least 6 pictures" in comparison.conclusion(compared)[-1]


def test_costs_are_those_known_of_both():
    assert compare(GAUSSIAN, Method(worse), pictures=1).costs == []
    larger = Method(worse, "", 3.0, size=Size(2, 300, 1500))
    costs = {c.name: c for c in compare(GAUSSIAN, larger, pictures=1).costs}
    ratios = {name: cost.ratio for name, cost in costs.items()}
    assert ratios == {
        "GMACs/MP": 1.5,
        "members": 2.0,
        "parameters": 3.0,
        "bytes of files": 1.5,
    }


def test_a_method_that_waits_longer_is_slower():
    def waiting(seconds):
        return Method(lambda noisy, noise: time.sleep(seconds))

    times = timing.in_turns(
        waiting(0.01), waiting(0.03), PROFILE.noise(4), rounds=6, side=8
    )
    assert len(times.first) == len(times.second) == 6
    assert times.interval[0] > 1.0


def test_the_page_and_the_json_hold_the_terminals_figures(tmp_path):
    compared = comparison.Comparison(
        compare(GAUSSIAN, Method(worse, "Worse & <b>")).evaluation,
        timing.Times([1.0, 1.0], [2.0, 2.1]),
    )
    path = tmp_path / "comparison.html"
    comparison_report.write_page(path, compared, "A title")
    page, text = path.read_text(), comparison_report.as_text(compared)
    for row in compared.differences["raw_psnr"]:
        assert f"{row.difference:+.3f}" in page
        assert f"{row.difference:+.3f}" in text
    assert "Worse &amp; &lt;b&gt;" in page and "<b>" not in page
    for line in comparison.conclusion(compared):
        assert line in page and line in text
    record = json.loads(json.dumps(compared.to_json()))
    assert record["conclusion"] == comparison.conclusion(compared)
    assert record["costs"][-1]["name"] == "ms/MP"
    assert len(record["differences"]) == 3 * len(comparison.PARTS)


@pytest.mark.parametrize("gains", [(4,), (4, 32)])
def test_a_plot_needs_two_gains(tmp_path, gains):
    path = tmp_path / "comparison.html"
    compared = compare(GAUSSIAN, Method(worse), gains=gains, pictures=1)
    comparison_report.write_page(path, compared, "A title")
    assert ("RAW PSNR of B less" in path.read_text()) == (len(gains) > 1)
