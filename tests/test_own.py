"""docs/own.md, followed word for word: its files written, its commands run.

Only flags that make a command short are added.
"""

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import textures
from doc_pages import ROOT
from doc_pages import commands
from doc_pages import programs

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.pairs import plan
from fanet_tf.raw import cfa

PAGE = (ROOT / "docs/own.md").read_text(encoding="utf-8")

TRAINING = (
    "--config.data.batch_size=2",
    "--config.data.patch_size=64",
    "--config.train.steps=4",
    "--config.validation.gains=4,32",
    "--config.validation.limit=1",
    "--config.validation.size=96",
)
SHORT = {
    "fanet-cost": ("--noradius",),
    "fanet-train": TRAINING,
    "fanet-export": ("--tile=64", "--photographs_limit=1"),
    "fanet-evaluate": ("--gains=16", "--limit=1", "--crop=96"),
    "fanet-bench": (
        "--frame_size=96x128",
        "--min_seconds=0",
        "--num_runs=1",
        "--repeats=1",
        "--threads=1",
        "--warmup_seconds=0",
    ),
}


def section(heading):
    """Returns a section of the page."""
    return re.search(
        rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE
    )[1]


def write_files(text, folder):
    """Writes the blocks of Python that begin with the name of their file."""
    blocks = re.findall(
        r"^```python\n# (\S+\.py)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE
    )
    for name, code in blocks:
        (folder / name).write_text(code)


def start(words, folder):
    """Runs a command to its end, whatever that is."""
    program, *words = words
    words += SHORT.get(program, ())
    return subprocess.run(
        [sys.executable, "-m", programs()[program], *words],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def run(words, folder):
    """Runs a command as a reader does, and returns what it says."""
    result = start(words, folder)
    assert result.returncode == 0, (words, result.stderr[-2000:])
    # Nothing of what libraries say of themselves.
    assert not re.search(r"^[IWE]\d{4} |^INFO", result.stderr, re.MULTILINE)
    return result.stdout


def trained(workdir):
    """Returns the steps of a finished run, whose PSNR must be a number."""
    record = json.loads((workdir / "member_0/member.json").read_text())
    assert np.isfinite(record["psnr"]["4"])
    return record["steps"]


@pytest.fixture
def folder(tmp_path):
    """A folder with the configs beside, as a clone has them."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    return tmp_path


@pytest.mark.parametrize("heading", re.findall(r"^## (.+)$", PAGE, re.M))
def test_a_section_is_short(heading):
    text = section(heading)
    blocks = re.findall(r"^```.*?^```$|^ {4}[^\n]*$", text, re.DOTALL | re.M)
    assert sum(len(block.splitlines()) for block in blocks) <= 30


@pytest.mark.slow
def test_a_network_of_ones_own_goes_the_whole_way(folder):
    text = section("A network")
    write_files(text, folder)
    said = {words[0]: run(words, folder) for words in commands(text)}
    assert "0 | 1 to 64 | dynamic_wi8_afp32" in said["fanet-export"]
    assert "own, Keras" in said["fanet-evaluate"]
    assert "float16" in said["fanet-bench"]
    # Without the flag no code is run, and the line says which flag it wants.
    (folder / "net.py").write_text("open('ran', 'w')")
    export = ["fanet-export", "--workdir=runs/own", "--output=other"]
    train = ["fanet-train", "--config=configs/minutes.py", "--workdir=runs/own"]
    for words, reason in (
        (export, "--network=FILE.py:FUNCTION must name the file of this run"),
        (train, "--network=FILE.py:FUNCTION names the network of this run"),
    ):
        refused = start(words, folder)
        assert refused.returncode == 2 and reason in refused.stderr
    assert not (folder / "ran").exists()


@pytest.mark.slow
def test_pairs_of_ones_own_are_trained_on(folder):
    (folder / "frames").mkdir()
    scene = textures.spectra(0)
    clean = textures.frame(scene)
    noise = profile_lib.load("imx258").noise(4)
    frames = {
        "clean.npy": clean,
        "noisy.npy": textures.add_noise(textures.frame(scene, 2.5, -3), noise),
    }
    for name, packed in frames.items():
        mosaic = cfa.unpack(packed[None])[0, :, :, 0]
        np.save(folder / "frames" / name, mosaic.astype(np.float32))
    rows = [
        plan.COLUMNS,
        ("1", "clean", "1", "100", "clean.npy"),
        ("1", "noisy", "4", "25", "noisy.npy"),
    ]
    with open(folder / "captures.csv", "w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    for words in commands(section("Pairs")):
        run(words, folder)
    record = json.loads(
        (folder / "runs/pairs/member_0/member.json").read_text()
    )
    assert record["steps"] == 4 and np.isfinite(record["psnr"]["4"])


@pytest.mark.slow
def test_a_generator_of_ones_own_is_trained_on(folder):
    write_files(section("A generator"), folder)
    script = folder / "train_mine.py"
    text = script.read_text()
    short = text.replace("steps = 2_400", "steps = 2")
    assert short != text
    script.write_text(short)
    subprocess.run([sys.executable, script.name], cwd=folder, check=True)
    assert trained(folder / "runs/mine") == 2
