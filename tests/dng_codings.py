"""Codings of a DNG's pixels, as other programs write them.

Encoders for tests: each takes a mosaic and returns the bytes of one strip or
tile. References: TIFF 6.0; DNG 1.7; ITU T.81 annexes C and H (lossless JPEG).
"""

import pathlib
import struct
import zlib

import numpy as np

from fanet_tf.files import tiff


def packed(mosaic, bits, order="<"):
    """Whole bytes in the file's order; else bits, the highest first."""
    if bits in (8, 16, 32):
        return mosaic.astype(f"{order}u{bits // 8}").tobytes()
    digits = mosaic[..., None] >> np.arange(bits - 1, -1, -1) & 1
    rows = digits.reshape(len(mosaic), -1).astype(np.uint8)
    return np.packbits(rows, axis=1).tobytes()


def floats(mosaic, bits, order="<"):
    """Floating-point numbers of 16, 24 or 32 bits."""
    if bits != 24:
        return mosaic.astype(f"{order}f{bits // 8}").tobytes()
    return _float24(mosaic, order).tobytes()


def _float24(mosaic, order):
    single = mosaic.astype(np.float32).view(np.uint32)
    sign, exponent = single >> 31, (single >> 23 & 255).astype(int) - 127
    fraction = single >> 7 & 0xFFFF
    small = exponent < -62  # Nothing in these tests needs denormal numbers.
    bits = sign << 23 | np.clip(exponent + 63, 0, 126) << 16 | fraction
    bits = np.where(small, 0, bits).astype(np.uint32)
    planes = [bits >> 16 & 255, bits >> 8 & 255, bits & 255]
    if order == "<":
        planes.reverse()
    return np.stack(planes, axis=-1).astype(np.uint8)


def predicted(rows: bytes, width, bits, predictor, order="<"):
    """Differences of floats by predictor 3, 34894 or 34895."""
    step = {3: 1, 34894: 2, 34895: 4}[predictor]
    size = bits // 8
    values = np.frombuffer(rows, np.uint8).reshape(-1, width, size)
    if order == "<":
        values = values[..., ::-1]
    planes = values.transpose(0, 2, 1).reshape(-1, size * width)
    coded = planes.copy()
    coded[:, step:] -= planes[:, :-step]
    return coded.tobytes()


def deflated(data: bytes) -> bytes:
    """With zlib."""
    return zlib.compress(data)


def lossless_jpeg(
    mosaic, bits=16, components=2, predictor=1, tables=1, restart=False
):
    """Codes `[H, W]` as a lossless JPEG of `components` columns each.

    Args:
        mosaic: counts; `W` must be whole groups of `components`.
        bits: precision.
        components: neighbours in a row that make one pixel of the JPEG.
        predictor: 1 (left) or 6 (above, and half the slope).
        tables: Huffman tables, each of other lengths.
        restart: puts a restart marker behind each row.
    """
    height, width = mosaic.shape
    samples = mosaic.astype(int).reshape(height, -1, components)
    left = np.zeros_like(samples)
    left[:, 1:] = samples[:, :-1]
    above = np.zeros_like(samples)
    above[1:] = samples[:-1]
    corner = np.zeros_like(samples)
    corner[1:, 1:] = samples[:-1, :-1]
    guess = left if predictor == 1 else above + (left - corner >> 1)
    guess[:, 0] = above[:, 0]
    guess[0] = left[0]
    guess[0, 0] = 1 << (bits - 1)
    if restart:
        guess[1:] = left[1:]
        guess[:, 0] = 1 << (bits - 1)
    difference = (samples - guess + 32768) % 65536 - 32768
    codes = [_huffman(start) for start in range(tables)]
    rows = [
        _entropy_coded(row.reshape(-1, components), codes)
        for row in (difference if restart else [difference])
    ]
    scan = rows[0]
    for index, row in enumerate(rows[1:]):
        scan += bytes([0xFF, 0xD0 + index % 8]) + row
    head = b"\xff\xd8"
    for index in range(tables):
        counts, symbols = _table(index)
        body = bytes([index, *counts, *symbols])
        head += b"\xff\xc4" + struct.pack(">H", 2 + len(body)) + body
    if restart:
        head += b"\xff\xdd" + struct.pack(">HH", 4, width // components)
    frame = struct.pack(">BHHB", bits, height, width // components, components)
    scans = bytes([components])
    for component in range(components):
        frame += bytes([component, 0x11, 0])
        scans += bytes([component, component % tables << 4])
    scans += bytes([predictor, 0, 0])
    head += b"\xff\xc3" + struct.pack(">H", 2 + len(frame)) + frame
    head += b"\xff\xda" + struct.pack(">H", 2 + len(scans)) + scans
    return head + scan + b"\xff\xd9"


def _entropy_coded(differences, codes):
    """Returns the bytes of one scan, or of its part between restarts."""
    digits = []
    for values in differences.tolist():
        for component, value in enumerate(values):
            size = 16 if value == -32768 else abs(value).bit_length()
            length, code = codes[component % len(codes)][size]
            digits.append(f"{code:0{length}b}")
            if 0 < size < 16:
                value = value if value > 0 else value + (1 << size) - 1
                digits.append(f"{value:0{size}b}")
    text = "".join(digits)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big")
    return scan.replace(b"\xff", b"\xff\0")


def _table(start):
    """Codes of 3 and more bits; `start` turns the order of the symbols."""
    counts = [0, 0, 5, 3, 3, 3, 2, 1] + [0] * 8
    symbols = [(5 + start + 3 * i) % 17 for i in range(17)]
    return counts, symbols


def _huffman(start):
    counts, symbols = _table(start)
    codes, code, at = {}, 0, 0
    for length, count in enumerate(counts, start=1):
        for _ in range(count):
            codes[symbols[at]] = (length, code)
            at, code = at + 1, code + 1
        code <<= 1
    return codes


def tiles(mosaic, height, width):
    """Cuts a mosaic into tiles, the last ones filled up with their edge."""
    full = np.pad(
        mosaic,
        [(0, -mosaic.shape[0] % height), (0, -mosaic.shape[1] % width)],
        mode="edge",
    )
    return [
        full[y : y + height, x : x + width]
        for y in range(0, full.shape[0], height)
        for x in range(0, full.shape[1], width)
    ]


def strips_to_tiles(path, table=None):
    """Makes a table's strips tiles: other numbers of the same two tags."""
    path = pathlib.Path(path)
    data = bytearray(path.read_bytes())
    order = "<" if data[:2] == b"II" else ">"
    at = table or struct.unpack_from(order + "I", data, 4)[0]
    (count,) = struct.unpack_from(order + "H", data, at)
    entries = []
    for start in range(at + 2, at + 2 + 12 * count, 12):
        (number,) = struct.unpack_from(order + "H", data, start)
        number = {tiff.STRIP_OFFSETS: 324, tiff.STRIP_BYTE_COUNTS: 325}.get(
            number, number
        )
        rest = bytes(data[start + 2 : start + 12])
        entries.append((number, struct.pack(order + "H", number) + rest))
    block = b"".join(entry for _, entry in sorted(entries))
    data[at + 2 : at + 2 + 12 * count] = block
    path.write_bytes(data)
