"""`fanet-compare` as a command."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SHIPPED = "fanet_tf/zoo/imx258"


def compare(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "fanet_tf.cli.compare", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_an_array_against_itself_is_no_difference(photos, tmp_path):
    output = tmp_path / "out"
    done = compare(
        SHIPPED,
        f"--photos={photos}",
        "--gains=1,64",
        "--rounds=1",
        f"--output={output}",
    )
    assert done.returncode == 0, done.stderr
    assert "All pixels: no difference over all captures" in done.stdout
    assert {p.name for p in output.iterdir()} == {
        "comparison.json",
        "comparison.html",
    }
    record = json.loads((output / "comparison.json").read_text())
    assert len(record["per_image"]) == 8
    for row in record["differences"]:
        assert row["difference"] == 0.0 and row["interval"] == [0.0, 0.0]
        assert row["verdict"] == "no difference"
    assert {c["ratio"] for c in record["costs"] if not c["interval"]} == {1.0}
    (cost,) = [c for c in record["costs"] if c["name"] == "ms/MP"]
    assert cost["first"] > 0.0


def test_two_recipes_of_a_bundle_are_compared(photos, tmp_path):
    done = compare(
        SHIPPED,
        SHIPPED,
        "--recipe=float16,dynamic_wi8_afp32",
        f"--photos={photos}",
        "--gains=64",
        "--rounds=0",
        f"--output={tmp_path / 'out'}",
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("A: imx258, NSMA (n=4), float16")
    assert lines[1].startswith("B: imx258, NSMA (n=4), dynamic_wi8_afp32")
    assert "At least 6 pictures are needed" in done.stdout
    assert "ms/MP" not in done.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([SHIPPED], "Exactly one data set"),
        (["--photos=PHOTOS"], "A and B, or B alone, must be given"),
        (["a", "b", "c", "--photos=PHOTOS"], "Received: a b c"),
        (["PHOTOS", "--photos=PHOTOS"], "must each be a bundle"),
        ([SHIPPED, "--photos=PHOTOS", "--recipe=a,b,c"], "Received: a,b,c"),
        (
            [
                "fanet_tf/zoo/imx258_keras",
                "--photos=PHOTOS",
                "--recipe=float16",
            ],
            "--recipe must be used with bundles alone",
        ),
    ],
)
def test_mistakes_are_one_line_and_code_2(photos, tmp_path, arguments, words):
    arguments = [a.replace("PHOTOS", str(photos)) for a in arguments]
    output = tmp_path / "out"
    done = compare(*arguments, f"--output={output}")
    assert done.returncode == 2
    assert words in done.stderr and len(done.stderr.splitlines()) == 1
    assert not output.exists()


def test_a_foreign_file_is_not_replaced(photos, tmp_path):
    foreign = tmp_path / "comparison.json"
    foreign.write_text("{}")
    done = compare(SHIPPED, f"--photos={photos}", f"--output={tmp_path}")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert foreign.read_text() == "{}"
