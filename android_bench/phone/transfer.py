"""Files to a device and back, each verified by its sha256."""

import pathlib
import re
import shlex

from android_bench.errors import AdbError
from android_bench.errors import DeviceLost
from android_bench.phone.adb import Adb
from android_bench.phone.adb import last_line
from fanet_tf.denoising.bundle import sha256
from fanet_tf.files import own_folder

_LOST = re.compile(
    r"device offline|device '.*' not found|no devices/emulators found"
    r"|closed|protocol fault|connection reset|device still connecting"
    r"|failed to get feature set|cannot connect|failed to read"
    r"|connect failed",
    re.IGNORECASE,
)


def sha256_on_device(adb: Adb, remote: str) -> str | None:
    """The sha256 of a file on the device; None where there is none."""
    result = adb.shell(
        f"sha256sum {shlex.quote(remote)} 2>/dev/null",
        timeout_s=120,
        check=False,
    )
    found = re.match(r"\s*([0-9a-f]{64})\b", result.stdout)
    return found[1] if found else None


def push(adb: Adb, local: pathlib.Path, remote: str) -> bool:
    """Copies a file to the device unless an equal one is there.

    The copy is written beside, compared by sha256 and then renamed.

    Returns:
        Whether anything was sent.
    """
    wanted = sha256(local)
    if sha256_on_device(adb, remote) == wanted:
        return False
    part = remote + ".part"
    for _ in range(adb.retries + 1):
        adb.retrying(lambda: _transfer(adb, "push", str(local), part))
        if adb.dry or sha256_on_device(adb, part) == wanted:
            adb.shell(f"mv {shlex.quote(part)} {shlex.quote(remote)}")
            return True
    raise AdbError(
        f"{local.name} must arrive whole on {adb.serial}. Received: "
        f"another sha256 after {adb.retries + 1} tries"
    )


def pull(adb: Adb, remote: str) -> bytes:
    """The bytes of a file on the device, checked by sha256."""
    with own_folder.scratch() as folder:
        local = folder / "file"
        for _ in range(adb.retries + 1):
            adb.retrying(lambda: _transfer(adb, "pull", remote, str(local)))
            if adb.dry:
                return b""
            if sha256_on_device(adb, remote) == sha256(local):
                return local.read_bytes()
    raise AdbError(
        f"{remote} must arrive whole from {adb.serial}. Received: "
        f"another sha256 after {adb.retries + 1} tries"
    )


def _transfer(adb: Adb, direction: str, source: str, target: str) -> None:
    process = adb.client(direction, source, target, timeout_s=600)
    if process.returncode == 0:
        return
    text = (process.stderr + b"\n" + process.stdout).decode(errors="replace")
    # Progress shares the stream; the reason is on a line of its own.
    reasons = [
        line.strip()
        for line in text.splitlines()
        if "error" in line.lower() or "fail" in line.lower()
    ]
    reason = reasons[0] if reasons else last_line(text)
    if "No space left" in text:
        raise AdbError(
            f"device {adb.serial} must have room for {source}. "
            f"Received: {reason}"
        )
    if _LOST.search(text):
        raise DeviceLost(
            f"device {adb.serial} must stay connected during a "
            f"{direction}. Received: {reason}"
        )
    raise AdbError(
        f"adb {direction} of {source} must succeed. Received: {reason}"
    )
