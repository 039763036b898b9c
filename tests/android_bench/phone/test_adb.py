import pytest

from android_bench.errors import AdbError
from android_bench.errors import CommandTimeout
from android_bench.errors import DeviceLost
from android_bench.phone import adb as adb_module
from android_bench.phone import transfer
from android_bench.phone.adb import Adb


@pytest.fixture
def device(phone):
    adb = Adb(phone.serial, sleep=lambda seconds: None)
    adb.ready()
    return adb


@pytest.mark.parametrize("shell_v2", [True, False])
@pytest.mark.parametrize("code", [0, 1, 7, 134])
def test_exit_code_arrives_with_either_protocol(phone, shell_v2, code):
    phone.shell_v2 = shell_v2
    adb = Adb(phone.serial)
    adb.ready()
    result = adb.shell(f"echo out; echo err >&2; exit {code}", check=False)
    assert result.code == code
    assert "out\n" in result.stdout
    assert "err" in result.stdout + result.stderr


@pytest.mark.parametrize(
    "text", ["a  b", "it's", 'say "hi"', "$HOME `id` \\ ;&|", "ä ö", "*"]
)
def test_a_command_is_quoted_once(device, text):
    import shlex

    assert device.shell(f"echo {shlex.quote(text)}").stdout == text + "\n"


def test_output_without_a_last_newline_is_kept_as_it_is(device):
    assert device.shell("printf abc").stdout == "abc"
    assert device.shell("true").stdout == ""


def test_failure_says_command_code_and_stderr(device):
    with pytest.raises(AdbError, match="code 3, 'broken' from: echo broken"):
        device.shell("echo broken >&2; exit 3")


def test_command_is_stopped_on_the_device(device):
    with pytest.raises(CommandTimeout, match="within 1 s on the device"):
        device.shell("sleep 60", timeout_s=1)


def test_lost_connection_is_no_success(phone):
    # The client itself exits 0 here.
    adb = Adb(phone.serial, sleep=lambda seconds: None)
    adb.ready()
    phone.drop_when = "sleep 1"
    with pytest.raises(DeviceLost, match="stay connected"):
        adb.shell("echo begun; sleep 1", retry=False)


def test_retries_are_bounded_and_back_off(phone):
    pauses = []
    adb = Adb(phone.serial, retries=3, backoff_s=1, sleep=pauses.append)
    adb.ready()
    tries = []

    def attempt():
        tries.append(1)
        raise DeviceLost("lost")

    with pytest.raises(DeviceLost):
        adb.retrying(attempt)
    assert len(tries) == 4
    assert pauses == [1, 2, 4]


def test_push_is_verified_and_skipped_when_equal(device, phone, tmp_path):
    local = tmp_path / "file with 'quotes'"
    local.write_bytes(bytes(range(256)) * 999)
    remote = "/data/local/tmp/x y/file"
    device.shell("mkdir -p '/data/local/tmp/x y'")
    assert transfer.push(device, local, remote)
    assert phone.path(remote).read_bytes() == local.read_bytes()
    assert not transfer.push(device, local, remote)
    assert len(phone.pushed) == 1
    # Same size, other bytes.
    local.write_bytes(bytes(reversed(range(256))) * 999)
    assert transfer.push(device, local, remote)
    assert not list(phone.path(remote).parent.glob("*.part"))


def test_push_that_arrives_broken_is_refused(device, monkeypatch, tmp_path):
    local = tmp_path / "file"
    local.write_bytes(b"data")
    monkeypatch.setattr(transfer, "sha256", lambda path: "0" * 64)
    with pytest.raises(AdbError, match="must arrive whole"):
        transfer.push(device, local, "/data/local/tmp/file")


def test_pull_gives_the_bytes(device, phone):
    phone.path("/data/local/tmp/file").write_bytes(b"\0\r\n\xff" * 100_000)
    assert (
        transfer.pull(device, "/data/local/tmp/file") == b"\0\r\n\xff" * 100_000
    )
    with pytest.raises(AdbError, match="pull of .*none must succeed"):
        transfer.pull(device, "/data/local/tmp/none")


def test_only_device_needs_no_serial(phone, adb):
    adb("connect", phone.serial)
    client = Adb(None)
    client.ready()
    assert client.serial == phone.serial


def test_unknown_serial_is_refused(adb_server):
    client = Adb("NOPE", retries=0)
    with pytest.raises(AdbError, match="device NOPE must .*not found"):
        client.ready()


def test_missing_client_is_named():
    with pytest.raises(AdbError, match="Received: 'no-such-adb'"):
        Adb("S", "no-such-adb").devices()


def test_devices_are_read_by_serial_and_state():
    text = (
        "* daemon started successfully\nList of devices attached\n"
        "R58M\tdevice\n127.0.0.1:5555\toffline\n"
        "0123\tno permissions; see [http://x]\n\n"
    )
    assert adb_module.parse_devices(text) == {
        "R58M": "device",
        "127.0.0.1:5555": "offline",
        "0123": "no permissions; see [http://x]",
    }


def test_dry_run_prints_and_starts_nothing():
    lines = []
    adb = Adb("S1", "no-such-adb", echo=lines.append)
    adb.ready()
    adb.shell("echo 'a b'")
    assert lines[:2] == ["no-such-adb start-server", "no-such-adb devices"]
    assert lines[2].startswith("no-such-adb -s S1 shell ")
    assert "sleep 30" in lines[2]
