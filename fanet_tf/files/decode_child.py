"""Decodes one RAW file with LibRaw; run as a program by `decode`.

Writes a line of JSON and then the mosaic's bytes to standard output. It runs
alone in a process, because a damaged file can crash LibRaw or send it astray:
only this process ends then.
"""

import json
import os
import resource
import sys


def _header(raw, mosaic):
    sizes = raw.sizes
    neutral = [float(n) for n in raw.camera_whitebalance]
    daylight = [float(n) for n in raw.daylight_whitebalance]
    return {
        "shape": mosaic.shape,
        "dtype": mosaic.dtype.str,
        "pattern": raw.raw_pattern.tolist(),
        "colours": raw.color_desc.decode("ascii", "replace"),
        "black": [float(b) for b in raw.black_level_per_channel],
        "white": float(raw.white_level),
        "margins": [sizes.top_margin, sizes.left_margin],
        "visible": [sizes.height, sizes.width],
        "flip": sizes.flip,
        "camera_gains": neutral,
        "daylight_gains": daylight,
        "xyz_to_cam": raw.rgb_xyz_matrix[:3].astype(float).tolist(),
        "iso": float(raw.other.iso_speed),
    }


def main(path, memory_bytes):
    """Decodes `path` to standard output."""
    # LibRaw may print; the answer has its own file.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    import numpy as np
    import rawpy

    try:
        raw = rawpy.imread(path)
        if raw.raw_type != rawpy.RawType.Flat or raw.raw_pattern is None:
            raise ValueError("it holds no mosaic (not one value a pixel)")
        mosaic = raw.raw_image
        if mosaic is None:
            raise ValueError("its values are not 16-bit integers")
        header = _header(raw, mosaic)
    except (rawpy.LibRawError, MemoryError, ValueError) as error:
        text = error.args[0] if error.args else type(error).__name__
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        header, mosaic = {"error": str(text) or type(error).__name__}, None
    answer.write(json.dumps(header).encode() + b"\n")
    if mosaic is not None:
        answer.write(memoryview(np.ascontiguousarray(mosaic)).cast("B"))
    answer.flush()
    os._exit(0)  # Nothing to tidy up, and LibRaw's own end may crash too.


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
