"""RAW files for tests, as cameras write them."""

import pathlib
import struct

import dng_codings
import numpy as np
import pytest

from fanet_tf.files import dump
from fanet_tf.files import tiff
from fanet_tf.files import tiff_writer
from fanet_tf.raw import cfa

SHARED = pathlib.Path(__file__).parents[1] / "../shared/data"

# A ColorMatrix of about what cameras have.
MATRIX = (0.6941, -0.1164, -0.0857, -0.3825, 1.1597, 0.2534)
MATRIX += (-0.0416, 0.154, 0.6039)


def shared(name):
    """Returns a file of the shared data, or skips the test."""
    path = SHARED / name
    if not path.exists():
        pytest.skip("needs the photographs and RAW files of ../shared/data")
    return path


def canon_maker_note(offset, order):
    """A Canon maker note: its offsets count from the file's beginning."""
    texts = {6: b"Canon EOS 550D\0\0", 7: b"Firmware 1.0.9\0\0"}
    texts[0x95] = b"EF-S18-55mm f/3.5-5.6 IS\0\0"
    note = struct.pack(order + "H", len(texts))
    at = offset + 2 + 12 * len(texts) + 4
    for number, text in sorted(texts.items()):
        note += struct.pack(order + "HHII", number, 2, len(text), at)
        at += len(text)
    note += struct.pack(order + "I", 0)
    return note + b"".join(text for _, text in sorted(texts.items()))


def scene(height, width, seed=0, black=256, white=4000):
    """A mosaic with edges, slopes, a saturated disc and noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    values = 0.1 + 0.3 * x / width + 0.2 * (y > height / 2)
    values[(y - height / 3) ** 2 + (x - width / 3) ** 2 < height**2 / 50] = 1.2
    values += 0.01 * rng.normal(size=values.shape)
    counts = black + (white - black) * values
    return np.clip(np.rint(counts), 0, white).astype(np.uint16)


def black(kind, height, width, rng):
    """Draws black that varies, for a white of 16000 counts.

    Args:
        kind: `zero`, `one` for all pixels, `four` for those of a Bayer cell, a
            pattern such as `3x2`, `rows`, `columns`, `both`, or `all` of them.
        height: of the active area.
        width: likewise.
        rng: a generator.

    Returns:
        The black of each pixel, `[H, W]`, and the numbers of the DNG's tags.
    """
    level = 0.0 if kind == "zero" else 64.0
    tags = {50713: [1, 1], 50714: [level]}
    found = np.full((height, width), level)
    if kind in ("four", "all") or "x" in kind:
        size = {"four": "2x2", "all": "4x4"}.get(kind, kind)
        size = tuple(map(int, size.split("x")))
        cell = rng.integers(50, 400, size).astype(float)
        found = cell[np.arange(height) % size[0]][:, np.arange(width) % size[1]]
        tags = {50713: size, 50714: cell.ravel()}
    if kind in ("rows", "both", "all"):
        delta = 200 + 40 * np.sin(np.arange(height) / 5)
        found = found + delta[:, None]
        tags[50716] = delta
    if kind in ("columns", "both", "all"):
        delta = rng.integers(-40, 40, width).astype(float)
        found = found + delta
        tags[50715] = delta
    return found, tags


# What describes the pixels of a mosaic, and not its camera.
_OF_MOSAIC = {254, *range(256, 260), 262, 273, 277, 278, 279, 284, 317, 339}
_OF_MOSAIC |= {322, 323, 33421, 33422, *range(50710, 50718), 50829, 51041}


def camera_dng(
    path,
    mosaic=None,
    pattern="RGGB",
    order="<",
    active=None,
    black=(256, 256, 256, 256),
    white=4000,
    noise=(4e-4, 2e-6),
    orientation=6,
    changes=None,
    coded=None,
    tile=None,
    beside=(),
    first=None,
):
    """Writes a DNG with all that a camera puts in.

    Args:
        path: of the file.
        mosaic: `[H, W]` uint16.
        pattern: at the corner of `active`.
        order: of the file's bytes.
        active: ActiveArea.
        black: of R, Gr, Gb, B.
        white: WhiteLevel.
        noise: NoiseProfile, or None.
        orientation: EXIF's.
        changes: tags to replace, or to leave out where the value is None.
        coded: strips or tiles of the mosaic, coded; `changes` says how.
        tile: height and width where they are tiles.
        beside: further tables, which become SubIFDs.
        first: a picture for the main table; the mosaic's is a SubIFD then.
    """
    if mosaic is None:
        mosaic = scene(60, 84)
    height, width = mosaic.shape
    active = active or (0, 0, height, width)

    def tag(type_, numbers):
        return tiff.make(type_, numbers, order)

    cells = dict(zip(cfa.cell(pattern), black, strict=True))
    levels = [cells[row, column] for row in (0, 1) for column in (0, 1)]
    tags = {
        254: tag(tiff.LONG, 0),
        256: tag(tiff.LONG, width),
        257: tag(tiff.LONG, height),
        258: tag(tiff.SHORT, 16),
        259: tag(tiff.SHORT, 1),
        262: tag(tiff.SHORT, 32803),
        270: tag(tiff.ASCII, "A test chart"),
        271: tag(tiff.ASCII, "Canon"),
        272: tag(tiff.ASCII, "Canon EOS 550D"),
        274: tag(tiff.SHORT, orientation),
        277: tag(tiff.SHORT, 1),
        278: tag(tiff.LONG, height),
        282: tag(tiff.RATIONAL, 72),
        283: tag(tiff.RATIONAL, 72),
        284: tag(tiff.SHORT, 1),
        296: tag(tiff.SHORT, 2),
        306: tag(tiff.ASCII, "2024:05:06 07:08:09"),
        315: tag(tiff.ASCII, "A. Photographer"),
        33432: tag(tiff.ASCII, "(c) A. Photographer"),
        33421: tag(tiff.SHORT, [2, 2]),
        33422: tag(tiff.BYTE, ["RGB".index(c) for c in pattern]),
        50706: tag(tiff.BYTE, [1, 4, 0, 0]),
        50707: tag(tiff.BYTE, [1, 1, 0, 0]),
        50708: tag(tiff.ASCII, "Canon EOS 550D"),
        50713: tag(tiff.SHORT, [2, 2]),
        50714: tag(tiff.SHORT, levels),
        50717: tag(tiff.LONG, white),
        50721: tag(tiff.SRATIONAL, MATRIX),
        50728: tag(tiff.RATIONAL, [0.5, 1.0, 0.625]),
        50778: tag(tiff.SHORT, 21),
        50829: tag(tiff.LONG, active),
    }
    if noise is not None:
        tags[51041] = tag(tiff.DOUBLE, noise)
    for number, value in (changes or {}).items():
        if value is None:
            tags.pop(number, None)
        else:
            tags[number] = value
    exif = {
        33434: tag(tiff.RATIONAL, 0.008),
        33437: tag(tiff.RATIONAL, 5.6),
        34855: tag(tiff.SHORT, 800),
        36864: tag(tiff.UNDEFINED, b"0231"),
        36867: tag(tiff.ASCII, "2024:05:06 07:08:09"),
        36868: tag(tiff.ASCII, "2024:05:06 07:08:09"),
        37386: tag(tiff.RATIONAL, 35),
        42036: tag(tiff.ASCII, "EF-S18-55mm f/3.5-5.6 IS"),
    }
    # The file begins with the note's place, so that its offsets are known.
    note = canon_maker_note(4096, order)
    exif[tiff.MAKER_NOTE] = tiff.Tag(7, len(note), note, 4096)
    gps = {
        0: tag(tiff.BYTE, [2, 3, 0, 0]),
        1: tag(tiff.ASCII, "N"),
        2: tag(tiff.RATIONAL, [47, 22, 8.5]),
        3: tag(tiff.ASCII, "E"),
        4: tag(tiff.RATIONAL, [8, 32, 30.25]),
    }
    counts = mosaic if order == "<" else mosaic.astype(">u2")
    if coded and tile:
        del tags[278]
        tags[322], tags[323] = tag(tiff.LONG, tile[1]), tag(tiff.LONG, tile[0])
    elif coded:
        tags[278] = tag(tiff.LONG, -(-height // len(coded)))
    root = tiff.Ifd(tags, {}, coded or [np.ascontiguousarray(counts)])
    if first is not None:
        own = {n: tags.pop(n) for n in list(tags) if n in _OF_MOSAIC}
        beside = [tiff.Ifd(own, {}, root.pixels), *beside]
        root = tiff.Ifd(tags | first.tags, {}, first.pixels)
    root.children = {tiff.EXIF: [tiff.Ifd(exif)], tiff.GPS: [tiff.Ifd(gps)]}
    if beside:
        root.children[tiff.SUB_IFDS] = list(beside)
    with open(path, "wb") as stream:
        tiff_writer.write(stream, root, order)
    if tile:
        tables = tiff.read(path).ifds[0].children.get(tiff.SUB_IFDS)
        at = tables[0].offset if first is not None else None
        dng_codings.strips_to_tiles(path, at)
    return pathlib.Path(path)


def pack_mipi(mosaic: np.ndarray, bits: int) -> np.ndarray:
    """Inverse of `dump.unpack_mipi`; the width must be whole groups."""
    if bits == 8:
        return mosaic.astype(np.uint8)
    if bits == 16:
        return mosaic.astype("<u2").view(np.uint8)
    pixels, size = dump._GROUPS[bits]
    groups = mosaic.reshape(len(mosaic), -1, pixels).astype(np.uint32)
    low_bits = bits - 8
    low = sum(
        (groups[..., i] & ((1 << low_bits) - 1)) << (low_bits * i)
        for i in range(pixels)
    )
    parts = [groups[..., i] >> low_bits for i in range(pixels)]
    parts += [(low >> (8 * i)) & 255 for i in range(size - pixels)]
    packed = np.stack(parts, axis=-1).astype(np.uint8)
    return packed.reshape(len(mosaic), -1)
