"""The whole way, over a real adb client and on this machine."""

import csv
import html.parser
import json
import re
import subprocess
import sys

import pytest
from running import bench
from running import jobs_of
from running import left_clean
from running import rows_of

from fanet_tf.files import marks

QUICK = ("--num_runs=5", "--min_seconds=0.02", "--warmup_seconds=0.02")


def test_four_members_and_two_recipes_on_a_phone(
    make_bundle, phone, tool, tmp_path
):
    output = tmp_path / "out"
    done = bench(
        make_bundle(members=4),
        f"--serial={phone.serial}",
        f"--tool={tool}",
        f"--output={output}",
        "--threads=2",
        "--repeats=1",
        "--passes=output,latency",
        *QUICK,
    )
    assert done.returncode == 0, done.stderr
    rows = rows_of(output)
    assert len(rows) == 8
    assert {row["status"] for row in rows} == {"ok"}
    for row in rows:
        assert row["processes"] == 1
        assert row["check"]["error"] <= row["check"]["limit"]
        # 64 x 48 tiles with a halo of 8: 48 x 32 are useful.
        ratio = row["ms_per_useful_mp"] / row["ms_per_network_mp"]
        assert ratio == pytest.approx(64 * 48 / (48 * 32))
    assert "ms/MP useful" in done.stdout
    assert len(list(csv.DictReader((output / "results.csv").open()))) == 8
    assert (output / "results.md").read_text().count("| ok") + (
        output / "results.md"
    ).read_text().count("| not comparable") == 8
    # All of it on the four big cores of eight.
    assert set((phone.root / "taskset.log").read_text().split()) == {"f0"}
    left_clean(phone, output)


def test_memory_and_operators_have_passes_of_their_own(
    bundle, phone, tool, tmp_path
):
    output = tmp_path / "out"
    done = bench(
        bundle,
        f"--serial={phone.serial}",
        f"--tool={tool}",
        f"--output={output}",
        "--recipes=float32",
        "--passes=memory,profile",
        "--save_raw",
        *QUICK,
    )
    assert done.returncode == 0, done.stderr
    memory, profile = jobs_of(output)
    assert memory["memory"]["peak_mb"] == 9.67578
    assert profile["profile"][0]["node_type"] == "TfLiteXNNPackDelegate"
    assert "1 operators" in (output / "report.html").read_text()
    raw = {path.name for path in (output / "raw").iterdir()}
    assert f"{memory['id']}.stdout" in raw
    left_clean(phone, output)


def test_a_phone_with_androids_userland_is_measured(
    bundle, make_phone, toybox, tool, tmp_path
):
    phone = make_phone(userland=toybox)
    (phone.bin / "timeout").unlink()
    (phone.bin / "timeout").symlink_to(toybox / "timeout")
    output = tmp_path / "out"
    done = bench(
        bundle,
        f"--serial={phone.serial}",
        f"--tool={tool}",
        f"--output={output}",
        "--recipes=float32",
        "--threads=2",
        "--repeats=1",
        "--passes=output,latency,profile",
        *QUICK,
    )
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(output)
    assert row["status"] == "ok" and row["check"] and row["processes"] == 1
    left_clean(phone, output)


def test_litert_tool_is_found_out_and_read(
    bundle, phone, litert_tool, tmp_path
):
    output = tmp_path / "out"
    arguments = (
        bundle,
        f"--serial={phone.serial}",
        f"--tool={litert_tool}",
        "--recipes=float32",
        "--passes=output,latency,memory",
        "--repeats=1",
        *QUICK,
    )
    done = bench(*arguments, f"--output={output}")
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(output)
    assert row["median_ms"] > 0
    assert row["growth_mb"] == 3.5
    assert "check" not in row
    assert "not checked" in done.stdout
    assert "litert tool" in done.stdout

    # It says that XNNPACK ran, whatever it was asked for.
    library = tmp_path / "libLiteRtDispatch_Acme.so"
    library.write_bytes(b"elf")
    output = tmp_path / "npu"
    done = bench(
        *arguments,
        f"--output={output}",
        "--delegates=npu",
        f"--npu_library={library}",
    )
    assert done.returncode == 3, done.stderr
    (row,) = rows_of(output)
    assert "asked for npu" in row["notes"][0]
    left_clean(phone, output)


class Balanced(html.parser.HTMLParser):
    """Holds that every element ends where it should."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_clusters_are_sustained_and_compared(bundle, phone, tool, tmp_path):
    (phone.root / "heat").write_text(
        "".join(f"0 {31 + n / 8}\n" for n in range(60))
    )
    output = tmp_path / "out"
    done = bench(
        bundle,
        f"--serial={phone.serial}",
        f"--tool={tool}",
        f"--output={output}",
        "--recipes=float32",
        "--passes=output",
        "--affinity=big,little",
        "--threads=1",
        "--sustain=2",
        *QUICK,
    )
    assert done.returncode == 0, done.stderr
    rows = rows_of(output)
    assert [row["affinity"] for row in rows] == ["big", "little"]
    assert [row["cores"] for row in rows] == ["4-7", "0-3"]
    assert {(row["device"], row["android"]) for row in rows} == {
        ("Acme Fake 1", "14")
    }
    assert {row["performance_mode"] for row in rows} == {"on"}
    assert {row["governor"] for row in rows} == {"schedutil"}
    for row in rows:
        found = row["sustain"]
        assert found["seconds"] > 1 and 0 < found["busy"] <= 1
        assert found["hottest_c"] > 31
        assert found["plateau_ms"] > 0
    assert "ms/frame hot" in done.stdout
    page = (output / "report.html").read_text()
    charts = re.findall(r'<svg[^>]*aria-label="([^"]*)"', page)
    assert charts.count("ms per frame over minutes") == 1
    assert {"f0", "f"} == set((phone.root / "taskset.log").read_text().split())
    left_clean(phone, output)

    folder = tmp_path / "compared"
    done = bench("--compare", output, output, f"--output={folder}")
    assert done.returncode == 0, done.stderr
    assert "A hot  B hot" in done.stdout
    assert marks.is_our_page(folder / "comparison.html")


def test_page_is_whole_and_refers_to_nothing_outside(host_run):
    page = (host_run / "report.html").read_text()
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    assert marks.is_our_page(host_run / "report.html")
    # Bars, and the processes over time.
    assert page.count("<svg") == 2
    for outside in ("http:", "https:", "src=", "href=", "url(", "<script"):
        assert outside not in page


def test_host_prints_ms_per_network_and_useful_megapixel(host_run):
    row, _, second, _ = rows_of(host_run)
    assert row["ms_per_useful_mp"] > row["ms_per_network_mp"] > 0
    assert row["peak_mb"] > 10
    assert row["check"]["error"] <= row["check"]["limit"]
    assert second["recipe"] == "dynamic_wi8_afp32"


def test_host_holds_each_row_against_its_own_matrix_product(host_run):
    rows = rows_of(host_run)
    assert [row["threads"] for row in rows] == [1, 2, 1, 2]
    for row in rows:
        reached = row["matmul_fraction"] * row["matmul_gmacs_s"]
        assert row["gmacs_s"] == pytest.approx(reached)
        # 64 x 48 positions, 3 x 3 kernels, 4 to 40 to 4 channels.
        macs = 64 * 48 * 9 * 2 * 4 * 40
        assert row["gmacs_s"] == pytest.approx(macs / row["median_ms"] / 1e6)
    assert [row["times_reference"] for row in rows[:2]] == [1, 1]
    assert "cores" in (host_run / "report.html").read_text()
    assert "of matmul" in (host_run / "report.html").read_text()


@pytest.fixture(scope="module")
def host_bundle(bundle_maker, tmp_path_factory):
    return bundle_maker(tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def host_run(host_bundle):
    output = host_bundle.parent / "host"
    done = bench(
        host_bundle,
        "--host",
        f"--output={output}",
        "--repeats=1",
        "--threads=1,2",
        *QUICK,
    )
    assert done.returncode == 0, done.stderr
    assert "ms/MP network" in done.stdout and "ms/MP useful" in done.stdout
    return output


def test_baseline_exits_1_on_a_regression_beyond_the_spread(
    host_run, host_bundle
):
    again = [
        host_bundle,
        "--host",
        f"--output={host_run}",
        "--resume",
        "--repeats=1",
        "--threads=1,2",
        *QUICK,
    ]
    lines = (host_run / "results.jsonl").read_text().splitlines()
    for factor, code, verdict in ((0.5, 1, "slower"), (2.0, 0, "faster")):
        changed = []
        for line in map(json.loads, lines):
            if line["type"] == "row":
                line["median_ms"] *= factor
                # However busy the machine was that ran it.
                line["comparable"] = True
            changed.append(json.dumps(line))
        old = host_run.parent / "old.jsonl"
        old.write_text("\n".join(changed))
        done = bench(*again, f"--baseline={old}")
        assert done.returncode == code, done.stderr
        assert verdict in done.stdout
    # Against itself nothing changed.
    old.write_text("\n".join(lines))
    assert bench(*again, f"--baseline={old}").returncode == 0


def test_dry_run_prints_every_adb_command_and_runs_none(bundle, tool, tmp_path):
    done = bench(
        bundle,
        "--dry_run",
        f"--tool={tool}",
        "--serial=S1",
        "--adb=no-such-adb",
        "--repeats=1",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    commands = [line for line in lines if line.startswith("no-such-adb")]
    assert "-s S1 push" in done.stdout
    assert "set-fixed-performance-mode-enabled true" in done.stdout
    assert "set-fixed-performance-mode-enabled false" in done.stdout
    assert any("taskset FAST_CORES" in line for line in commands)
    assert "rm -rf /data/local/tmp/fanet-bench/" in commands[-1]
    assert not list(tmp_path.glob("bench-*"))


BLOCKED = """
import sys

HEAVY = {"tensorflow", "keras", "jax", "torch", "export"}

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HEAVY:
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
from android_bench.cli import bench
bench.cli()
"""


def test_it_runs_where_tensorflow_is_not_installed(bundle, tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            BLOCKED,
            str(bundle),
            "--host",
            f"--output={tmp_path / 'out'}",
            "--repeats=1",
            "--recipes=float32",
            *QUICK,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert jobs_of(tmp_path / "out")
