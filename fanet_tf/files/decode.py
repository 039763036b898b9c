"""LibRaw in a child process: a file that crashes it is only a bad file."""

import json
import os
import subprocess
import tempfile
import threading

import numpy as np

from fanet_tf.errors import InputError
from fanet_tf.files import children
from fanet_tf.files import decode_child
from fanet_tf.files import inputs
from fanet_tf.files import limits

# A 13 MP DNG takes about half a second; the rest is for slow disks and hosts.
_BASE_SECONDS = 8.0
_SECONDS_PER_BYTE = 1.0 / (8 << 20)
_BASE_MEMORY_BYTES = 1 << 30
_MEMORY_BYTES_PER_PIXEL = 4

# What LibRaw prints, and goes on, when pixels are missing or cannot be read.
_DAMAGE = ("data corrupted", "end of file", "Corrupt JPEG")

_MEANINGS = {
    "Input/output error": "it is cut short or damaged",
    "Unsupported file format or not RAW file": (
        "it is no RAW file that LibRaw knows, or its beginning is damaged"
    ),
}


def _command(handle, table):
    # LibRaw takes names in UTF-8 only; the number of an open file always does.
    memory = _BASE_MEMORY_BYTES + _MEMORY_BYTES_PER_PIXEL * limits.max_pixels()
    path = f"/dev/fd/{handle}"
    arguments = (path, str(memory), str(table))
    return children.python(decode_child.__file__, *arguments)


def _ending(code):
    if code < 0:
        return f"the decoder was ended by signal {-code}"
    return f"the decoder ended with code {code}"


def decode(path, seconds: float | None = None, table: int = 0):
    """Decodes a RAW file.

    Args:
        path: anything LibRaw reads.
        seconds: time limit; by default 8 s and 1 s more for each 8 MiB.
        table: offset of the TIFF table whose pixels are wanted; 0 leaves the
            choice to LibRaw.

    Returns:
        The header (a dict, see `decode_child`) and the mosaic `[H, W]`.

    Raises:
        InputError: LibRaw cannot read it, crashed or took too long.
    """
    with (
        inputs.open_regular(path) as source,
        tempfile.TemporaryFile() as messages,
    ):
        handle = source.fileno()
        if seconds is None:
            size = os.fstat(handle).st_size
            seconds = _BASE_SECONDS + size * _SECONDS_PER_BYTE
        process = subprocess.Popen(
            _command(handle, table),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            env=children.environment(OMP_NUM_THREADS="1"),
            pass_fds=[handle],
        )
        late = threading.Event()

        def stop():
            late.set()
            process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            header, mosaic = _answer(path, process.stdout)
        finally:
            timer.cancel()
            process.stdout.close()
            process.kill()
            code = process.wait()
        messages.seek(0)
        said = messages.read(65536).decode("utf-8", "replace")
    if late.is_set():
        raise InputError(
            f"{path}: must be decoded within {seconds:.0f} s. "
            "Received: a file that takes longer; it is damaged or too large"
        )
    if header is not None and "error" in header:
        error = header["error"]
        meaning = _MEANINGS.get(error)
        reason = f"{meaning} ({error})" if meaning else error
        raise InputError(f"{path}: cannot be decoded: {reason}")
    if mosaic is None:
        last = said.strip().rpartition("\n")[2][:200]
        reason = _ending(code) + (f" ({last})" if last else "")
        raise InputError(f"{path}: cannot be decoded: {reason}")
    if any(sign in said for sign in _DAMAGE):
        raise InputError(
            f"{path}: its pixels must be complete. Received: a damaged file "
            f"({said.strip().splitlines()[0][-160:]})"
        )
    return header, mosaic


def _answer(path, stream):
    """Reads header and mosaic; None for what did not come."""
    try:
        header = json.loads(stream.readline())
    except ValueError:
        return None, None
    if "error" in header:
        return header, None
    height, width = header["shape"]
    limits.check_size(path, width, height)
    mosaic = np.empty((height, width), header["dtype"])
    if stream.readinto(memoryview(mosaic).cast("B")) != mosaic.nbytes:
        return header, None
    return header, mosaic
