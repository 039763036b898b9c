"""fanet-calibrate: frames in, profile and page out, mistakes told."""

import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
import raw_files

from fanet_tf.calibration import calibrate
from fanet_tf.calibration import profile
from fanet_tf.calibration import synthetic
from fanet_tf.errors import InputError
from fanet_tf.files import defect_list
from fanet_tf.files import dng
from fanet_tf.files import raw_image
from fanet_tf.files import writer
from fanet_tf.raw import cfa
from fanet_tf.raw.sensor import SensorModel

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


def dark(num_frames=4, seed=0, shape=None, **terms):
    """Dark frames of gain 4, as mosaics, and where their defects are."""
    (b,) = profile.load("imx258").b(np.array([4.0]))
    shape = shape or (chart(4)[0].shape[0] // 2, chart(4)[0].shape[1] // 2)
    packed, defects = synthetic.dark_frames(
        SensorModel(row=(0.064, 0.064), **terms),
        b,
        np.random.default_rng(seed),
        num_frames,
        shape,
        defect_rate=1e-3,
    )
    mosaics = cfa.unpack(packed)[..., 0]
    return mosaics, cfa.unpack(defects[None])[0, ..., 0]


def save_dark(folder, mosaics):
    folder.mkdir()
    for index, mosaic in enumerate(mosaics):
        np.save(folder / f"{index}.npy", mosaic)
    return f"--dark={folder}"


def test_dark_frames_give_terms_a_defect_map_and_plots(tmp_path):
    """The pattern is GRBG, so the first packed pixel is the second column."""
    frame, flags = small_frame(tmp_path / "a.npy")
    mosaics, defects = dark(black_mean=(0.0, 5e-4, 0.0, 0.0))
    np.save(frame, np.pad(chart(4)[0], ((0, 0), (1, 0))))
    mosaics = np.pad(mosaics, ((0, 0), (0, 0), (1, 0)), constant_values=64)
    folder = save_dark(tmp_path / "dark", mosaics)
    output = tmp_path / "one.json"
    arguments = (frame, *flags, "--cfa=GRBG", folder, f"--output={output}")
    # Its own files are not in the way of a second run.
    (tmp_path / "one.defects.json").write_text(
        '{"schema_version": 1, "sensor": "x", "defects": {}}'
    )
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert re.search(r"rows 0\.0[567]\d ± 0\.0", done.stdout)
    assert "defective pixels" in done.stdout
    record = json.loads(output.read_text())
    assert record["schema_version"] == 2
    terms = record["terms"]
    (gain,) = terms["gains"]
    assert gain["gain"] == 4.0 and gain["num_frames"] == 4
    assert gain["row"] == pytest.approx(0.064, rel=0.15)
    assert gain["black_level"][1] == pytest.approx(64.48, abs=0.05)
    assert terms["bits"] == 10
    assert terms["pedestal"] == pytest.approx(64 / 959)
    evidence = record["fit"]["dark"]["4"]
    assert evidence["frames"] == [f"{i}.npy" for i in range(4)]
    assert np.shape(evidence["black_by_frame"]) == (4, 4)
    assert np.shape(evidence["autocorrelation"]) == (9, 9)
    # Places of the full mosaic.
    found = json.loads((tmp_path / "one.defects.json").read_text())["defects"]
    rows, columns = np.nonzero(np.pad(defects, ((0, 0), (1, 0))))
    assert list(zip(rows, columns, strict=True)) == list(
        zip(found["rows"], found["columns"], strict=True)
    )
    # `fanet-denoise --defects` takes it.
    taken = defect_list.read(tmp_path / "one.defects.json")
    assert taken.rows.tolist() == found["rows"]
    taken.check(mosaics.shape[1:])
    assert terms["defects"]["file"] == "one.defects.json"
    assert terms["defects"]["rate"] == pytest.approx(1e-3, rel=0.3)
    page = (tmp_path / "one.html").read_text()
    for seen in ("Black level over time", "Rows and columns", "Correlation of"):
        assert seen in page


def lit(mosaics):
    mosaics[2] += 150
    return mosaics


def shown(mosaics):
    """A dim picture: 20 counts from one side to the other."""
    ramp = np.linspace(0, 20, mosaics.shape[-1]).astype(np.uint16)
    return mosaics + ramp


def repeated(mosaics):
    return mosaics[[0, 1, 2, 1]]


@pytest.mark.parametrize(
    "spoil, expected",
    [
        (lit, "2.npy: a dark frame must lie within 10% of black"),
        (shown, "0.npy: a dark frame must be even"),
        (repeated, "identical frames"),
        (lambda mosaics: mosaics[:, :-2], "must have the frames' shape"),
        (lambda m: [m[0], m[1][:-2]], "All frames must have one shape"),
    ],
)
def test_dark_frames_that_cannot_be_used_are_refused(tmp_path, spoil, expected):
    frame, _ = small_frame(tmp_path / "a.npy")
    save_dark(tmp_path / "dark", spoil(dark()[0]))
    shoot = calibrate.Shoot(
        paths=[frame],
        dark=sorted((tmp_path / "dark").iterdir()),
        gains=[4.0],
        corners=[(4, 4), (436, 4), (436, 292), (4, 292)],
    )

    def read(path):
        mosaic = np.load(path)
        return raw_image.RawImage(mosaic, "RGGB", (64.0,), 1023.0)

    with pytest.raises(InputError, match=re.escape(expected)) as caught:
        calibrate.calibrate(shoot, read)
    assert "\n" not in str(caught.value)


def test_dark_frames_that_are_not_dark_leave_no_file(tmp_path):
    frame, flags = small_frame(tmp_path / "a.npy")
    folder = save_dark(tmp_path / "dark", lit(dark()[0]))
    done = run(frame, *flags, folder, f"--output={tmp_path}/one.json")
    assert done.returncode == 2
    assert "must lie within 10% of black" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npy", "dark"]


def test_a_defect_map_in_the_place_of_another_file_is_refused(tmp_path):
    frame, flags = small_frame(tmp_path / "a.npy")
    folder = save_dark(tmp_path / "dark", dark()[0])
    (tmp_path / "one.defects.json").write_text("{}")
    done = run(frame, *flags, folder, f"--output={tmp_path}/one.json")
    assert done.returncode == 2
    assert "one.defects.json: must be a new file" in done.stderr
    assert not (tmp_path / "one.json").exists()


def test_floats_and_counts_give_the_same_terms(tmp_path):
    """Light and dark floats have lattices of their own."""
    found = []
    for scale in (1, 1023.0):
        place = tmp_path / str(scale)
        place.mkdir()
        frame = place / "a.npy"
        np.save(frame, (chart(4)[0] / scale).astype(type(scale)))
        mosaics = dark(black_mean=(5e-4,) * 4)[0]
        folder = save_dark(
            place / "dark", (mosaics / scale).astype(type(scale))
        )
        levels = [
            f"--{name}_level={value / scale!r}"
            for name, value in (("black", 64), ("white", 1023))
        ]
        output = place / "one.json"
        done = run(
            *(frame, "--gain=4", CORNERS, folder, *levels),
            f"--output={output}",
        )
        assert done.returncode == 0, done.stderr
        record = json.loads(output.read_text())
        (terms,) = record["terms"]["gains"]
        pair = record["fit"]["gains"]["4"]
        found.append(
            [pair["a"], pair["b"], terms["row"], *terms["black_error"]]
        )
    np.testing.assert_allclose(*found, rtol=2e-3, atol=2e-6)
