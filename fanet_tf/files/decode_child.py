"""Decodes one RAW file with LibRaw; run as a program by `decode`.

Writes a line of JSON and then the mosaic's bytes to standard output. It runs
alone in a process, because a damaged file can crash LibRaw or send it astray:
only this process ends then.
"""

import io
import json
import os
import resource
import struct
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
        "shot": _shot(raw.other),
    }


def _shot(other):
    """Seconds, f-number, focal length and time; 0 or empty where not known."""
    numbers = (other.shutter_speed, other.aperture, other.focal_length)
    # LibRaw gives 1970 for a time that it does not know.
    known = other.timestamp is not None and other.timestamp.year > 1980
    time = other.timestamp.strftime("%Y:%m:%d %H:%M:%S") if known else ""
    # More is damage; NaN fails the comparison.
    return [float(n) if 0 < n < 1e6 else 0.0 for n in numbers] + [time]


_SUBFILE_TYPE, _COMPRESSION, _SUB_IFDS = 254, 259, 330
_LOSSLESS_JPEG = 7
# What the main table says of the camera: makers, EXIF, versions and colours.
_OF_CAMERA = {271, 272, 34665, 50706, 50707, 50708, *range(50721, 50730)}
_OF_CAMERA |= {50730, 50778, 50779}
# Width, StripOffsets, RowsPerStrip and StripByteCounts as the same of tiles.
_AS_TILES = {256: 322, 273: 324, 278: 323, 279: 325}


def isolated(data, offset):
    """Returns a classic TIFF in which only one of its tables can be seen.

    LibRaw chooses among the pictures of a file; here it finds one. The new
    main table is the chosen one with what the old one says of the camera.
    Strips of lossless JPEG are called tiles as wide as the picture: LibRaw
    decodes only the first strip, but all tiles.

    Args:
        data: of the file.
        offset: where the chosen table stands.
    """
    order = "<" if data[:2] == b"II" else ">"

    def entries(start):
        (count,) = struct.unpack_from(order + "H", data, start)
        block = data[start + 2 : start + 2 + 12 * count]
        return {
            struct.unpack_from(order + "H", block, at)[0]: block[at : at + 12]
            for at in range(0, len(block), 12)
        }

    (main,) = struct.unpack_from(order + "I", data, 4)
    camera = entries(main)
    chosen = {number: camera[number] for number in _OF_CAMERA & set(camera)}
    chosen.update(entries(offset))
    chosen.pop(_SUB_IFDS, None)
    coding = chosen.get(_COMPRESSION, b"").ljust(12, b"\0")[8:]
    coding = struct.unpack(order + "HH", coding)  # Two of SHORT, one of LONG.
    if _LOSSLESS_JPEG in coding and set(_AS_TILES) <= set(chosen):
        for strip, tile in _AS_TILES.items():
            chosen[tile] = struct.pack(order + "H", tile) + chosen[strip][2:]
    # The picture itself, whatever it calls itself.
    chosen[_SUBFILE_TYPE] = struct.pack(order + "HHII", _SUBFILE_TYPE, 4, 1, 0)
    end = len(data) + len(data) % 2
    table = struct.pack(order + "H", len(chosen))
    table += b"".join(entry for _, entry in sorted(chosen.items()))
    table += struct.pack(order + "I", 0)
    first = struct.pack(order + "I", end)
    return data[:4] + first + data[8:].ljust(end - 8, b"\0") + table


def _opened(rawpy, path, offset):
    if not offset:
        return rawpy.imread(path)
    with open(path, "rb") as stream:
        return rawpy.imread(io.BytesIO(isolated(stream.read(), offset)))


def main(path, memory_bytes, offset):
    """Decodes `path` to standard output.

    Args:
        path: of the file.
        memory_bytes: limit of the address space.
        offset: of the table to decode; 0 leaves the choice to LibRaw.
    """
    # LibRaw may print; the answer has its own file.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))

    import numpy as np
    import rawpy

    try:
        raw = _opened(rawpy, path, offset)
        if raw.raw_type != rawpy.RawType.Flat or raw.raw_pattern is None:
            raise ValueError("it holds no mosaic (not one value a pixel)")
        mosaic = raw.raw_image
        if mosaic is None:
            raise ValueError("its values are not 16-bit integers")
        header = _header(raw, mosaic)
    except (
        rawpy.LibRawError,
        MemoryError,
        ValueError,
        struct.error,
    ) as error:
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
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
