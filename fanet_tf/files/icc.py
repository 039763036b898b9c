"""An ICC profile for linear sRGB.

A linear TIFF without a profile is shown as if it were gamma-coded, far too
dark. Reference: ICC.1:2001-04 (version 2), sections 6.1 to 6.5.
"""

import struct

# Colorants of sRGB adapted to the D50 of the profile connection space, and
# that white itself, as in the sRGB profile of the ICC.
_D50 = (0.9642, 1.0, 0.8249)
_RED = (0.4361, 0.2225, 0.0139)
_GREEN = (0.3851, 0.7169, 0.0971)
_BLUE = (0.1431, 0.0606, 0.7141)

_NAME = b"Linear sRGB"


def _fixed(number):
    return struct.pack(">i", round(number * 65536))


def _xyz(numbers):
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, numbers))


def linear_srgb() -> bytes:
    """Returns the profile: sRGB's colours with a straight tone curve."""
    name = _NAME + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name
    description += bytes(78)  # No Unicode and no Macintosh name.
    straight = b"curv" + bytes(8)  # A curve of no points is the identity.
    tags = {
        b"desc": description,
        b"cprt": b"text\0\0\0\0CC0\0",
        b"wtpt": _xyz(_D50),
        b"rXYZ": _xyz(_RED),
        b"gXYZ": _xyz(_GREEN),
        b"bXYZ": _xyz(_BLUE),
        b"rTRC": straight,
        b"gTRC": straight,
        b"bTRC": straight,
    }
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(data), len(value))
        data += value + bytes(-len(value) % 4)
    size = start + len(data)
    header = struct.pack(
        ">I4s4s4s4s4s", size, bytes(4), b"\2\x20\0\0", b"mntr", b"RGB ", b"XYZ "
    )
    header += struct.pack(">6H", 2024, 1, 1, 0, 0, 0) + b"acsp"
    header = header.ljust(68, b"\0") + b"".join(map(_fixed, _D50))
    return header.ljust(128, b"\0") + table + data
