"""fanet-calibrate: frames in, profile and page out, mistakes told."""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import raw_files

from fanet_tf.calibration import profile
from fanet_tf.calibration import synthetic
from fanet_tf.files import dng
from fanet_tf.files import writer
from fanet_tf.raw import cfa

SIZE = 32
# Where `synthetic.frames` puts its patches, with their gaps, in sensor pixels.
CORNERS = "--corners=4,4,436,4,436,292,4,292"
LEVELS = ("--black_level=64", "--white_level=1023")


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fanet_tf.cli.calibrate", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def chart(gain, seed=0, exposure=0.95, num_frames=1):
    a, b = profile.load("imx258").noise(gain)
    packed = synthetic.frames(
        synthetic.intensities(exposure),
        a[0],
        b[0],
        np.random.default_rng(seed),
        num_frames,
        SIZE,
    )
    return cfa.unpack(packed)[..., 0].astype(np.uint16)


@pytest.fixture(scope="module")
def shoot(tmp_path_factory):
    """Three gains of two frames, as DNG with an ISO."""
    folder = tmp_path_factory.mktemp("shoot")
    for gain in (1, 8, 64):
        for index, mosaic in enumerate(chart(gain, gain, num_frames=2)):
            image = dng.synthetic((mosaic - 64.0) / 959.0, gain=gain)
            writer.write(folder / f"{gain:02d}_{index}.dng", image)
    return folder


def test_a_shoot_becomes_a_profile_and_a_page(shoot, tmp_path):
    output = tmp_path / "sensor.json"
    done = run(shoot, f"--output={output}", CORNERS, "--sensor=test")
    assert done.returncode == 0, done.stderr
    assert "gain 64" in done.stdout
    assert "the lowest ISO, 100, was taken for gain 1" in done.stderr
    made = profile.load(output)
    gains = np.array([1.0, 8.0, 64.0])
    true = profile.load("imx258").noise(gains)
    np.testing.assert_allclose(made.a(gains), true.a, rtol=0.05)
    np.testing.assert_allclose(made.b(gains), true.b, rtol=0.15)
    assert made.sensor == "test"
    assert made.base_iso == 100.0
    assert made.fit["gains"]["8"]["frames"] == ["08_0.dng", "08_1.dng"]
    page = (tmp_path / "sensor.html").read_text()
    # Figure 9 and a figure 8 of each gain, all inside the file.
    assert page.count("<svg") == 3 + 3
    for seen in ("Noise of test", "linear", "quadratic", "gain law", "clipped"):
        assert seen in page
    assert not re.search("https?:|src=", page)


def test_one_gain_gives_a_pair_and_a_warning(tmp_path):
    frame, output = tmp_path / "frame.npy", tmp_path / "one.json"
    np.save(frame, chart(4)[0])
    done = run(frame, "--gain=4", *LEVELS, CORNERS, f"--output={output}")
    assert done.returncode == 0, done.stderr
    assert "no regressions" in done.stderr
    record = json.loads(output.read_text())
    assert record["a_coefficients"] is None
    assert set(record["fit"]["gains"]) == {"4"}
    low, high = record["fit"]["gains"]["4"]["a_interval"]
    assert low < 8.4e-4 < high
    assert (tmp_path / "one.html").exists()
    with pytest.raises(ValueError, match="no law over gains"):
        profile.load(output)


def test_the_chart_of_a_real_frame_is_found(tmp_path):
    frame = raw_files.shared("raw/colorchart.dng")
    output = tmp_path / "canon.json"
    done = run(frame, "--gain=4", "--patches=chart", f"--output={output}")
    assert done.returncode == 0, done.stderr
    pair = json.loads(output.read_text())["fit"]["gains"]["4"]
    assert pair["patches"] == ["chart"]
    assert pair["num_samples"] > 80
    np.testing.assert_allclose(pair["a"], 1.55e-4, rtol=0.05)
    np.testing.assert_allclose(pair["b"], 8.6e-7, rtol=0.1)


@pytest.mark.parametrize(
    "mean, expected",
    [(2.0, "0 usable; left out: 96 clipped"), (0.3, "differ in brightness")],
)
def test_unusable_frames_leave_no_file(tmp_path, mean, expected):
    packed = synthetic.frames(
        np.full((24, 4), mean),
        2e-4,
        1e-6,
        np.random.default_rng(0),
        size=SIZE,
    )
    frame = tmp_path / "frame.npy"
    np.save(frame, cfa.unpack(packed)[0, ..., 0].astype(np.uint16))
    output = tmp_path / "one.json"
    done = run(frame, "--gain=1", *LEVELS, CORNERS, f"--output={output}")
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()[-1:]) == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == [frame]


def test_frames_of_two_sizes_are_refused(tmp_path):
    for name, size in (("a", 64), ("b", 80)):
        np.save(tmp_path / f"{name}.npy", np.full((size, 64), 99, np.uint16))
    output = tmp_path / "one.json"
    done = run(tmp_path, "--gain=1", *LEVELS, f"--output={output}")
    assert done.returncode == 2
    assert "must have one shape" in done.stderr
    assert not output.exists()


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((), "Give the frames"),
        (("nowhere.dng", "--gain=1"), "nowhere.dng: must be a file"),
        (("x.npy", "--gain=one"), "--gain must be numbers"),
        (("x.npy", "--corners=1,2,3"), "--corners must be 8 numbers"),
    ],
)
def test_mistakes_are_one_line(tmp_path, arguments, expected):
    done = run(*arguments, f"--output={tmp_path}/p.json")
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_imports_no_tensorflow():
    code = (
        "import sys, fanet_tf.cli.calibrate;"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def small_frame(path, seed=0):
    """A frame that can be measured in no time."""
    np.save(path, chart(4, seed)[0])
    return path, ("--gain=4", *LEVELS, CORNERS)


def test_a_frame_twice_is_refused(tmp_path):
    frame, flags = small_frame(tmp_path / "a.npy")
    (tmp_path / "b.npy").write_bytes(frame.read_bytes())
    for other in (frame, tmp_path / "b.npy"):
        done = run(frame, other, *flags, f"--output={tmp_path}/o.json")
        assert done.returncode == 2, done.stderr
        assert "identical frames" in done.stderr
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize(
    "page, expected",
    [
        ("a.npy", "must not be an input"),
        ("o.json", "must be two files"),
        ("notes.html", "must be a new file"),
    ],
)
def test_a_page_in_the_place_of_another_file_is_refused(
    tmp_path, page, expected
):
    frame, flags = small_frame(tmp_path / "a.npy")
    (tmp_path / "notes.html").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for more in [()] if page == "notes.html" else [(), ("--overwrite",)]:
        done = run(
            *(frame, *flags, *more),
            *(f"--output={tmp_path}/o.json", f"--page={tmp_path}/{page}"),
        )
        assert done.returncode == 2 and expected in done.stderr, done.stderr
        assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_page_can_go_to_a_device(tmp_path):
    frame, flags = small_frame(tmp_path / "a.npy")
    output = f"--output={tmp_path}/o.json"
    done = run(frame, *flags, output, "--page=/dev/stdout")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<!doctype html>")
    # The profile is ours now, so the command can be repeated.
    assert run(frame, *flags, output, "--page=/dev/null").returncode == 0
    assert pathlib.Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "field, value, expected",
    [
        ("base_iso", "100", "`base_iso` must be a finite number above 0"),
        ("base_iso", 0, "`base_iso`"),
        ("a_coefficients", [1e-4, None], "`a_coefficients`"),
        ("a_coefficients", [1e-4, 1e300], "`a` must be above 0 and at most 1"),
        ("b_coefficients", "123", "`b_coefficients` must be 3 numbers"),
        ("line", {"slope": "2"}, "`line.slope`"),
        ("line", [1, 2, 3, 4], "not a noise profile"),
        ("line", {"slope": 2.0, "x": 1.0}, "not a noise profile"),
        ("gain_range", [1, True], "`gain_range`"),
    ],
)
def test_a_profile_with_absurd_numbers_is_refused(
    tmp_path, field, value, expected
):
    record = {**profile.load("imx258").to_json(), field: value}
    (tmp_path / "p.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match=expected) as caught:
        profile.load(tmp_path / "p.json")
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[" * 200_000, "at most 64 deep"),
        ('{"line": NaN}', "NaN is not a number"),
        ('{"base_iso": 1' + "0" * 400 + "}", "401 digits"),
    ],
)
def test_a_hostile_profile_is_refused(tmp_path, text, expected):
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(ValueError, match=expected):
        profile.load(tmp_path / "p.json")


def test_names_of_a_profile_hold_no_escape_codes(tmp_path):
    record = {**profile.load("imx258").to_json(), "sensor": "\x1b[2Jx"}
    (tmp_path / "p.json").write_text(json.dumps(record))
    assert profile.load(tmp_path / "p.json").sensor == "[2Jx"
