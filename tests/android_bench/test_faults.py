"""Fifteen things that go wrong with phones, each over a real adb client."""

import pathlib
import signal

import pytest
from running import bench
from running import interrupt_after
from running import jobs_of
from running import left_clean
from running import rows_of
from running import start

OK, WRONG_INPUT, FAILED, INTERRUPTED = 0, 2, 3, 130


@pytest.fixture
def run(bundle, phone, tool, tmp_path):
    """Runs a short plan on the phone; returns process and output folder."""

    def go(*arguments, begin=bench, serial=phone.serial, **options):
        return begin(
            bundle,
            f"--serial={serial}",
            f"--tool={tool}",
            f"--output={tmp_path / 'out'}",
            "--recipes=float32",
            "--passes=output,latency",
            "--repeats=1",
            "--threads=2",
            "--num_runs=3",
            "--min_seconds=0.01",
            "--warmup_seconds=0.01",
            "--cool_poll_s=0.05",
            *arguments,
            **options,
        )

    return go


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


def has_jobs(output, count):
    return (output / "results.jsonl").exists() and len(jobs_of(output)) >= count


def set_fault(phone, word):
    phone.root.mkdir(exist_ok=True)
    (phone.root / "fault").write_text(word)


def one_line(done, *parts):
    lines = [
        line for line in done.stderr.splitlines() if line.startswith("fanet")
    ]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for part in parts:
        assert part in lines[0]


def failed_row(done, output, *parts):
    assert done.returncode == FAILED, done.stderr
    (row,) = rows_of(output)
    assert row["status"] == "failed"
    for part in parts:
        assert part in " ".join(row["notes"])


def test_connection_dropped_in_mid_shell_is_tried_again(phone, run, output):
    phone.drop_when = "exec env .*num_runs=3"
    done = run()
    assert done.returncode == OK, done.stderr
    assert phone.drop_when is None
    assert len(phone.connections) > 1
    assert rows_of(output)[0]["status"] == "ok"
    left_clean(phone, output)


def test_device_that_is_gone_for_good_stops_the_run(phone, run, output):
    # Its first measured process takes the phone with it.
    phone.drop_when = "exec env .*num_runs=3"
    phone.offline_after_drop = True
    done = run("--retries=0")
    assert done.returncode == WRONG_INPUT
    one_line(done, phone.serial, "must stay connected", "; then: ")
    one_line(done, "finished jobs are kept", "with --resume continues")
    assert [job["kind"] for job in jobs_of(output)] == ["output"]
    phone.offline = phone.offline_after_drop = False
    assert run("--resume").returncode == OK
    left_clean(phone, output)


def test_unauthorised_device_is_refused(phone, run, output):
    phone.unauthorised = True
    done = run("--retries=0")
    assert done.returncode == WRONG_INPUT
    one_line(done, "allow USB debugging", phone.serial)
    left_clean(phone, output)


def test_offline_device_is_refused(phone, run, output):
    phone.offline = True
    done = run("--retries=0")
    assert done.returncode == WRONG_INPUT
    one_line(done, phone.serial, "must be in state 'device'")
    left_clean(phone, output)


def test_two_devices_and_no_serial_are_refused(
    make_phone, run, output, phone, adb
):
    other = make_phone("other")
    for device in (phone, other):
        adb("connect", device.serial)
    done = run(serial="")
    assert done.returncode == WRONG_INPUT
    one_line(done, "`--serial`", phone.serial, other.serial)
    left_clean(phone, output)


def test_device_without_shell_v2_is_measured(phone, run, output):
    phone.shell_v2 = False
    assert run().returncode == OK
    assert rows_of(output)[0]["check"]
    set_fault(phone, "exit1")
    failed_row(run("--output=" + str(output) + "2"), output.with_name("out2"))
    left_clean(phone, output)


def test_full_storage_stops_the_run(phone, run, output):
    phone.storage_full = "benchmark_model"
    done = run()
    assert done.returncode == WRONG_INPUT
    one_line(done, "must have room", "No space left on device")
    left_clean(phone, output)


def test_hot_device_is_measured_once_it_is_cool(phone, run, output):
    (phone.root / "heat").write_text("0 31\n" * 2 + "2 44.5\n1 42.0\n0 41.0\n")
    assert run().returncode == OK
    assert sum(job["cooled_s"] for job in jobs_of(output)) > 0
    left_clean(phone, output)


def test_device_that_stays_hot_stops_the_run(phone, run, output):
    (phone.root / "heat").write_text("3 47.0\n" * 1000)
    done = run("--cool_timeout_s=0.3")
    assert done.returncode == WRONG_INPUT
    one_line(done, "cool down", "thermal status 3", "--resume")
    left_clean(phone, output)
    (phone.root / "heat").unlink()
    assert run("--resume").returncode == OK
    left_clean(phone, output)


def test_tool_for_another_processor_is_never_sent(phone, run, output, tmp_path):
    tool = tmp_path / "x86_tool"
    tool.write_bytes(b"\x7fELF\x02\x01" + bytes(10) + b"\x03\0\x3e\0")
    done = run(f"--tool={tool}", "--tool_kind=classic")
    assert done.returncode == WRONG_INPUT
    one_line(done, "must be built for arm64-v8a", "x86_tool for x86_64")
    assert phone.pushed == [] and not output.exists()
    left_clean(phone, output)


def test_folder_without_execution_stops_the_run(phone, run, output):
    (phone.bin / "chmod").write_text("#!/bin/sh\n")
    (phone.bin / "chmod").chmod(0o755)
    done = run()
    assert done.returncode == WRONG_INPUT
    one_line(done, "noexec", "code 126", "Permission denied")
    assert not [name for name in phone.pushed if "tflite" in name]
    left_clean(phone, output)


def test_tool_that_hangs_is_ended(phone, run, output):
    set_fault(phone, "hang num_runs=3")
    failed_row(run("--job_timeout_s=1"), output, "must end within 1 s")
    left_clean(phone, output)


def test_tool_that_exits_1_fails_its_row(phone, run, output):
    set_fault(phone, "exit1")
    failed_row(run(), output, "code 1", "Failed to apply delegate")
    left_clean(phone, output)


def test_tool_that_aborts_fails_its_row(phone, run, output):
    set_fault(phone, "abort")
    failed_row(run(), output, "code 134", "SIGABRT")
    left_clean(phone, output)


def test_truncated_output_fails_its_row(phone, run, output):
    set_fault(phone, "truncated")
    failed_row(run(), output, "two `count=` lines", "1 `count=` lines")
    left_clean(phone, output)


def test_unconsumed_flag_fails_its_row(phone, run, output):
    failed_row(
        run("--tool_flags=--use_magic=true"), output, "unknown --use_magic=true"
    )
    left_clean(phone, output)


def test_partial_delegation_fails_its_row(phone, run, output):
    set_fault(phone, "partial")
    failed_row(run(), output, "XNNPACK executed only a part of the graph")
    left_clean(phone, output)


def test_npu_that_ran_on_cpu_fails_its_row(phone, run, output, tmp_path):
    set_fault(phone, "fallback external_delegate_path")
    library = tmp_path / "libnpu.so"
    library.write_bytes(b"elf")
    done = run("--delegates=npu", f"--npu_library={library}")
    failed_row(done, output, "EXTERNAL did not execute the graph")
    left_clean(phone, output)


def test_npu_gets_its_libraries_options_and_environment(
    phone, run, output, tmp_path
):
    libraries = tmp_path / "qnn"
    libraries.mkdir()
    for name in ("libQnnHtp.so", "libQnnHtpV75Skel.so"):
        (libraries / name).write_bytes(b"elf")
    on_phone = phone.path("/data/local/tmp/vendor/libdelegate.so")
    on_phone.parent.mkdir()
    on_phone.write_bytes(b"elf")
    done = run(
        "--delegates=npu",
        "--npu_library=device:/data/local/tmp/vendor/libdelegate.so",
        "--npu_options=backend_type:htp;skel_library_dir:{folder}",
        f"--libraries={libraries}",
        "--environment=ADSP_LIBRARY_PATH={folder};/vendor/dsp",
        "--passes=latency",
    )
    assert done.returncode == OK, done.stderr
    sent = {name.removesuffix(".part") for name in phone.pushed}
    assert {"libQnnHtp.so", "libQnnHtpV75Skel.so"} <= sent
    (command,) = {
        job["command"] for job in jobs_of(output) if job["kind"] == "latency"
    }
    folder = command.partition("LD_LIBRARY_PATH=")[2].split()[0]
    assert f"'ADSP_LIBRARY_PATH={folder};/vendor/dsp'" in command
    assert "--external_delegate_path=/data/local/tmp/vendor/lib" in command
    assert (
        "'--external_delegate_options=backend_type:htp;"
        f"skel_library_dir:{folder}'" in command
    )
    left_clean(phone, output)
    assert on_phone.exists()

    done = run(
        "--npu_library=device:/vendor/none.so", "--delegates=npu", "--resume"
    )
    assert done.returncode == WRONG_INPUT
    one_line(done, "--npu_library=device:/vendor/none.so (was device:/data")


def test_library_that_the_phone_lacks_is_refused(phone, run, output):
    done = run("--delegates=npu", "--npu_library=device:/vendor/none.so")
    assert done.returncode == WRONG_INPUT
    one_line(done, "must be on the phone", "device:/vendor/none.so")
    left_clean(phone, output)


def test_wrong_output_fails_its_row(phone, run, output):
    set_fault(phone, "wrong")
    failed_row(run(), output, "the output must be that of this machine within")
    left_clean(phone, output)


def test_interrupted_run_is_resumed(phone, run, output):
    arguments = ("--repeats=3",)
    process = run(*arguments, begin=start)
    _, stderr = interrupt_after(process, lambda: has_jobs(output, 2))
    assert process.returncode == INTERRUPTED, stderr
    assert "--resume" in stderr and "Traceback" not in stderr
    left_clean(phone, output)
    before = jobs_of(output)
    assert 2 <= len(before) < 8 and not rows_of(output)

    again = run(*arguments)
    assert again.returncode == WRONG_INPUT
    one_line(again, "--resume")
    done = run(*arguments, "--resume")
    assert done.returncode == OK, done.stderr
    assert jobs_of(output)[: len(before)] == before
    assert len(jobs_of(output)) == 8
    left_clean(phone, output)


def test_killed_run_is_resumed_and_then_hung_up(phone, run, output):
    arguments = ("--repeats=9",)
    process = run(*arguments, begin=start)
    interrupt_after(process, lambda: has_jobs(output, 2), signal.SIGKILL)
    (old,) = (phone.root / "data/local/tmp/fanet-bench").iterdir()
    guard = (old / "guard.pid").read_text()

    process = run(*arguments, "--resume", begin=start)
    _, stderr = interrupt_after(
        process, lambda: has_jobs(output, 5), signal.SIGHUP
    )
    assert process.returncode == INTERRUPTED, stderr
    assert "--resume" in stderr and "Traceback" not in stderr
    assert not pathlib.Path(f"/proc/{guard.strip()}").exists()
    left_clean(phone, output)


def test_resuming_another_run_is_refused(phone, run, output):
    assert run().returncode == OK
    done = run("--resume", "--repeats=2")
    assert done.returncode == WRONG_INPUT
    one_line(done, "`--resume`", "--repeats=2 (was 1)")
