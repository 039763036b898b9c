"""A run's own folder on the phone: files go there and come back."""

import pathlib

from android_bench import run_ids
from android_bench.errors import AdbError
from android_bench.errors import DeviceLost
from android_bench.errors import ToolError
from android_bench.phone import guard as guards
from android_bench.phone import transfer
from android_bench.phone.adb import Adb
from fanet_tf.files import own_folder

# A transfer may take so long without a sign of life; the guard waits longer.
_TRANSFER_S = 600
_GUARD_MARGIN_S = 300


class Workspace:
    """The folder, and the guard that removes it should this machine vanish.

    Args:
        adb: the device.
        run_id: names the folder.
        silence_s: the longest that a job or a look at the phone may take.
        restores_mode: whether the guard switches fixed-performance mode off.
    """

    def __init__(
        self, adb: Adb, run_id: str, silence_s: float, restores_mode: bool
    ):
        self.folder = f"{guards.BASE}/{run_ids.checked(run_id)}"
        limit_s = max(silence_s, _TRANSFER_S) + _GUARD_MARGIN_S
        self.guard = guards.Guard(adb, self.folder, limit_s, restores_mode)
        self._adb = adb
        self._pushed: set[str] = set()

    def start(self) -> None:
        """Makes the folder, and ends what earlier runs left on the phone."""
        self.guard.end_others()
        self._adb.shell(f"mkdir -p {self.folder}")
        self.guard.start(self.push_text)

    def resolved(self, text: str) -> str:
        """Puts the folder's path where a text says `{folder}`."""
        return text.replace("{folder}", self.folder)

    def push(self, path: pathlib.Path, name: str) -> str:
        """Sends a file once; returns its path on the phone."""
        remote = f"{self.folder}/{name}"
        if remote not in self._pushed:
            self._adb.shell(self.guard.beating())
            transfer.push(self._adb, path, remote)
            self._pushed.add(remote)
        return remote

    def push_text(self, text: str | bytes, name: str) -> str:
        """Sends a text as a file; returns its path on the phone."""
        with own_folder.scratch() as folder:
            path = folder / name
            own_folder.create(path, text)
            return self.push(path, name)

    def pull(self, name: str) -> bytes:
        """Returns what the tool wrote.

        Raises:
            ToolError: it wrote no such file.
        """
        try:
            return transfer.pull(self._adb, f"{self.folder}/{name}")
        except DeviceLost:
            raise
        except AdbError as error:
            raise ToolError(
                f"the tool must write {name}. Received: {error}"
            ) from None
