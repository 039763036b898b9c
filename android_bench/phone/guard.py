"""A script on the phone that cleans up once this machine falls silent.

A killed session, a suspended laptop or a pulled cable must not leave a phone
in fixed-performance mode, with a process running or a folder full of models.
The run writes a new `beat` before whatever it does, also while the phone
cools; when no new one came for `silence_s` seconds, the script ends the tool,
switches the mode off and removes the folder.

The guard of a run that died would do that in the middle of the next run, so a
run begins by ending every guard that it finds.
"""

import secrets
from collections.abc import Callable

from android_bench.phone.adb import Adb

BASE = "/data/local/tmp/fanet-bench"
_LOOK_S = 10

# Ends the process whose number is in a file, if it is still one of ours: the
# number may have gone to another process since.
_END = (
    "end() { p=$(cat $1/$2.pid 2>/dev/null); "
    '[ -n "$p" ] && grep -q "$1" /proc/$p/cmdline 2>/dev/null && '
    "{ kill -9 -$p 2>/dev/null || kill -9 $p; }; rm -f $1/$2.pid; }; "
)
_MODE_OFF = "cmd power set-fixed-performance-mode-enabled false"
_SCRIPT = """\
{end}
beat=; silent=0
while [ -d {folder} ]; do
  now=$(cat {folder}/beat 2>/dev/null)
  if [ "$now" = "$beat" ]; then silent=$((silent + {look}))
  else silent=0; fi
  beat=$now
  if [ $silent -ge {silence} ]; then
    end {folder} tool
    {mode_off}
    rm -rf {folder}
    rmdir {base}
  fi
  sleep {look}
done
"""


def script(folder: str, silence_s: float, restores_mode: bool) -> str:
    """Returns the script that watches over a run's folder."""
    return _SCRIPT.format(
        end=_END,
        folder=folder,
        base=BASE,
        silence=int(silence_s),
        look=_LOOK_S,
        mode_off=_MODE_OFF if restores_mode else ":",
    )


class Guard:
    """The guard of one run.

    Args:
        adb: the device.
        folder: of the run, on the device.
        silence_s: after so many seconds without a beat the guard cleans up.
        restores_mode: whether it also switches fixed-performance mode off.
    """

    def __init__(
        self, adb: Adb, folder: str, silence_s: float, restores_mode: bool
    ):
        self._adb = adb
        self._folder = folder
        self.script = script(folder, silence_s, restores_mode)

    def end_others(self) -> None:
        """Ends what earlier runs left on the phone, this run's guard too.

        Their folders go; this run's own stays, so that nothing is sent twice.
        """
        answer = self._adb.shell(
            f"{_END}"
            f"for f in {BASE}/*; do [ -d $f ] || continue; "
            "end $f guard; end $f tool; "
            f"[ $f = {self._folder} ] || {{ rm -rf $f; echo $f; }}; done"
        )
        if answer.stdout.strip():
            # Whoever they were, the mode may still be theirs.
            self._adb.shell(_MODE_OFF, check=False)

    def start(self, push_text: Callable[[str, str], str]) -> None:
        """Starts the script on the device.

        Args:
            push_text: puts a text into the run's folder under a name, and
                returns its path there.
        """
        remote = push_text(self.script, "guard.sh")
        self._adb.shell(
            f"{self.beating()}; "
            f"$(command -v setsid) sh {remote} </dev/null >/dev/null 2>&1 & "
            f"echo $! > {self._folder}/guard.pid"
        )

    def beating(self) -> str:
        """Returns a command for the device that tells the guard to wait."""
        return f"echo {secrets.token_hex(4)} > {self._folder}/beat"

    def end_tool(self) -> None:
        """Ends a tool that a lost connection left, and its old outputs."""
        folder = self._folder
        self._adb.shell(
            f"{_END}{self.beating()}; end {folder} tool; "
            f"rm -f {folder}/output.raw {folder}/profile.csv"
        )

    def end(self) -> None:
        """Ends the script and removes the run's folder."""
        self._adb.shell(
            f"{_END}end {self._folder} guard; "
            f"rm -rf {self._folder}; rmdir {BASE} 2>/dev/null; true"
        )
