"""One line and exit code 2 for every mistake."""

import pytest
from running import bench


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--no_such_flag"], "Unknown command line flag 'no_such_flag'"),
        (["--repeats=many"], "repeats"),
        (["--repeats=0"], "repeats"),
        ([], "must be given one bundle. Received: none"),
        (["a", "b", "--host"], "Received: a b"),
        (["/no/bundle", "--host"], "A bundle must be a folder"),
        (["BUNDLE"], "`--tool` must name a benchmark_model"),
        (["BUNDLE", "--tool=/none"], "`--tool` must be the file"),
        (["BUNDLE", "--tool=setup.py"], "TFLite's or LiteRT's"),
        (["BUNDLE", "--host", "--threads=0"], "`--threads` must be positive"),
        (["BUNDLE", "--host", "--threads=two"], "Received: 'two'"),
        (["BUNDLE", "--host", "--frame=13MP"], "`--frame_size` must be"),
        (["BUNDLE", "--host", "--delegates=gpu"], "cpu with --host"),
        (["BUNDLE", "--host", "--passes=profile"], "Received: profile"),
        (["BUNDLE", "--host", "--members=9"], "Received: 9"),
        (["BUNDLE", "--host", "--recipes=int4"], "Received: int4"),
        (["BUNDLE", "--host", "--dry_run"], "must go with a phone"),
        (["BUNDLE", "--host", "--sustain=9"], "`--sustain` must go with a pho"),
        (["--compare", "one"], "two or more results.jsonl"),
        (["--compare", "one", "two"], "a results file must be readable"),
        (["BUNDLE", "--host", "--baseline=none"], "must be readable"),
        (["BUNDLE", "--host", "--resume", "--output=x/y"], "`--resume` must"),
        (["BUNDLE", "--host", "--output=/dev/null/x"], "Not a directory"),
        (
            [
                "BUNDLE",
                "--tool_kind=classic",
                "--tool=setup.py",
                "--delegates=tpu",
            ],
            "Received: 'tpu'",
        ),
        (
            [
                "BUNDLE",
                "--tool_kind=classic",
                "--tool=setup.py",
                "--delegates=npu",
            ],
            "`--npu_library`",
        ),
        (
            [
                "BUNDLE",
                "--tool_kind=classic",
                "--tool=setup.py",
                "--affinity=all cores",
            ],
            "`--affinity` must be",
        ),
        (
            [
                "BUNDLE",
                "--tool_kind=classic",
                "--tool=setup.py",
                "--libraries=none.so",
            ],
            "`--libraries` must name files",
        ),
        (
            [
                "BUNDLE",
                "--tool_kind=classic",
                "--tool=setup.py",
                "--adb=no-such-adb",
            ],
            "`--adb` must name an adb client",
        ),
    ],
)
def test_mistake_is_one_line_and_exit_code_2(bundle, arguments, message):
    words = [str(bundle) if word == "BUNDLE" else word for word in arguments]
    done = bench(*words)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("fanet-bench: ")
    assert message in line


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_lists_the_flags(flag):
    done = bench(flag)
    assert done.returncode == 0
    assert "fanet-bench BUNDLE --host" in done.stdout
    for name in ("--serial", "--[no]dry_run", "--baseline", "--spread_limit"):
        assert name in done.stdout
