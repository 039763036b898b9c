"""The command lines of the pages and of the help: typed as they stand there.

All of them go through the flags of their own commands, in a process that forks
for each, as absl keeps one set of flags a process. Some that take seconds are
run, on small files under the names that the page gives them.
"""

import dataclasses
import json
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import raw_files
from doc_pages import HELPS
from doc_pages import ROOT
from doc_pages import TEXTS
from doc_pages import blocks
from doc_pages import commands
from doc_pages import programs
from doc_pages import prose

from fanet_tf.calibration import profile
from fanet_tf.denoising import bundle

# Parses each line in a fork of a process that has imported the command; prints
# those that it refuses and why.
PARSE = """
import importlib, json, os, sys
import cv2, jsonschema, ml_collections, numpy, rawpy
from fanet_tf.cli import program

def parse(argv):
    sys.argv = argv
    program.app.run = lambda main, flags_parser: flags_parser(sys.argv)
    module.cli()

def forked(work, *arguments):
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    code = 1
    try:
        work(*arguments)
        code = 0
    except SystemExit as error:
        code = error.code or 0
    finally:
        sys.stderr.flush()
        os._exit(code)

def all_of(name, lines):
    global module
    module = importlib.import_module(name)
    for page, line in lines:
        if forked(parse, line):
            print(page, *line, flush=True)

for name, lines in json.load(sys.stdin).items():
    if forked(all_of, name, lines):
        print(name)
"""

# Without data of the reader's, in seconds.
QUICK = (
    "fanet-pairs --plan --scenes=20 --per_scene=4",
    "fanet-denoise IMG_0001.dng clean.dng",
)
LONGER = (
    "fanet-denoise in.npy out.npy --gain=16 --shading=shading.npy",
    "fanet-denoise in.dng out.dng --profile=mysensor.json --iso=1600",
    "fanet-cost fan fan_fast --layers",
    "fanet-denoise frame.raw out.dng --width=4208 --height=3120 --bits=10"
    " --cfa=RGGB --black_level=64 --gain=8",
    "fanet-export --verify=bundle",
)


def written() -> dict[str, list[tuple[str, list[str]]]]:
    """Returns module -> `(page, words)` of each command line of a page."""
    found = {module: [] for module in programs().values()}
    for page, text in {**TEXTS, **HELPS}.items():
        for program, *words in commands(text):
            program = program.rpartition("/")[2]
            if program != "python":
                found[programs()[program]].append((page, [program, *words]))
    return found


def test_every_command_takes_the_lines_that_the_pages_give_it():
    lines = written()
    assert sum(map(len, lines.values())) > 80
    module = programs()["fanet-train"]
    wrong = ["fanet-train", "--config=configs/fan.py", "--workdir=runs/fan"]
    lines[module].append(("wrong", [*wrong, "--config.train.step=1"]))
    lines[module].append(("wrong", [*wrong, "--workdirs=runs/fan"]))
    done = subprocess.run(
        [sys.executable, "-c", PARSE],
        input=json.dumps(lines),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    refused = [
        line for line in done.stdout.splitlines() if line[:6] != "wrong "
    ]
    assert not refused, done.stderr
    assert len(done.stdout.splitlines()) == 2, done.stderr


def test_every_target_of_make_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][\w-]*):", makefile, re.MULTILINE))
    named = set()
    for text in TEXTS.values():
        spans = re.findall(r"`([^`\n]+)`", prose(text))
        for code in [*blocks(text).splitlines(), *spans]:
            named |= set(re.findall(r"^ *make ([a-z][\w-]*)", code))
    assert {"test", "quickstart"} <= named <= targets


@pytest.fixture
def folder(tmp_path):
    """Has what the lines below read, under the names that the pages give."""
    mosaic = raw_files.scene(96, 128)
    for name in ("IMG_0001.dng", "in.dng"):
        raw_files.camera_dng(tmp_path / name, mosaic)
    np.save(tmp_path / "in.npy", (mosaic / np.float32(4000) - 0.064) / 0.936)
    np.save(tmp_path / "shading.npy", np.full((4, 5), 1.5, np.float32))
    np.full((3120, 4208), 300, "<u2").tofile(tmp_path / "frame.raw")
    law = dataclasses.replace(profile.load("imx258"), base_iso=100.0)
    (tmp_path / "mysensor.json").write_text(json.dumps(law.to_json()))
    shutil.copytree(bundle.load().folder, tmp_path / "bundle")
    return tmp_path


@pytest.mark.parametrize(
    "line", [*QUICK, *(pytest.param(x, marks=pytest.mark.slow) for x in LONGER)]
)
def test_a_line_of_the_pages_runs_as_it_stands_there(folder, line):
    words = line.split()
    lines = [line for lines in written().values() for _, line in lines]
    assert words in lines, "it stands on no page any more"
    program = pathlib.Path(sys.executable).with_name(words[0])
    before = {path.name for path in folder.iterdir()}
    done = subprocess.run(
        [program, *words[1:]], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    made = {path.name for path in folder.iterdir()} - before
    assert made == {words[2]} if words[0] == "fanet-denoise" else not made
