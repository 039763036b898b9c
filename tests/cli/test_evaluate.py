"""`fanet-evaluate` and `fanet-pairs` as commands."""

import json
import os
import pathlib
import subprocess
import sys

import published_sets
import pytest

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.cli import data_flags
from fanet_tf.cli import method_flags
from fanet_tf.errors import InputError

PROFILE = profile_lib.load("imx258")
ROOT = pathlib.Path(__file__).parents[2]
PHOTOS = ROOT / "../shared/data/photos/cid22_val"


def command(module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", f"fanet_tf.cli.{module}", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_evaluate_prints_a_table_and_writes_json_and_page(photos, tmp_path):
    output = tmp_path / "out"
    done = command(
        "evaluate",
        f"--photos={photos}",
        "--gains=1,64",
        "--methods=identity,gaussian",
        "--bundle=",
        f"--output={output}",
    )
    assert done.returncode == 0, done.stderr
    assert "Input" in done.stdout and "Gaussian" in done.stdout
    assert "LPIPS" in done.stdout
    assert "4/4" in done.stderr  # Progress.
    record = json.loads((output / "metrics.json").read_text())
    assert len(record["per_image"]) == 8
    assert {p.name for p in output.iterdir()} == {"metrics.json", "report.html"}


def test_a_photograph_whose_name_is_no_text_is_evaluated(photos, tmp_path):
    source = next(path for path in photos.iterdir())
    folder = tmp_path / "photographs"
    folder.mkdir()
    name = os.fsdecode(b"a\xff" + os.fsencode(source.suffix))
    (folder / name).write_bytes(source.read_bytes())
    output = tmp_path / "out"
    done = command(
        "evaluate",
        f"--photos={folder}",
        "--gains=4",
        "--methods=identity",
        "--lpips=none",
        "--bundle=",
        "--sensor=fixed",
        "--sensor_gains=16",
        f"--output={output}",
    )
    assert done.returncode == 0, done.stderr
    (record,) = json.loads((output / "metrics.json").read_text())["per_image"]
    assert record["gain"] == 4.0
    assert (output / "report.html").read_bytes().decode("utf-8")


def test_the_shipped_array_is_the_default_and_is_checked(photos, tmp_path):
    done = command(
        "evaluate",
        f"--photos={photos}",
        "--gains=4",
        "--crop=48",
        "--methods=identity,nlm",
        f"--output={tmp_path / 'out'}",
    )
    assert done.returncode == 0, done.stderr
    assert "imx258, NSMA (n=4)" in done.stdout
    assert "at no gain worse than its input: met (+" in done.stdout
    assert "not below BM3D: not measured" in done.stdout
    record = json.loads((tmp_path / "out/metrics.json").read_text())
    assert "centre crops of 48 x 48" in record["about"]["facts"]["Data"]


def test_the_cost_of_a_sensors_terms_is_measured(photos, tmp_path):
    output = tmp_path / "out"
    done = command(
        "evaluate",
        f"--photos={photos}",
        "--gains=4",
        "--sensor=fixed",
        "--sensor_gains=16",
        "--exposure=0.25",
        "--bundle=",
        f"--output={output}",
    )
    assert done.returncode == 0, done.stderr
    for words in ("signed: dB", "clipped: dB", "defects", "all together"):
        assert words in done.stdout
    record = json.loads((output / "metrics.json").read_text())["robustness"]
    assert record["exposure"] == 0.25 and record["scenes"] == 2
    assert {row["gain"] for row in record["rows"]} == {16.0}
    assert "Robustness" in (output / "report.html").read_text()


def test_another_noise_than_the_bundles_is_noted(photos, tmp_path):
    """An array is not judged in silence on noise it was not made for."""
    arguments = (
        "evaluate",
        f"--photos={photos}",
        "--gains=4",
        "--crop=48",
        "--lpips=none",
    )
    for profile, is_noted in (("imx258", False), ("dnd", True)):
        done = command(
            *arguments,
            f"--profile={profile}",
            f"--output={tmp_path / profile}",
        )
        assert done.returncode == 0, done.stderr
        assert ("was made for the noise of Sony" in done.stdout) == is_noted


def test_a_submission_is_of_the_networks_alone(tmp_path):
    published_sets.make_dnd(tmp_path / "data")
    done = command(
        "evaluate", f"--dnd={tmp_path / 'data'}", f"--output={tmp_path / 'out'}"
    )
    assert done.returncode == 0, done.stderr
    assert "identity" not in done.stdout
    assert (tmp_path / "out/bundled").is_dir()


def test_a_submission_is_written_for_each_method(tmp_path):
    published_sets.make_dnd(tmp_path / "data")
    output = tmp_path / "out"
    done = command(
        "evaluate",
        f"--dnd={tmp_path / 'data'}",
        "--methods=identity,gaussian",
        "--bundle=",
        f"--output={output}",
    )
    assert done.returncode == 0, done.stderr
    assert "3 frames, raw track" in done.stdout
    assert "the benchmark has 50 frames" in done.stdout
    for name in ("identity", "gaussian"):
        bundled = sorted(p.name for p in (output / name / "bundled").iterdir())
        assert bundled == ["0001.mat", "0002.mat", "0003.mat"]


@pytest.mark.parametrize(
    "spec, parts",
    [
        ("ours=runs/a", ("ours", "runs/a")),
        ("runs/a", (None, "runs/a")),
        ("runs/a=b", (None, "runs/a=b")),
        ("a=b=c", ("a", "b=c")),
    ],
)
def test_names_are_split_from_paths(spec, parts):
    assert method_flags.named(spec) == parts


def test_equal_names_are_numbered():
    assert method_flags.unique("a", {"a": 1, "a 2": 1}) == "a 3"


@pytest.mark.parametrize("gains", [["0"], ["65"], ["x"], ["nan"], []])
def test_gains_outside_the_profile_are_refused(gains):
    with pytest.raises(InputError, match="gain"):
        data_flags.parse_gains(gains, PROFILE)


def test_gains_are_parsed_once_each():
    assert data_flags.parse_gains(["4", "1.5", "4"], PROFILE) == (4.0, 1.5)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "Exactly one data set"),
        (["--photos=a", "--sidd=b"], "Received: --photos --sidd"),
        (["--photos=/nope"], "must be a folder"),
        (["--sidd=/nope"], "abdokamel"),
        (["--sid=/nope"], "Sony_test_list.txt"),
        (["--dnd=/nope"], "info.mat"),
        (["--pairs=/nope"], "fanet-pairs"),
        (["--photos=PHOTOS", "--methods=median"], "'median'"),
        (
            ["--photos=PHOTOS", "--methods=", "--bundle="],
            "something to evaluate",
        ),
        (["--photos=PHOTOS", "--bundle=/nope"], "bundle must be a folder"),
        (["--photos=PHOTOS", "--gains=0"], "Received: '0'"),
        (["--photos=PHOTOS", "--sensor=camera"], "sensor"),
        (["--sidd=/nope", "--sensor=fixed"], "abdokamel"),
        (["--dnd=/nope", "--sensor=fixed"], "--sensor must have clean frames"),
        (
            ["--photos=PHOTOS", "--sensor=fixed", "--sensor_gains=99"],
            "Received: '99'",
        ),
        (["--photos=PHOTOS", "--scenes=noon"], "scenes"),
        (["--pairs=/nope", "--scenes=night"], "--scenes must be used with"),
        (["--photos=PHOTOS", "--nope"], "nope"),
        (["--photos=PHOTOS", "more"], "Unexpected arguments: more"),
    ],
)
def test_mistakes_are_one_line_and_code_2(photos, tmp_path, arguments, words):
    arguments = [a.replace("PHOTOS", str(photos)) for a in arguments]
    output = tmp_path / "out"
    done = command("evaluate", *arguments, f"--output={output}")
    assert done.returncode == 2
    assert words in done.stderr and len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not output.exists()


def test_pairs_prints_a_plan():
    done = command("pairs", "--plan", "--scenes=2", "--per_scene=3")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "scene,role,gain,exposure_ms,file"
    assert len(lines) == 1 + 2 * 4


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "--captures and --output"),
        (["--captures=/nope.csv", "--output=/tmp/x"], "must be a CSV file"),
        (["--plan", "--profile=nope"], "profile must be one of"),
        (["--plan", "--scenes=0"], "scenes"),
    ],
)
def test_mistakes_with_pairs_are_one_line(arguments, words):
    done = command("pairs", *arguments)
    assert done.returncode == 2
    assert words in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_the_validation_photographs_are_evaluated(tmp_path):
    """Every photograph at gains 1 to 64; minutes."""
    if not PHOTOS.is_dir():
        pytest.skip(f"needs the photographs of {PHOTOS}")
    done = command(
        "evaluate",
        f"--photos={PHOTOS}",
        "--methods=identity,nlm",
        f"--output={tmp_path}",
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "metrics.json").read_text())
    means = {row["method"]: row["raw_psnr"] for row in record["means"]}
    assert means["nlm"] > means["identity"] + 3


def test_without_a_profile_the_noise_is_that_of_the_bundle(monkeypatch):
    import types

    from fanet_tf.evaluation.evaluate import Method

    monkeypatch.setattr(
        data_flags, "_PROFILE", types.SimpleNamespace(value=None)
    )
    dnd = profile_lib.load("dnd")
    mine, other = Method(None, law=dnd), Method(None, law=PROFILE)
    assert data_flags.noise_law({"a": Method(None), "b": mine}) is dnd
    assert data_flags.noise_law({"a": Method(None)}).equals(PROFILE)
    with pytest.raises(InputError, match="--profile must say"):
        data_flags.noise_law({"a": mine, "b": other})
    data_flags._PROFILE.value = "imx258"
    assert data_flags.noise_law({"a": mine, "b": other}).equals(PROFILE)
