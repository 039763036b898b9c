"""What the header of a Fujifilm RAF says about its sensor.

References: dcraw 9.28, `parse_fuji`; ExifTool, `FujiFilm.pm`.
"""

import struct

from fanet_tf.errors import InputError
from fanet_tf.files import inputs

_MAGIC = b"FUJIFILMCCD-RAW"
_DIRECTORY = 92  # Where the offset of the directory stands.
_LAYOUT, _MOST_ENTRIES = 0x130, 256
_IN_ROWS = 8  # Bit of the layout's second byte; not set: turned by 45 degrees.


def check(path) -> None:
    """Refuses a RAF of a SuperCCD, whose rows run diagonally.

    Raises:
        InputError: it is one.
    """
    with inputs.open_regular(path) as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return
        stream.seek(_DIRECTORY)
        try:
            (start,) = struct.unpack(">I", stream.read(4))
            stream.seek(start)
            (count,) = struct.unpack(">I", stream.read(4))
            for _ in range(min(count, _MOST_ENTRIES)):
                number, size = struct.unpack(">HH", stream.read(4))
                data = stream.read(size)
                if number == _LAYOUT and len(data) > 1:
                    break
            else:
                return
        except struct.error:
            return  # LibRaw says what is wrong.
    if not data[1] & _IN_ROWS:
        raise InputError(
            f"{path}: its pixels must stand in rows and columns. Received: "
            "a sensor turned by 45 degrees (SuperCCD), which is not supported"
        )
