import pytest

from android_bench.errors import AdbError
from android_bench.phone import facts
from android_bench.phone.adb import Adb
from android_bench.results.fields import hottest_c


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
