import pytest

from android_bench.errors import AdbError
from android_bench.phone import facts
from android_bench.phone.adb import Adb
from android_bench.phone.facts import Core
from android_bench.results.rows import hottest_c


def cores(*khz, capacity=None):
    capacity = capacity or [0] * len(khz)
    return tuple(
        Core(index, frequency, strength, "schedutil")
        for index, (frequency, strength) in enumerate(
            zip(khz, capacity, strict=True)
        )
    )


@pytest.mark.parametrize(
    "khz, threads, mask",
    [
        ([18] * 4 + [24] * 4, 4, "f0"),
        ([18] * 4 + [24] * 3 + [30], 4, "f0"),
        ([30] + [24] * 3 + [18] * 4, 4, "f"),
        ([18] * 6 + [24] * 2, 2, "c0"),
        # Two big cores do not hold four threads: let the scheduler choose.
        ([18] * 6 + [24] * 2, 4, None),
        ([20] * 8, 4, None),
        ([0] * 8, 4, None),
        ([], 4, None),
    ],
)
def test_big_cores_are_all_but_the_weakest_cluster(khz, threads, mask):
    assert facts.big_core_mask(cores(*khz), threads) == mask


def test_capacity_counts_before_frequency():
    chosen = cores(20, 20, 18, 18, capacity=[250, 250, 1024, 1024])
    assert facts.big_core_mask(chosen, 2) == "c"


def test_cores_are_read_whatever_is_missing():
    text = "core 10 2400000 1024 walt\ncore 2 1800000 0 schedutil\ncore x\n\n"
    assert facts.parse_cores(text) == (
        Core(2, 1_800_000, 0, "schedutil"),
        Core(10, 2_400_000, 1024, "walt"),
    )


def test_facts_of_a_phone(phone):
    adb = Adb(phone.serial)
    adb.ready()
    known = facts.read_facts(adb)
    assert (known.manufacturer, known.model) == ("Acme", "Fake 1")
    assert (known.soc, known.android, known.abi) == ("FK100", "14", "arm64-v8a")
    assert [core.max_khz for core in known.cores] == [1_800_000] * 4 + [
        2_400_000
    ] * 4
    sample = facts.condition(adb)
    assert sample["battery_percent"] == 87
    assert hottest_c(sample) == 31.5


def test_performance_mode_is_restored_only_if_it_was_switched_on(phone):
    adb = Adb(phone.serial)
    adb.ready()
    mode = facts.PerformanceMode(adb)
    mode.restore()
    assert not (phone.root / "cmd.log").exists()
    assert mode.switch_on()
    mode.restore()
    mode.restore()
    log = (phone.root / "cmd.log").read_text().splitlines()
    assert [line.split()[-1] for line in log] == ["true", "false"]


def test_phone_without_the_mode_is_measured_without_it(phone):
    (phone.bin / "cmd").write_text(
        "#!/bin/sh\necho Failed to set FIXED_PERFORMANCE mode >&2; exit 255\n"
    )
    adb = Adb(phone.serial)
    adb.ready()
    mode = facts.PerformanceMode(adb)
    assert not mode.switch_on()
    assert mode.state == "unavailable"


def test_mode_that_cannot_be_restored_says_what_to_do(phone):
    adb = Adb(phone.serial, retries=0)
    adb.ready()
    mode = facts.PerformanceMode(adb)
    mode.switch_on()
    phone.offline = True
    for connection in phone.connections:
        connection.drop()
    with pytest.raises(AdbError, match="fixed-performance-mode-enabled false"):
        mode.restore()
