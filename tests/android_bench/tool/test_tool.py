import pytest

from android_bench.errors import BenchError
from android_bench.tool import tool as tools
from android_bench.tool.tool import Timing
from android_bench.tool.tool import Tool


def write(folder, data):
    path = folder / "benchmark_model"
    path.write_bytes(data)
    return path


def test_kind_is_found_in_the_bytes(tmp_path):
    classic = b"\x7fELF..enable_op_profiling\0num_runs\0"
    assert tools.identify(write(tmp_path, classic)).kind == "classic"
    litert = classic + b"dispatch_library_path\0"
    assert tools.identify(write(tmp_path, litert)).kind == "litert"


def test_other_programs_are_refused_unless_insisted(tmp_path):
    path = write(tmp_path, b"\x7fELF something else")
    with pytest.raises(BenchError, match="TFLite's or LiteRT's"):
        tools.identify(path)
    assert tools.identify(path, "classic").kind == "classic"
    with pytest.raises(BenchError, match="must be the file"):
        tools.identify(tmp_path / "none")


def test_colons_in_names_are_doubled_in_value_files_only():
    flags = tools.input_flags(
        ["serving_default_noisy:0", "b"],
        [(1, 64, 48, 4), (1, 1)],
        ["/d/noisy.raw", "/d/b.raw"],
    )
    assert flags == [
        "--input_layer=serving_default_noisy:0,b",
        "--input_layer_shape=1,64,48,4:1,1",
        "--input_layer_value_files="
        "serving_default_noisy::0:/d/noisy.raw,b:/d/b.raw",
    ]


def test_no_delegate_asks_for_nnapi():
    for known in tools.DELEGATES.values():
        for flags in known.values():
            assert not any("nnapi" in flag for flag in flags)


def test_litert_accelerators_run_without_the_cpu():
    flags = tools.delegate_flags("litert", "npu", "/d/libdispatch.so")
    assert "--use_cpu=false" in flags
    assert "--require_full_delegation=true" in flags
    assert "--dispatch_library_path=/d" in flags


def test_npu_needs_a_library():
    with pytest.raises(BenchError, match="`--npu_library`"):
        tools.delegate_flags("classic", "npu", None)
    with pytest.raises(BenchError, match="Received: 'cpu_fp16'"):
        tools.delegate_flags("litert", "cpu_fp16", None)


def flags_of(job_pass, *known, kind="classic"):
    tool = Tool("path", kind, "sha", frozenset(known))
    return " ".join(tools.pass_flags(tool, job_pass, Timing(), "/d"))


def test_passes_are_separate():
    assert "peak" not in flags_of("latency") + flags_of("profile")
    assert "profiling" not in flags_of("latency") + flags_of("memory")
    assert "output_filepath" not in flags_of("latency")
    assert "--output_filepath=/d/output.raw" in flags_of("output")


def test_optional_flags_are_passed_only_where_they_are_known():
    assert "op_profiling_output_mode=csv" in flags_of("profile")
    old = flags_of("profile", "profiling_output_csv_file")
    assert "--profiling_output_csv_file=/d/profile.csv" in old
    assert "op_profiling_output" not in old
    assert "--use_profiler=true" in flags_of("profile", kind="litert")
