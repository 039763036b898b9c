"""Laws of the check of a bundle."""

import json
import shutil
import subprocess
import sys

import exports
import numpy as np
import pytest
from helpers import ROOT

from export.contract import check
from export.contract import checksums
from export.flatbuffer import runtime
from fanet_tf.errors import InputError


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(exports.small()[2], tmp_path / "bundle")


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_whole_bundle_passes():
    counts = check.check(exports.small()[2])
    assert counts["members"] == 2 and counts["flatbuffers"] == 16


def test_any_flipped_byte_is_reported_with_its_file(bundle, rng):
    for path in sorted(p for p in bundle.rglob("*") if p.is_file()):
        whole = path.read_bytes()
        places = [0, len(whole) - 1, *rng.integers(0, len(whole), 3)]
        for place in places:
            flip(path, place)
            with pytest.raises(InputError) as error:
                check.check(bundle)
            assert str(path.relative_to(bundle)) in str(error.value)
            path.write_bytes(whole)


def test_the_list_covers_itself(bundle):
    path = bundle / checksums.NAME
    for place in range(0, path.stat().st_size, 7):
        flip(path, place)
        with pytest.raises(InputError, match=checksums.NAME):
            checksums.check(bundle)
        flip(path, place)
    checksums.check(bundle)


def test_a_missing_and_a_foreign_file_are_named(bundle):
    (bundle / "LICENSE").rename(bundle / "LICENCE")
    with pytest.raises(InputError, match="LICENCE: is not listed"):
        check.check(bundle)
    (bundle / "LICENCE").unlink()
    with pytest.raises(InputError, match="LICENSE: is missing"):
        check.check(bundle)


def rewrite(bundle, change):
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    checksums.write(bundle)


def test_a_newer_schema_is_refused(bundle):
    rewrite(bundle, lambda m: m.update(schema_version=2))
    with pytest.raises(InputError, match="a newer bundle needs a newer"):
        check.check(bundle)


def test_a_wrong_golden_output_is_found(bundle):
    path = bundle / "golden" / "member_1_float32.npy"
    np.save(path, np.load(path) + np.float32(1e-3))
    checksums.write(bundle)
    with pytest.raises(InputError, match="member_1_float32.tflite: must give"):
        check.check(bundle)


def test_a_step_that_is_not_the_flatbuffers_is_found(bundle):
    manifest = json.loads((bundle / "manifest.json").read_text())
    for recipe, name in (
        ("core_static_wi8_ai8", "coarse"),
        ("core_static_wi8_ai8_ai16", "stabilised"),
    ):
        entry = manifest["members"][0]["core"][recipe]
        path = bundle / entry["file"]
        runner = runtime.Runner(path.read_bytes())
        check._check_steps(path, entry, runner)
        (given,) = (i for i in entry["inputs"] if i["name"] == name)
        given["scale"] *= 2
        with pytest.raises(InputError, match=f"`{name}` must have the scale"):
            check._check_steps(path, entry, runner)


def test_a_wrong_test_vector_is_found(bundle):
    def change(manifest):
        manifest["selector"]["test_vectors"][0]["offset"] *= 1.01

    rewrite(bundle, change)
    with pytest.raises(InputError, match="selector.tflite: `offset` at gain 1"):
        check.check(bundle)


BROKEN = {
    "no noise": lambda m: m.pop("noise"),
    "text for a number": lambda m: m["selector"]["edges"].append("1"),
    "no member": lambda m: m["members"].clear(),
    "one gain": lambda m: m["noise"]["gain_range"].pop(),
    "negative scale": lambda m: m["members"][0]["golden"].update(scale=-1.0),
    "a path for a file": lambda m: m["selector"].update(file="../x"),
    "another packing": lambda m: m["packing"]["order"].reverse(),
    "NaN": lambda m: m["noise"].update(a_coefficients=[float("nan"), 1.0]),
    "another transform": lambda m: m["members"][1].update(transform="log"),
    "black unknown": lambda m: m["members"][0].update(below_black="grey"),
    "true for a count": lambda m: m["members"][0]["tile"].update(halo=True),
    "no recipe": lambda m: m["members"][0]["recipes"].clear(),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_the_schema_forbids_is_refused(bundle, kind):
    rewrite(bundle, BROKEN[kind])
    with pytest.raises(InputError, match="manifest.json"):
        check.check(bundle)


def test_the_command_says_which_file_and_exits_with_2(bundle):
    """And needs no TensorFlow."""

    def verify():
        blocked = "import sys; sys.modules['tensorflow'] = None; "
        return subprocess.run(
            [
                sys.executable,
                "-c",
                f"{blocked}from export import cli; cli.cli()",
                f"--verify={bundle}",
            ],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )

    whole = verify()
    assert whole.returncode == 0, whole.stderr
    assert "16 flatbuffers" in whole.stdout
    flip(bundle / "golden" / "member_0_noisy.npy", 200)
    changed = verify()
    assert changed.returncode == 2
    (line,) = changed.stderr.strip().splitlines()
    assert "golden/member_0_noisy.npy" in line
