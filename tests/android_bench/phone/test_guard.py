"""The script that cleans a phone after a run that died."""

import os
import subprocess
import time

import pytest
from running import nothing_runs

from android_bench.phone import guard as guards
from android_bench.phone.adb import Adb

OLD, NEW = f"{guards.BASE}/0123456789ab", f"{guards.BASE}/ba9876543210"


@pytest.mark.parametrize(
    "beats, restores", [(False, True), (True, True), (False, False)]
)
def test_guard_cleans_a_phone_that_is_no_longer_measured(
    tmp_path, beats, restores
):
    folder = tmp_path / "run"
    folder.mkdir()
    shims = tmp_path / "bin"
    shims.mkdir()
    beat = f"echo $$ > {folder}/beat" if beats else "true"
    # A second is a millisecond here; the run ends after 12 looks if it beats.
    (shims / "sleep").write_text(
        f"#!/bin/sh\necho . >> {tmp_path}/looks\n{beat}\n"
        f"[ $(wc -l < {tmp_path}/looks) -ge 12 ] && rm -rf {folder}\n"
        "exit 0\n"
    )
    (shims / "cmd").write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/cmd.log\n')
    for shim in shims.iterdir():
        shim.chmod(0o755)
    script = guards.script(str(folder), 50, restores_mode=restores)
    subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"},
        timeout=20,
        check=True,
    )
    assert not folder.exists()
    assert (tmp_path / "cmd.log").exists() == (restores and not beats)


@pytest.fixture
def make_guard(phone):
    adb = Adb(phone.serial)
    adb.ready()

    def make(folder, silence_s=600):
        adb.shell(f"mkdir -p {folder}")

        def push_text(text, name):
            # The guard's own path names the folder, as adb's push does.
            path = phone.path(f"{folder}/{name}")
            path.write_text(phone._translate(text))
            return f"{folder}/{name}"

        guard = guards.Guard(adb, folder, silence_s, True)
        return guard, lambda: guard.start(push_text)

    return make


def is_running(phone, folder):
    path = str(phone.path(f"{folder}/guard.sh"))
    return any(path in line for line in phone.leftovers())


def test_the_guard_of_an_older_run_ends_before_a_new_one(phone, make_guard):
    _, start_old = make_guard(OLD)
    start_old()
    assert is_running(phone, OLD)
    new, start_new = make_guard(NEW)
    new.end_others()
    nothing_runs(phone)
    assert not phone.path(OLD).exists() and phone.path(NEW).exists()
    assert (phone.root / "cmd.log").read_text().endswith("enabled false\n")
    start_new()
    assert is_running(phone, NEW)
    new.end()
    nothing_runs(phone)
    assert not phone.path(guards.BASE).exists()


def test_a_run_that_goes_on_gets_a_guard_of_its_own(phone, make_guard):
    guard, start = make_guard(NEW)
    start()
    first = phone.path(f"{NEW}/guard.pid").read_text()
    guard.end_others()
    # The models on the phone need not be sent again.
    assert phone.path(NEW).exists()
    start()
    assert phone.path(f"{NEW}/guard.pid").read_text() != first
    guard.end()
    nothing_runs(phone)


def test_a_number_that_went_to_another_process_is_left_alone(phone, make_guard):
    guard, start = make_guard(OLD)
    other = subprocess.Popen(["sleep", "60"])
    try:
        for name in ("guard", "tool"):
            phone.path(f"{OLD}/{name}.pid").write_text(f"{other.pid}\n")
        guard.end_others()
        guard.end_tool()
        time.sleep(0.1)
        assert other.poll() is None
        start()
        assert is_running(phone, OLD)
        guard.end()
    finally:
        other.kill()
        other.wait()


def test_every_beat_is_another(phone, make_guard):
    guard, _ = make_guard(NEW)
    assert len({guard.beating() for _ in range(20)}) == 20
