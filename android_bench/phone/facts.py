"""A phone's facts, its condition, and the mode it is measured in."""

import dataclasses

from android_bench.errors import AdbError
from android_bench.phone import cores as core_lib
from android_bench.phone import dumpsys
from android_bench.phone.adb import Adb

_PROPERTIES = {
    "manufacturer": ("ro.product.manufacturer",),
    "model": ("ro.product.model",),
    "soc": ("ro.soc.model", "ro.board.platform", "ro.hardware"),
    "android": ("ro.build.version.release",),
    "sdk": ("ro.build.version.sdk",),
    "fingerprint": ("ro.build.fingerprint",),
    "abi": ("ro.product.cpu.abi",),
    "abis": ("ro.product.cpu.abilist", "ro.product.cpu.abi"),
}
_CPUS = """\
of() { cat "$1" 2>/dev/null || echo "$2"; }
for c in /sys/devices/system/cpu/cpu[0-9]*; do
  [ -d "$c" ] || continue
  f=$c/cpufreq
  echo core ${c##*cpu} $(of $f/cpuinfo_max_freq 0) $(of $c/cpu_capacity 0) \
    $(of $f/scaling_governor unknown)
done"""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a phone says about itself; empty where it does not say.

    `abis` lists every ABI that its processor runs, with commas.
    """

    serial: str
    manufacturer: str
    model: str
    soc: str
    android: str
    sdk: str
    fingerprint: str
    abi: str
    abis: str
    cores: tuple[core_lib.Core, ...]


def read_facts(adb: Adb) -> Facts:
    """Asks the device who it is."""
    names = [name for names in _PROPERTIES.values() for name in names]
    text = adb.shell(
        f'for p in {" ".join(names)}; do echo "$p=$(getprop $p)"; done'
    ).stdout
    values = dict(
        line.split("=", 1) for line in text.splitlines() if "=" in line
    )
    known = {
        field: next((values[n].strip() for n in names if values.get(n)), "")
        for field, names in _PROPERTIES.items()
    }
    return Facts(
        serial=adb.serial or "",
        cores=core_lib.parse(adb.shell(_CPUS).stdout),
        **known,
    )


def condition(adb: Adb, before: str = "true") -> dict[str, object]:
    """Battery, thermal status and temperatures now; missing where unknown.

    Args:
        adb: the device.
        before: a command for its shell that runs first.
    """
    text = adb.shell(
        f"{before}; dumpsys battery; echo ==thermal==; dumpsys thermalservice",
        check=False,
    ).stdout
    battery, _, thermal = text.partition("==thermal==")
    return {**dumpsys.battery(battery), **dumpsys.thermal(thermal)}


class PerformanceMode:
    """Android's fixed-performance mode (Android 11 and newer).

    It keeps the clocks at a level that the phone can hold; it cannot be read
    back, so it is switched off at the end.

    Args:
        adb: the device.
    """

    def __init__(self, adb: Adb):
        self._adb = adb
        self.state = "off"

    def switch_on(self) -> bool:
        """Whether the device has the mode, which is then on."""
        result = self._adb.shell(
            "cmd power set-fixed-performance-mode-enabled true", check=False
        )
        said = (result.stdout + result.stderr).lower()
        refused = "fail" in said or "unknown" in said or "not supported" in said
        self.state = "unavailable" if result.code or refused else "on"
        return self.state == "on"

    def restore(self) -> None:
        """Switches the mode off if it was switched on."""
        if self.state != "on":
            return
        try:
            self._adb.shell(
                "cmd power set-fixed-performance-mode-enabled false"
            )
        except AdbError as error:
            raise AdbError(
                "fixed-performance mode must be switched off again; run `adb "
                "shell cmd power set-fixed-performance-mode-enabled false` or "
                f"restart the phone. Received: {error}"
            ) from None
        self.state = "restored"
