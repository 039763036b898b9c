"""What flags must hold, without a process for each."""

import pytest

from android_bench import options
from android_bench.errors import BenchError


@pytest.mark.parametrize(
    "words, answer",
    [
        (["fast"], ["fast"]),
        (["big", "mid", "little", "big"], ["big", "mid", "little"]),
        (["0xF0", "all"], ["F0", "all"]),
        (["c"], ["c"]),
    ],
)
def test_cores_are_words_or_masks(words, answer):
    assert options.affinities(words) == answer


@pytest.mark.parametrize("word", ["", "0", "0x", "prime", "f0; reboot", "-f"])
def test_other_cores_are_refused(word):
    with pytest.raises(BenchError, match="`--affinity` must be among"):
        options.affinities([word])


def test_no_cores_are_refused():
    with pytest.raises(BenchError, match="`--affinity`"):
        options.affinities([])


def test_a_folder_stands_for_its_files(tmp_path):
    for name in ("b.so", "a.so"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "inner").mkdir()
    names = [p.name for p in options.files([str(tmp_path)], "libraries")]
    assert names == ["a.so", "b.so"]
    twice = [str(tmp_path), str(tmp_path / "a.so")]
    with pytest.raises(BenchError, match="each file once. Received: a.so"):
        options.files(twice, "libraries")
    with pytest.raises(BenchError, match="must name files"):
        options.files([str(tmp_path / "inner")], "libraries")


def test_a_library_is_here_or_on_the_phone(tmp_path):
    here = tmp_path / "lib.so"
    here.write_bytes(b"")
    assert options.npu_library(None) is None
    assert options.npu_library(str(here)) == here
    assert options.npu_library("device:/vendor/lib64/x.so") == (
        "/vendor/lib64/x.so"
    )
    for name in ("device:lib.so", "device:/a b", "device:/$(reboot)"):
        with pytest.raises(BenchError, match="whole path on the phone"):
            options.npu_library(name)


def test_environment_is_names_and_values():
    words = ["ADSP_LIBRARY_PATH={folder};/dsp", "EMPTY="]
    assert options.environment(words) == (
        ("ADSP_LIBRARY_PATH", "{folder};/dsp"),
        ("EMPTY", ""),
    )
    for word in ("PATH", "=x", "A B=c", "1A=b"):
        with pytest.raises(BenchError, match="must be NAME=VALUE"):
            options.environment([word])
