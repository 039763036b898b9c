r"""An aarch64 user space in one folder, and the emulator that runs it.

    python benchmarks/arm/user_space.py --root=build/arm

The folder gets Debian's arm64 libraries and Python, qemu's user-mode emulator,
and aarch64 wheels at the versions and hashes of `requirements.lock`. Nothing
else on the machine changes: apt works with lists, cache and status of its own
below the folder, packages are unpacked and not installed, and no root is
needed. It takes 20 seconds, 130 MB of downloads and 400 MB of disk; a
finished folder is used as it is.

    ROOT/
      arm64/      libraries and Python of the guest
      cores/      the guest's / for each core: links, and its /proc/cpuinfo
      qemu/       the emulator and its own libraries
      site/       the guest's wheels
      built.json  what was asked for; written last

The host must be Debian or a relative of it, on x86-64.
"""

import dataclasses
import json
import os
import pathlib
import platform
import re
import shlex
import shutil
import subprocess
import sys
import zipfile

from packaging import markers

REPOSITORY = pathlib.Path(__file__).parents[2]
DEFAULT_ROOT = REPOSITORY / "build/arm"

# With what they need, as apt resolves it.
_GUEST = ("python3-minimal", "libpython3-stdlib", "libstdc++6", "zlib1g")
_EMULATOR = ("qemu-user",)
# What runs a flatbuffer, and `fanet-denoise`.
WHEELS = (
    "absl-py",
    "ai-edge-litert",
    "attrs",
    "flatbuffers",
    "jsonschema",
    "jsonschema-specifications",
    "ml-dtypes",
    "numpy",
    "opencv-python-headless",
    "rawpy",
    "referencing",
    "rpds-py",
    "tqdm",
    "typing-extensions",
)

# A core's features as Linux shows them. The LiteRT runtime reads them there,
# and an emulator of 2023 or older shows it the host's file.
_CPUINFO = """processor\t: {index}
BogoMIPS\t: 100.00
Features\t: {features}
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x1
CPU part\t: {part}
CPU revision\t: 0

"""
_FEATURES = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
_DOT_AND_HALF = (
    " atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp ssbs"  # Armv8.2.
)
# Cores by qemu's names: part number and features.
CORES = {
    "cortex-a53": ("0xd03", _FEATURES),
    "cortex-a76": ("0xd0b", _FEATURES + _DOT_AND_HALF),
}


class BuildError(Exception):
    """The user space cannot be built or used; says in one line why."""


@dataclasses.dataclass(frozen=True)
class UserSpace:
    """A finished folder.

    Attributes:
        root: the folder.
    """

    root: pathlib.Path

    @property
    def python(self) -> pathlib.Path:
        """The guest's Python, as the host sees it."""
        found = sorted((self.root / "arm64/usr/bin").glob("python3.*[0-9]"))
        if not found:
            raise BuildError(f"{self.root} must hold a Python for aarch64.")
        return found[-1]

    def command(self, core: str, *arguments, plugin=None) -> list[str]:
        """Returns the command line that runs the guest's Python.

        Args:
            core: one of `CORES`; the guest sees its instructions only.
            *arguments: of Python.
            plugin: path of a qemu plugin.
        """
        qemu = self.root / "qemu"
        libraries = [
            str(qemu / folder / "x86_64-linux-gnu")
            for folder in ("usr/lib", "lib")
        ]
        return [
            # The emulator's libraries need not be those of the host.
            str(qemu / "lib64/ld-linux-x86-64.so.2"),
            "--library-path",
            ":".join(libraries),
            str(qemu / "usr/bin/qemu-aarch64"),
            *(["-plugin", str(plugin)] if plugin else []),
            *("-cpu", core),
            *("-L", str(self._system(core))),
            *("-E", "LD_LIBRARY_PATH=/nonexistent"),
            *("-E", f"PYTHONPATH={self.root / 'site'}:{REPOSITORY}"),
            *("-E", "PYTHONNOUSERSITE=1"),
            *("-E", "OPENBLAS_NUM_THREADS=1"),
            str(self.python),
            *(str(argument) for argument in arguments),
        ]

    def launcher(self, core: str) -> pathlib.Path:
        """Returns a program that is the guest's Python on a core.

        For a guest that starts another: the host executes this script, where
        it could not execute the guest's Python.
        """
        path = self.root / "cores" / core / "python"
        command = shlex.join(self.command(core))
        text = f'#!/bin/sh\nexec {command} "$@"\n'
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            path.chmod(0o755)
        return path

    def _system(self, core) -> pathlib.Path:
        """Returns the guest's `/` with the core's own `/proc/cpuinfo`.

        A folder for each core, so that two can run at the same time.
        """
        part, features = CORES[core]
        system = self.root / "cores" / core
        (system / "proc").mkdir(parents=True, exist_ok=True)
        for entry in (self.root / "arm64").iterdir():
            link = system / entry.name
            if not os.path.lexists(link):
                link.symlink_to(entry)
        (system / "proc/cpuinfo").write_text(
            "".join(
                _CPUINFO.format(index=i, part=part, features=features)
                for i in range(2)
            )
        )
        return system


def build(root=DEFAULT_ROOT, wheels=WHEELS) -> UserSpace:
    """Returns the user space of a folder; builds it if it is not finished.

    Args:
        root: the folder; made anew unless it was finished with these wheels.
        wheels: names of packages, each in `requirements.lock`.

    Raises:
        BuildError: the host has no apt, a download failed, or the folder
            holds something else.
    """
    root = pathlib.Path(root).resolve()
    wanted = {"wheels": _locked(wheels), "guest": _GUEST}
    wanted = json.loads(json.dumps(wanted))
    mark = root / "built.json"
    if mark.is_file() and json.loads(mark.read_text()) == wanted:
        return UserSpace(root)
    if root.exists() and any(root.iterdir()) and not (root / "apt").is_dir():
        raise BuildError(
            f"{root} must be empty, or a folder that this program made."
        )
    if platform.machine() != "x86_64" or not shutil.which("apt-get"):
        raise BuildError(
            "The host must be Debian or a relative, with apt, on x86-64. "
            f"Received: {platform.platform()}"
        )
    for name in ("arm64", "cores", "qemu", "site", "wheels", "apt"):
        shutil.rmtree(root / name, ignore_errors=True)
    mark.unlink(missing_ok=True)
    _unpack_packages(root, "arm64", _GUEST)
    _unpack_packages(root, "amd64", _EMULATOR)
    _unpack_wheels(root, wanted["wheels"])
    mark.write_text(json.dumps(wanted, indent=2) + "\n")
    return UserSpace(root)


def _unpack_packages(root, architecture, packages) -> None:
    """Downloads packages with what they need, by an apt of our own."""
    apt = root / "apt" / architecture
    for folder in (
        "state/lists/partial",
        "cache/archives/partial",
        "etc/apt.conf.d",
        "etc/preferences.d",
        "etc/sources.list.d",
    ):
        (apt / folder).mkdir(parents=True)
    (apt / "status").touch()  # Nothing is installed: all is downloaded.
    _copy_sources(apt / "etc", architecture)
    options = {
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",  # The folder may be ours alone.
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
        "Dir::State": apt / "state",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "Dir::Etc": apt / "etc",
        "Dir::Etc::Trusted": "/etc/apt/trusted.gpg",
        "Dir::Etc::TrustedParts": "/etc/apt/trusted.gpg.d",
    }
    config = apt / "apt.conf"
    config.write_text("".join(f'{k} "{v}";\n' for k, v in options.items()))
    environment = {"APT_CONFIG": str(config), "PATH": "/usr/bin:/bin"}
    _run("apt-get", "-qq", "update", env=environment)
    _run(
        *("apt-get", "-qq", "--yes", "--download-only", "install"),
        *packages,
        env=environment,
    )
    target = root / ("qemu" if architecture == "amd64" else architecture)
    for file in sorted((apt / "cache/archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", file, target)
    shutil.rmtree(apt / "cache")
    shutil.rmtree(apt / "state")


def _copy_sources(etc, architecture) -> None:
    """Takes the host's archives, for one architecture."""
    host = pathlib.Path("/etc/apt")
    lines = []
    if (host / "sources.list").is_file():
        lines = (host / "sources.list").read_text().splitlines()
    for line in lines:
        found = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(.*)", line)
        if found:
            options = re.sub(r"arch=\S+", "", found[1] or "")
            with (etc / "sources.list").open("a") as stream:
                stream.write(
                    f"deb [arch={architecture} {options}] {found[2]}\n"
                )
    for file in sorted((host / "sources.list.d").glob("*.sources")):
        text = re.sub(r"(?mi)^Architectures:.*\n", "", file.read_text())
        text = re.sub(
            r"(?mi)^(Types:.*)$", rf"\1\nArchitectures: {architecture}", text
        )
        (etc / "sources.list.d" / file.name).write_text(text)


def _locked(wheels) -> list[str]:
    """Returns the lines of `requirements.lock` for these packages."""
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    entries = re.findall(r"(?m)^\S+==[^\n]*(?:\n    [^\n]*)*", text)
    # A package may have an entry for each version of Python.
    found = {
        name: [entry for entry in entries if entry.startswith(f"{name}==")]
        for name in wheels
    }
    missing = sorted(name for name in wheels if not found[name])
    if missing:
        raise BuildError(
            "Wheels must be in requirements.lock. "
            f"Received: {', '.join(missing)}"
        )
    return [entry for name in wheels for entry in found[name]]


def _unpack_wheels(root, requirements) -> None:
    python = UserSpace(root).python.name.removeprefix("python")
    listed = root / "apt/requirements.txt"
    chosen = [_for_python(entry, python) for entry in requirements]
    listed.write_text("\n".join(filter(None, chosen)) + "\n", encoding="utf-8")
    platforms = [
        f"--platform=manylinux{name}_aarch64"
        for name in ("_2_28", "_2_27", "_2_17", "2014")
    ]
    _run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
        *("--disable-pip-version-check", "--require-hashes"),
        *("--only-binary=:all:", f"--python-version={python}", *platforms),
        *("--dest", root / "wheels", "--requirement", listed),
    )
    for wheel in sorted((root / "wheels").glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(root / "site")
    shutil.rmtree(root / "wheels")


def _for_python(entry, python) -> str:
    """Returns an entry without its condition; empty if that is not met.

    pip would judge the condition by the host's Python.
    """
    first, rest = entry.split("\n", 1)
    pinned, _, condition = first.removesuffix("\\").partition(";")
    guest = {
        "python_full_version": f"{python}.0",
        "python_version": python,
        "platform_machine": "aarch64",
    }
    if condition and not markers.Marker(condition.strip()).evaluate(guest):
        return ""
    return f"{pinned.strip()} \\\n{rest}"


def _run(*command, env=None) -> None:
    result = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    if result.returncode:
        said = " ".join((result.stderr or result.stdout).split())
        raise BuildError(f"{command[0]} failed: {said[-400:]}")


def main() -> None:
    """Builds the folder that the command line names."""
    import argparse

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=DEFAULT_ROOT, help="The folder.")
    parser.add_argument(
        "--wheels", nargs="*", default=WHEELS, help="Names of packages."
    )
    arguments = parser.parse_args()
    try:
        space = build(arguments.root, tuple(arguments.wheels))
    except BuildError as error:
        parser.exit(2, f"user_space.py: {error}\n")
    print(f"{space.root}: {space.python.name}, {', '.join(arguments.wheels)}")


if __name__ == "__main__":
    main()
