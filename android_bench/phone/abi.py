"""For which processor a file is built, by the head of its ELF."""

import pathlib
import struct

from android_bench.errors import BenchError

_ELF = b"\x7fELF"
_HEAD_BYTES = 20
# Android's names of e_machine.
_ABIS = {
    0x03: "x86",
    0x28: "armeabi-v7a",
    0x3E: "x86_64",
    0xB7: "arm64-v8a",
    0xF3: "riscv64",
}


def of_file(path: pathlib.Path) -> str | None:
    """Returns a file's ABI in Android's words; None for what is no ELF.

    Files for other processors of the phone (a DSP's library) give None, too.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES or not head.startswith(_ELF):
        return None
    order = "<" if head[5] == 1 else ">"
    (machine,) = struct.unpack(f"{order}H", head[18:20])
    return _ABIS.get(machine)


def check(path: pathlib.Path, flag: str, phone: tuple[str, ...]) -> None:
    """Refuses a file that the phone's processor cannot run.

    Args:
        path: a program or library.
        flag: that names it.
        phone: the ABIs that the phone lists, or the one of its tool; empty
            where it lists none.

    Raises:
        BenchError: says both.
    """
    own = of_file(path)
    # armeabi is armeabi-v7a's older name.
    if own is None or not phone or own in phone:
        return
    raise BenchError(
        f"`--{flag}` must be built for {' or '.join(phone)}. Received: "
        f"{path.name} for {own}"
    )
