"""Goldens in the forms of both programs, and every trap in them."""

import pytest

from android_bench.errors import ToolError
from android_bench.tool import parse

CLASSIC = """\
INFO: STARTING!
INFO: Log parameter values verbosely: [0]
INFO: Min num runs: [50]
INFO: Num threads: [1]
INFO: Graph: [/data/local/tmp/b/m.tflite]
INFO: Signature to run: []
INFO: Use xnnpack: [1]
INFO: Loaded model /data/local/tmp/b/m.tflite
INFO: Explicitly applied XNNPACK delegate, and the model graph will be \
completely executed by the delegate.
INFO: The input model file size (MB): 0.015176
INFO: Initialized session in 3.214ms.
INFO: Running benchmark for at least 1 iterations and at least 0.5 seconds but \
terminate if exceeding 150 seconds.
INFO: count=311 first=2931 curr=1580 min=1533 max=2931 avg=1604.09 std=98 \
p5=1541 median=1588 p95=1711

INFO: Running benchmark for at least 50 iterations and at least 1 seconds but \
terminate if exceeding 150 seconds.
INFO: count=628 first=1601 curr=1577 min=1529 max=2210 avg=1588.37 std=41 \
p5=1540 median=1581 p95=1650

INFO: Inference timings in us: Init: 3214, First inference: 2931, \
Warmup (avg): 1604.09, Inference (avg): 1588.37
INFO: Note: as the benchmark tool itself affects memory footprint, the \
following is only APPROXIMATE to the actual memory footprint of the model at \
runtime. Take the information at your discretion.
INFO: Memory footprint delta from the start of the tool (MB): init=2.12891 \
overall=3.50391
INFO: Overall peak memory footprint (MB) via periodic monitoring: 9.67578
INFO: Memory status at the end of exeution:
INFO: - VmRSS              : 14 MB
INFO: + RssAnnon           : 5 MB
INFO: + RssFile + RssShmem : 9 MB
"""
LITERT_STDERR = "".join(
    f"INFO: [benchmark_litert_model.h:{80 + i}] {line}\n"
    for i, line in enumerate(
        """
========== BENCHMARK RESULTS ==========
Model initialization: 12.34 ms
Warmup (first):       2.93 ms
Warmup (avg):         1.60 ms (311 runs)
Inference (avg):      1.59 ms (628 runs)
Inference (min):      1.53 ms
Inference (max):      2.21 ms
Inference (std):      0.04
Throughput:           41.20 MB/s

Memory Usage:
Init footprint:       2.13 MB
Overall footprint:    3.50 MB
Peak memory:          9.68 MB
======================================
""".splitlines()
    )
)


def test_measured_line_is_the_second_one():
    latency = parse.latency(CLASSIC, "")
    assert latency.median_us == 1581
    assert latency.mean_us == 1588.37
    assert latency.num_runs == 628
    assert (latency.first_us, latency.init_us) == (2931, 3214)
    assert (latency.p5_us, latency.p95_us) == (1540, 1650)


def test_six_significant_digits_from_one_second_on():
    text = CLASSIC.replace("avg=1588.37", "avg=1.58837e+06").replace(
        "Inference (avg): 1588.37", "Inference (avg): 1.58837e+06"
    )
    assert parse.latency(text, "").mean_us == 1588370


@pytest.mark.parametrize(
    "line, mean, least",
    [
        ("count=3 curr=5(all same) p5=5 median=5 p95=5", 5, 5),
        ("count=1 curr=77 p5=77 median=77 p95=77", 77, 77),
    ],
)
def test_short_forms_of_a_count_line(line, mean, least):
    measured = CLASSIC.splitlines()
    (at,) = [i for i, text in enumerate(measured) if "count=628" in text]
    measured[at] = "INFO: " + line
    latency = parse.latency("\n".join(measured), "")
    assert (latency.mean_us, latency.min_us) == (mean, least)
    assert latency.median_us == mean


def test_warm_up_of_no_runs():
    text = CLASSIC.replace(
        "count=311 first=2931 curr=1580 min=1533 max=2931 avg=1604.09 std=98 "
        "p5=1541 median=1588 p95=1711",
        "count=0",
    )
    assert parse.latency(text, "").median_us == 1581


def test_older_build_without_prefix_and_percentiles():
    text = CLASSIC.replace("INFO: ", "").replace(
        " p5=1540 median=1581 p95=1650", ""
    )
    latency = parse.latency(text, "")
    assert latency.mean_us == 1588.37
    assert latency.median_us is None


def test_oldest_build_with_the_summary_only():
    text = (
        "Inference timings in us: Init: 20283, First inference: 339304, "
        "Warmup (avg): 302814, Inference (avg): 266473\n"
    )
    latency = parse.latency(text, "")
    assert (latency.mean_us, latency.init_us) == (266473, 20283)
    assert (latency.first_us, latency.warmup_us) == (339304, 302814)


def test_litert_is_read_from_count_lines_on_stdout_first():
    counts = "\n".join(x for x in CLASSIC.splitlines() if "count=" in x)
    latency = parse.latency("INFO: STARTING!\n" + counts, LITERT_STDERR)
    assert latency.median_us == 1581
    assert latency.init_us == 12340
    assert parse.kind(counts, LITERT_STDERR) == "litert"


def test_litert_block_on_stderr_alone():
    latency = parse.latency("INFO: STARTING!\n", LITERT_STDERR)
    assert latency.mean_us == pytest.approx(1590)
    assert latency.std_us == pytest.approx(40)
    assert latency.num_runs == 628
    assert latency.median_us is None
    memory = parse.memory("", LITERT_STDERR)
    assert memory == {"init_mb": 2.13, "overall_mb": 3.5, "peak_mb": 9.68}


def test_python_twin_prints_the_median_too():
    text = LITERT_STDERR + "Inference (median):    1.58 ms\n"
    assert parse.latency(text, "").median_us == pytest.approx(1580)


@pytest.mark.parametrize("lines", [0, 5, 13, 14, 17])
def test_truncated_output_is_refused(lines):
    text = "\n".join(CLASSIC.splitlines()[:lines])
    with pytest.raises(ToolError, match="must"):
        parse.latency(text, "")


def test_output_that_ends_before_the_summary_is_refused():
    text = CLASSIC[: CLASSIC.index("INFO: Inference timings")]
    with pytest.raises(ToolError, match="stops after the `count=` lines"):
        parse.latency(text, "")


def test_memory_in_megabytes():
    assert parse.memory(CLASSIC, "") == {
        "init_mb": 2.12891,
        "overall_mb": 3.50391,
        "peak_mb": 9.67578,
    }
    assert parse.memory("", "") == {}


def test_unconsumed_flags_are_named():
    text = "WARN: Unconsumed cmdline flags: --use_magic=1 --other=2"
    assert parse.unconsumed(text) == "--use_magic=1 --other=2"
    assert parse.unconsumed(CLASSIC) is None


def test_flags_of_help():
    text = (
        "ERROR: usage: ./benchmark_model <flags>\nFlags:\n"
        "\t--num_runs=50          \tint32\toptional\texpected number of runs\n"
        "\t--result_file_path=    \tstring\toptional\tPath\n"
        "\t--use_gpu=false        \tbool\toptional\tuse gpu\n"
    )
    assert parse.flags(text) == {"num_runs", "result_file_path", "use_gpu"}
    assert parse.flags(CLASSIC) == frozenset()


@pytest.mark.parametrize(
    "line, expected",
    [
        (
            "INFO: Explicitly applied GPU delegate, and the model graph will "
            "be completely executed by the delegate.",
            ("GPU", "full"),
        ),
        (
            "Explicitly applied XNNPACK delegate, and the model graph will be "
            "partially executed by the delegate w/ 3 delegate kernels.",
            ("XNNPACK", "partial"),
        ),
        (
            "INFO: Though GPU delegate is explicitly applied, the model graph "
            "will not be executed by the delegate.",
            ("GPU", "none"),
        ),
        (
            "INFO: Replacing 20 out of 24 node(s) with delegate "
            "(TfLiteGpuDelegateV2) node, yielding 3 partitions",
            ("TfLiteGpuDelegateV2", "partial"),
        ),
        (
            "VERBOSE: Replacing 24 out of 24 node(s) with delegate "
            "(TfLiteXNNPackDelegate) node, yielding 1 partitions",
            ("TfLiteXNNPackDelegate", "full"),
        ),
    ],
)
def test_delegation(line, expected):
    (found,) = parse.delegation("INFO: STARTING!\n" + line + "\n")
    assert (found.delegate, found.extent) == expected


@pytest.mark.parametrize(
    "text, taken",
    [
        ("VERBOSE: Replacing 31 out of 31 node(s) with delegate (X)", [31, 31]),
        # Two delegates: the second meets what the first left, and its node.
        (
            "Replacing 20 out of 24 node(s) with delegate (GPU) node\n"
            "Replacing 3 out of 5 node(s) with delegate (XNNPACK) node\n",
            [23, 24],
        ),
        (
            "INFO: TfLiteQnnDelegate delegate: 7 nodes delegated out of 31 "
            "nodes with 2 partitions.",
            [7, 31],
        ),
        (CLASSIC, None),
    ],
)
def test_operators_that_delegates_took_are_counted(text, taken):
    assert parse.taken(text) == taken
