"""Which noise is used, in which order, and what is refused."""

import dataclasses
import json

import bundles
import numpy as np
import pytest

from fanet_tf.calibration import profile
from fanet_tf.calibration.profile import GainLaw
from fanet_tf.denoising import noise_source
from fanet_tf.errors import InputError
from fanet_tf.files import dng

LAW = GainLaw("s", "measured", (1.0, 64.0), (0.0, 2e-4), (1e-7, 0.0, 8e-8))


def frame(noise=None):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:400, :400] / 400
    clean = 0.05 + 0.4 * (x + y) / 2
    a, b = noise or (1e-3, 1e-5)
    noisy = clean + np.sqrt(a * clean + b) * rng.normal(size=clean.shape)
    return dng.synthetic(noisy, noise, bits=14)


def test_a_gain_gives_the_laws_noise():
    noise = noise_source.at_gain(LAW, 8.0, "--gain=8")
    assert (noise.a, noise.b) == pytest.approx((1.6e-3, 1e-7 + 64 * 8e-8))
    assert noise.warning == ""


@pytest.mark.parametrize("gain, used", [(0.5, 1.0), (100.0, 64.0)])
def test_a_gain_outside_is_clamped_with_a_warning(gain, used):
    noise = noise_source.at_gain(LAW, gain, "--gain")
    assert noise.a == pytest.approx(2e-4 * used)
    assert f"{used:g} is used" in noise.warning


def test_iso_is_gain_times_base_iso():
    law = dataclasses.replace(LAW, base_iso=50.0)
    by_iso = noise_source.at_iso(law, 800.0, "--iso=800")
    assert by_iso.a == noise_source.at_gain(law, 16.0, "").a


def test_iso_without_a_base_is_refused():
    with pytest.raises(InputError, match="base_iso"):
        noise_source.at_iso(LAW, 800.0, "--iso=800")


def choose(image, **flags):
    return noise_source.chooser(bundles.small(), **flags)(image)


def test_the_shipped_profile_and_the_bundle_give_one_law():
    ours = choose(frame(), gain=16.0)
    assert ours.source == "--gain=16, the bundle's law, Sony IMX258 (stand-in)"
    shipped = choose(frame(), gain=16.0, profile="imx258")
    assert shipped.source == "--gain=16, profile Sony IMX258 (stand-in)"
    assert ours.a == pytest.approx(shipped.a)


def test_a_profile_alone_is_used_at_the_files_iso(tmp_path):
    made = dataclasses.replace(profile.load("imx258"), base_iso=50.0)
    path = tmp_path / "p.json"
    path.write_text(json.dumps(made.to_json()))
    image = dataclasses.replace(frame((1e-3, 1e-5)), iso=400.0)
    noise = choose(image, profile=str(path))
    assert noise.a == pytest.approx(8 * 2.1e-4)
    assert "the file's ISO 400" in noise.source
    without = dataclasses.replace(image, iso=None)
    with pytest.raises(InputError, match="needs --gain or --iso"):
        choose(without, profile=str(path))
    with pytest.raises(InputError, match="`base_iso`.* give --gain"):
        choose(image, profile="imx258")
    with pytest.raises(InputError, match="takes no --noise"):
        choose(image, profile=str(path), noise="estimate")


def test_an_estimate_comes_before_the_files_profile():
    noise = choose(frame((1e-3, 1e-5)), noise="estimate")
    assert "estimated from the frame" in noise.source
    assert noise.a == pytest.approx(1e-3, rel=0.2) and noise.a != 1e-3
    noise = choose(frame((1e-3, 1e-5)))
    assert noise[:3] == (1e-3, 1e-5, "the file's NoiseProfile")


def test_an_estimate_is_near_and_says_how_sure_it_is():
    noise = choose(frame(), noise="estimate")
    assert noise.a == pytest.approx(1e-3, rel=0.2)
    assert noise.source.startswith("estimated from the frame, good")


def poor():
    """A frame whose noise cannot be told from its texture."""
    rng = np.random.default_rng(0)
    texture = rng.uniform(0.2, 0.8, (200, 200))
    return dng.synthetic(texture * (np.indices((200, 200)).sum(0) % 97) / 97)


def test_without_any_a_good_estimate_is_the_last_resort():
    noise = choose(frame())
    assert noise.a == pytest.approx(1e-3, rel=0.2) and not noise.warning
    assert noise.source.startswith(
        "a file without a NoiseProfile: estimated from the frame, good"
    )


def test_without_any_nor_a_good_estimate_the_flags_are_named():
    message = "without a NoiseProfile, and an estimate that is poor: .*give --n"
    with pytest.raises(InputError, match=message):
        choose(poor())
    assert "poor" in choose(poor(), noise="estimate").warning
    tiny = dng.synthetic(np.full((20, 20), 0.3))
    with pytest.raises(InputError, match="no estimate .*; give --noise=a,b"):
        choose(tiny)


def test_the_strict_way_is_refused_without_a_profile():
    with pytest.raises(InputError, match="without a NoiseProfile; give --n"):
        choose(frame(), noise="file")
    assert choose(frame((1e-3, 1e-5)), noise="file")[:2] == (1e-3, 1e-5)


@pytest.mark.parametrize(
    "noise", [(0.0, 1e-6), (-1e-3, 0.0), (1e-3, -1.0), (1e-200, 0.0), (5, 3)]
)
def test_an_impossible_profile_gives_way_to_an_estimate(noise):
    image = dataclasses.replace(frame(), noise=noise)
    with pytest.raises(InputError, match="cannot be used.*; give --noise"):
        choose(image, noise="file")
    for flags in ({}, {"noise": "estimate"}):
        chosen = choose(image, **flags)
        assert chosen.a == pytest.approx(1e-3, rel=0.2)
        assert "NoiseProfile that cannot be used" in chosen.warning
    assert choose(image, noise="2e-3,1e-6")[:2] == (2e-3, 1e-6)


@pytest.mark.parametrize("factor", [0.1, 0.4, 2.5, 10.0])
def test_a_profile_that_disagrees_with_the_frame_is_said(factor):
    image = dataclasses.replace(frame(), noise=(1e-3 * factor, 1e-5 * factor))
    noise = choose(image)
    assert noise[:2] == image.noise
    assert "--noise=estimate uses the latter" in noise.warning


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.7])
def test_a_profile_that_is_about_right_is_not(factor):
    image = dataclasses.replace(frame(), noise=(1e-3 * factor, 1e-5 * factor))
    assert not choose(image).warning


def test_a_profile_that_is_wrong_in_the_dark_only_is_said():
    image = dataclasses.replace(frame((1e-4, 1e-4)), noise=(1e-4, 5e-4))
    assert "noise variance" in choose(image).warning


@pytest.mark.parametrize("text", ["1", "1,2,3", "a,b", "nan,0", "0,0", "2,0"])
def test_a_wrong_flag_is_refused(text):
    with pytest.raises(InputError, match="Received"):
        noise_source.parse(text)


@pytest.mark.parametrize("gain", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_gain_is_refused(gain):
    with pytest.raises(InputError, match="must be positive"):
        noise_source.at_gain(LAW, gain, "--gain")
