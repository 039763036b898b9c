"""The only place that starts adb.

Three habits of the client decide how a command is sent:

* It exits 0 when the connection drops in the middle of `adb shell`, and always
  with devices that lack shell_v2. So every command ends with a sentinel that
  carries a nonce and the exit code; no sentinel means `DeviceLost`.
* It joins its arguments with spaces and the device parses them again. So a
  command is one string, quoted once.
* Killing it leaves the device's process running. So every command has a
  watchdog on the device (`watchdog`) as well as a limit here.
"""

import dataclasses
import math
import secrets
import shlex
import subprocess
import time
from collections.abc import Callable

from android_bench.errors import AdbError
from android_bench.errors import CommandTimeout
from android_bench.errors import DeviceLost
from android_bench.phone import watchdog

# How long the client may take beyond the device's own limit.
_MARGIN_S = 15
_CONNECT_S = 5
_ADVICE = {
    "unauthorized": "unlock the phone and allow USB debugging",
    "authorizing": "unlock the phone and allow USB debugging",
    "offline": "reconnect the phone",
    "connecting": "reconnect the phone",
    "no permissions": "give this user access to the USB device (udev rules)",
}


@dataclasses.dataclass(frozen=True)
class Shell:
    """What a command on the device left behind.

    Attributes:
        code: its exit code, from the sentinel.
        stdout: text before the sentinel; without shell_v2 stderr is in it.
        stderr: text of the second stream.
        seconds: wall time seen from here.
    """

    code: int
    stdout: str
    stderr: str
    seconds: float


def parse_devices(text: str) -> dict[str, str]:
    """Reads `adb devices`: serial to state."""
    devices = {}
    for line in text.splitlines():
        serial, tab, state = line.partition("\t")
        if tab and not line.startswith("*"):
            devices[serial.strip()] = state.strip()
    return devices


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


class Adb:
    """One device, addressed by its serial in every command.

    Args:
        serial: the device's serial, or None for the only one there is.
        executable: the adb client.
        echo: with a function, nothing is run: each command line is handed to
            it (`--dry_run`).
        retries: how often a lost connection is tried again.
        backoff_s: pause before the first retry; doubles with each.
        sleep: stands in for `time.sleep` in tests.
    """

    def __init__(
        self,
        serial: str | None,
        executable: str = "adb",
        echo: Callable[[str], None] | None = None,
        retries: int = 3,
        backoff_s: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.serial = serial
        self.executable = executable
        self.retries = retries
        self.backoff_s = backoff_s
        self._echo = echo
        self._sleep = sleep

    @property
    def dry(self) -> bool:
        """Whether commands are printed only."""
        return self._echo is not None

    def client(
        self, *arguments: str, timeout_s: float = 60, serial: bool = True
    ) -> subprocess.CompletedProcess:
        """Runs the client once; the only subprocess of this module."""
        address = ["-s", self.serial] if serial and self.serial else []
        command = [self.executable, *address, *arguments]
        if self._echo is not None:
            self._echo(shlex.join(command))
            return subprocess.CompletedProcess(command, 0, b"", b"")
        try:
            return subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        except FileNotFoundError:
            raise AdbError(
                "`--adb` must name an adb client (Android platform-tools; "
                f"Debian's package is adb). Received: {self.executable!r}"
            ) from None
        except subprocess.TimeoutExpired:
            raise DeviceLost(
                f"adb {arguments[0]} must answer within {timeout_s:.0f} s. "
                f"Received: nothing from {self.serial}"
            ) from None

    def version(self) -> str:
        """The client's version, in one line."""
        text = self.client("version", serial=False).stdout.decode()
        return "; ".join(text.splitlines()[:2])

    def devices(self) -> dict[str, str]:
        """Serial to state (`device`, `offline`, ...) of all devices."""
        process = self.client("devices", serial=False)
        if process.returncode:
            raise AdbError(
                "adb devices must succeed. Received: "
                + last_line(process.stderr.decode(errors="replace"))
            )
        return parse_devices(process.stdout.decode(errors="replace"))

    def ready(self) -> None:
        """Waits, with bounded retries, until the device takes commands.

        Raises:
            AdbError: no device, several and no serial, not authorised, or
                still not there after the last retry.
        """
        self.client("start-server", serial=False)
        if self.dry:
            self.devices()
            return
        if self.serial is None:
            self.serial = self._only(self.devices())
        for attempt in range(self.retries + 1):
            state = self.devices().get(self.serial, "not found")
            if state == "device":
                return
            if state == "unauthorized":
                break
            if ":" in self.serial:
                # The exit code says nothing: it is 0 for a refusal too.
                if state == "offline":
                    self.client("disconnect", self.serial, serial=False)
                try:
                    self.client(
                        "connect",
                        self.serial,
                        serial=False,
                        timeout_s=_CONNECT_S,
                    )
                except DeviceLost:
                    pass
                if self.devices().get(self.serial) == "device":
                    return
            if attempt < self.retries:
                self._sleep(self.backoff_s * 2**attempt)
        state = self.devices().get(self.serial, "not found")
        if state == "device":
            return
        advice = _ADVICE.get(state, "compare with `adb devices`")
        raise AdbError(
            f"device {self.serial} must be in state 'device'; {advice}. "
            f"Received: state {state!r}"
        )

    @staticmethod
    def _only(devices: dict[str, str]) -> str:
        if len(devices) == 1:
            return next(iter(devices))
        listed = ", ".join(f"{s} ({state})" for s, state in devices.items())
        raise AdbError(
            "`--serial` must name one device when not exactly one is "
            f"connected. Received: no serial, devices: {listed or 'none'}"
        )

    def retrying(self, attempt: Callable[[], object]):
        """Returns `attempt()`, tried again after each lost connection."""
        for number in range(self.retries + 1):
            try:
                return attempt()
            except DeviceLost:
                if number == self.retries:
                    raise
                self._sleep(self.backoff_s * 2**number)
                self.ready()
        raise AssertionError("unreachable")

    def shell(
        self,
        command: str,
        timeout_s: float = 30,
        check: bool = True,
        retry: bool = True,
    ) -> Shell:
        """Runs `command` in the device's shell.

        Args:
            command: one string for `sh -c`.
            timeout_s: limit on the device.
            check: raise when the exit code is not 0.
            retry: try again when the connection is lost; for commands that
                may run twice.

        Raises:
            DeviceLost: the connection ended before the command did.
            CommandTimeout: the command was stopped at its limit.
            AdbError: with `check`, the command failed.
        """
        if retry:
            return self.retrying(
                lambda: self.shell(command, timeout_s, check, retry=False)
            )
        nonce = secrets.token_hex(8)
        limit = math.ceil(timeout_s)
        line = watchdog.limited(command, limit, nonce)
        start = time.monotonic()
        process = self.client("shell", line, timeout_s=limit + _MARGIN_S)
        seconds = time.monotonic() - start
        if self.dry:
            return Shell(0, "", "", 0.0)
        stdout = process.stdout.decode(errors="replace").replace("\r\n", "\n")
        stderr = process.stderr.decode(errors="replace").replace("\r\n", "\n")
        answer = watchdog.split(stdout, nonce)
        if answer is None:
            return self._no_sentinel(stdout, stderr)
        result = Shell(answer[1], answer[0], stderr, seconds)
        if result.code == 137 and seconds >= limit - 0.5:
            raise CommandTimeout(
                f"a command must end within {limit} s on the device. "
                f"Received: code {result.code} after {seconds:.0f} s of: "
                f"{command[:200]}"
            )
        if check and result.code:
            raise AdbError(
                f"a command must succeed on {self.serial}. Received: code "
                f"{result.code}, "
                f"{last_line(stderr) or last_line(result.stdout)!r} from: "
                f"{command[:200]}"
            )
        return result

    def _no_sentinel(self, stdout: str, stderr: str):
        message = last_line(stderr) or last_line(stdout)
        if "unauthorized" in message or "authorizing" in message:
            raise AdbError(
                f"device {self.serial} must allow USB debugging: unlock the "
                f"phone and accept. Received: {message}"
            )
        if "more than one device" in message:
            raise AdbError(
                "`--serial` must name one device. Received: " + message
            )
        raise DeviceLost(
            f"device {self.serial} must stay connected until a command ends. "
            f"Received: {message[:200] or 'an end of output'}"
        )
