"""SHA256SUMS: a checksum of every file of a bundle, and of the list itself.

`sha256sum -c SHA256SUMS` reads it. Its last line, a comment to `sha256sum`, is
the checksum of the lines above, which tells a change in the list from a change
in a file.
"""

import hashlib
import pathlib
import re

from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.errors import InputError
from fanet_tf.files import atomic
from fanet_tf.files import claims

NAME = bundle_reader.CHECKSUMS
_FILES = re.compile(
    r"manifest\.json|SHA256SUMS|README\.md|LICENSE|nsma_(selector|denoise)\.h"
    r"|Nsma(Selector|Denoiser)\.kt|selector\.tflite|member_\d+_\w+\.tflite"
    r"|golden/member_\d+_\w+\.npy"
)
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n\\]+)\n")
_LAST = "# sha256 of the lines above: {}\n"


def is_part(name: str) -> bool:
    """Tells whether a bundle may have a file of this relative name."""
    return _FILES.fullmatch(name) is not None


def write(folder: pathlib.Path) -> None:
    """Lists every other file of the folder."""
    lines = "".join(
        f"{bundle_reader.sha256(path)}  {name}\n"
        for name, path in sorted(_files(folder).items())
    )
    digest = hashlib.sha256(lines.encode()).hexdigest()
    atomic.write_text(
        folder / NAME, lines + _LAST.format(digest), overwrite=True
    )


def check(folder: pathlib.Path) -> int:
    """Checks that the folder holds the files of the list, and no others.

    Returns:
        The number of files in the list.

    Raises:
        InputError: names the first file that is missing, new or changed.
    """
    path = folder / NAME
    if not path.is_file():
        raise InputError(f"{path}: is missing.")
    content = path.read_bytes()
    lines = content[: content.rfind(b"\n", 0, -1) + 1]
    digest = hashlib.sha256(lines).hexdigest()
    if content != lines + _LAST.format(digest).encode():
        raise InputError(f"{path}: was changed or is damaged.")
    listed = {
        name: digest for digest, name in _LINE.findall(lines.decode("utf-8"))
    }
    files = _files(folder)
    for name in sorted(listed.keys() | files.keys()):
        if name not in files:
            raise InputError(f"{folder / name}: is missing.")
        if name not in listed:
            raise InputError(f"{folder / name}: is not listed in {NAME}.")
        if bundle_reader.sha256(files[name]) != listed[name]:
            raise InputError(
                f"{folder / name}: was changed or is damaged; its SHA-256 "
                f"must be the one in {NAME}."
            )
    return len(listed)


def _files(folder):
    # The lock is there only while a process claims the folder.
    apart = {folder / NAME, folder / claims.NAME}
    return {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file() and path not in apart
    }
