import pytest

from android_bench.errors import BenchError
from android_bench.phone import cores as core_lib
from android_bench.phone.cores import Core


def cores(*khz, capacity=None):
    capacity = capacity or [0] * len(khz)
    return tuple(
        Core(index, frequency, strength, "schedutil")
        for index, (frequency, strength) in enumerate(
            zip(khz, capacity, strict=True)
        )
    )


TWO = cores(*[18] * 4, *[24] * 4)
THREE = cores(*[18] * 4, *[24] * 3, 30)
FOUR = cores(*[18] * 3, *[24] * 2, *[26] * 2, 30)


@pytest.mark.parametrize(
    "khz, threads, mask",
    [
        ([18] * 4 + [24] * 4, 4, "f0"),
        ([18] * 4 + [24] * 3 + [30], 4, "f0"),
        ([30] + [24] * 3 + [18] * 4, 4, "f"),
        ([18] * 6 + [24] * 2, 2, "c0"),
        # Two fast cores do not hold four threads: let the scheduler choose.
        ([18] * 6 + [24] * 2, 4, None),
        ([20] * 8, 4, None),
        ([0] * 8, 4, None),
        ([], 4, None),
    ],
)
def test_fast_cores_are_all_but_the_weakest_cluster(khz, threads, mask):
    assert core_lib.mask(cores(*khz), "fast", threads) == mask


@pytest.mark.parametrize(
    "phone, word, mask",
    [
        (TWO, "big", "f0"),
        (TWO, "little", "f"),
        (THREE, "big", "80"),
        (THREE, "mid", "70"),
        (THREE, "little", "f"),
        (FOUR, "mid", "78"),
        (THREE, "all", None),
        (THREE, "a5", "a5"),
    ],
)
def test_a_word_is_one_cluster(phone, word, mask):
    assert core_lib.mask(phone, word, 1) == mask
    if mask:
        count = f"{int(mask, 16):b}".count("1")
        assert core_lib.most_threads(phone, word) in (None, count)


@pytest.mark.parametrize(
    "phone, word, there",
    [(TWO, "mid", "big, little"), (cores(20, 20), "big", "all alike")],
)
def test_a_cluster_that_the_phone_lacks_is_refused(phone, word, there):
    with pytest.raises(BenchError, match=f"Received: {word}, with .*{there}"):
        core_lib.most_threads(phone, word)


def test_capacity_counts_before_frequency():
    chosen = cores(20, 20, 18, 18, capacity=[250, 250, 1024, 1024])
    assert core_lib.mask(chosen, "fast", 2) == "c"


def test_cores_are_read_whatever_is_missing():
    text = "core 10 2400000 1024 walt\ncore 2 1800000 0 schedutil\ncore x\n\n"
    assert core_lib.parse(text) == (
        Core(2, 1_800_000, 0, "schedutil"),
        Core(10, 2_400_000, 1024, "walt"),
    )


@pytest.mark.parametrize(
    "mask, words",
    [("f0", "4-7"), ("80", "7"), ("f1", "0,4-7"), (None, "all")],
)
def test_a_mask_is_told_in_cores(mask, words):
    assert core_lib.described(core_lib.bound(mask)) == words
