"""What a hostile bundle, folder or results file must not achieve."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from helpers import ROOT
from running import bench
from running import edit_manifest

from android_bench import run_ids
from android_bench.errors import BenchError
from android_bench.errors import ToolError
from android_bench.results import spreadsheet
from android_bench.results import store as stores
from android_bench.targets import matmul
from android_bench.targets import phone
from android_bench.tool import parse
from android_bench.tool.tool import Timing
from fanet_tf.files import claims


@pytest.mark.parametrize(
    "run_id", ["x; echo INJECTED #", "../..", "", "A" * 12]
)
def test_a_run_id_that_is_none_of_ours_reaches_no_shell(run_id):
    with pytest.raises(BenchError, match="12 hexadecimal digits"):
        phone.Phone(None, None, Timing(), phone.PhoneOptions(), run_id)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[0].update(run_id="x; echo INJECTED #"),
        lambda lines: lines[0].update(run_id="../.."),
        lambda lines: lines[0].update(run_id=5),
        lambda lines: lines[0].pop("run_id"),
        lambda lines: lines[0].update(identity=None),
        lambda lines: lines[0]["identity"].update(flags=[1]),
        lambda lines: lines.append([1]),
        lambda lines: lines.append({"type": "job", "id": [1]}),
        lambda lines: lines.append({}),
    ],
)
def test_lines_that_are_of_no_run_are_not_resumed(tmp_path, change):
    header = {"identity": {}, "run_id": "0123456789ab", "type": "run"}
    lines = [{"schema_version": stores.SCHEMA_VERSION, **header}]
    lines.append({"type": "job", "id": "a"})

    def resume():
        (tmp_path / stores.RESULTS).write_text(
            "".join(json.dumps(line) + "\n" for line in lines)
        )
        run_ids.checked(stores.read(tmp_path / stores.RESULTS)[0].get("run_id"))
        return stores.Store(tmp_path / stores.RESULTS, header, resume=True)

    assert list(resume().jobs) == ["a"]
    change(lines)
    with pytest.raises(BenchError):
        resume()


def test_a_phone_gets_models_under_names_of_ours(make_bundle, tool, tmp_path):
    """Not as a library, and no two under one name."""
    folder = make_bundle(members=2)

    def run(name):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(folder / "member_0_float32.tflite", folder / name)
        for index in range(2):
            edit_manifest(
                folder,
                lambda m, i=index: m["members"][i]["recipes"]["float32"].update(
                    file=name
                ),
            )
        return bench(
            folder,
            *("--dry_run", "--serial=S1", "--adb=no-such-adb"),
            *(f"--tool={tool}", "--recipes=float32", "--repeats=1"),
            cwd=tmp_path,
        )

    refused = run("m0/net.tflite")
    assert refused.returncode == 2 and "recipes.float32.file" in refused.stderr
    done = run("liblog.so")
    assert done.returncode == 0, done.stderr
    pushed = {
        line.rpartition("/")[2].removesuffix(".part")
        for line in done.stdout.splitlines()
        if " push " in line and "liblog.so" in line
    }
    assert pushed == {"m0.float32.tflite", "m1.float32.tflite"}


def test_children_do_not_run_what_lies_in_the_folder(tmp_path):
    (tmp_path / "numpy.py").write_text("raise SystemExit('ran')")
    command = matmul.command(1, 3)
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["gmacs_s"] > 0


@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_a_time_that_is_no_number_fails_the_row(value):
    text = f"Inference timings in us: Init: 5, First inference: {value}"
    with pytest.raises(ToolError, match="finite"):
        parse.latency(text, "")


def test_two_runs_do_not_share_a_folder(tmp_path):
    arguments = [
        *(sys.executable, "-m", "android_bench.cli"),
        *(str(ROOT / "fanet_tf/zoo/imx258"), "--host", f"--output={tmp_path}"),
        *("--recipes=float16", "--members=0", "--repeats=1"),
    ]
    with claims.claim(tmp_path):
        result = subprocess.run(
            arguments, cwd=ROOT, capture_output=True, text=True
        )
    assert result.returncode == 2
    assert f"in use by process {os.getpid()}" in result.stderr
    assert not (tmp_path / stores.RESULTS).exists()


def test_somebodys_report_is_not_replaced(tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(BenchError, match="report.html"):
        stores.check_free(tmp_path, resume=False)


def test_a_deep_results_file_is_refused(tmp_path):
    path = tmp_path / stores.RESULTS
    path.write_text("[" * 200_000)
    with pytest.raises(BenchError, match="JSON lines of fanet-bench"):
        stores.read(path)


def test_cells_are_text_and_no_markup():
    row = {
        **dict.fromkeys(("member", "threads"), 0),
        "recipe": "=cmd|' /C calc'!A0",
        "tile": {"height": 8, "width": 8, "halo": 0},
        "notes": ["<script>\x1b[2J"],
    }
    csv = spreadsheet.to_csv({}, [row])
    assert "'=cmd" in csv and "\x1b" not in csv
