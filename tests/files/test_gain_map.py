"""Shading gains of a DNG, against the formula of Adobe's DNG SDK."""

import struct

import numpy as np
import pytest
import raw_files

from fanet_tf.errors import InputError
from fanet_tf.files import gain_map
from fanet_tf.files import reader
from fanet_tf.files import shading_map
from fanet_tf.files import tiff
from fanet_tf.raw import cfa

SHAPE = (60, 84)


def opcode(gains, area, pitch=1, spacing=None, origin=(0.0, 0.0)):
    """A GainMap, big-endian in any file."""
    rows, columns = gains.shape
    spacing = spacing or (1 / (rows - 1), 1 / (columns - 1))
    data = struct.pack(
        ">10I4dI",
        *area,
        0,
        1,
        pitch,
        pitch,
        rows,
        columns,
        *spacing,
        *origin,
        1,
    )
    data += gains.astype(">f4").tobytes()
    return struct.pack(">IIII", 9, 0x01030000, 0, len(data)) + data


def other_opcode():
    """FixBadPixelsConstant, which is none of ours."""
    return struct.pack(">IIII", 4, 0x01030000, 0, 8) + bytes(8)


def dng(path, opcodes, **more):
    data = struct.pack(">I", len(opcodes)) + b"".join(opcodes)
    return with_list(path, data, **more)


def with_list(path, data, **more):
    changes = {51009: tiff.Tag(tiff.UNDEFINED, len(data), data)}
    return raw_files.camera_dng(path, changes=changes, **more)


def of_sdk(gains, place, shape, spacing, origin):
    """The gain of one pixel, as `dng_gain_map::Interpolate` finds it."""
    low, part = [], []
    for at, side, step, first, number in zip(
        place, shape, spacing, origin, gains.shape, strict=True
    ):
        x = min(max(((at + 0.5) / side - first) / step, 0.0), number - 1.0)
        low.append(min(int(x), number - 2))
        part.append(x - low[-1])
    (i, j), (down, right) = low, part
    upper = gains[i, j] * (1 - right) + gains[i, j + 1] * right
    lower = gains[i + 1, j] * (1 - right) + gains[i + 1, j + 1] * right
    return upper * (1 - down) + lower * down


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("pattern", ["RGGB", "GBRG"])
@pytest.mark.parametrize(
    "spacing, origin",
    [
        ((1 / 12, 1 / 16), (0.0, 0.0)),  # From edge to edge.
        ((1 / 13, 1 / 17), (1 / 26, 1 / 34)),  # In the middle of its cells.
    ],
)
def test_each_pixel_gets_the_gain_of_the_sdk(
    tmp_path, rng, order, pattern, spacing, origin
):
    height, width = SHAPE
    y, x = (
        o + s * np.arange(n)
        for o, s, n in zip(origin, spacing, (13, 17), strict=True)
    )
    fall = (y[:, None] - 0.4) ** 2 + (x - 0.6) ** 2
    maps = 1 + rng.uniform(1, 3, (4, 1, 1)) * fall  # Up to 3.1.
    opcodes = [
        opcode(
            maps[plane],
            (*place, height, width),
            2,
            spacing,
            origin,
        )
        for plane, place in enumerate(cfa.cell(pattern))
    ]
    path = dng(
        tmp_path / "a.dng",
        [other_opcode(), *opcodes],
        pattern=pattern,
        order=order,
    )
    found = shading_map.read(path)
    for plane, (top, left) in enumerate(cfa.cell(pattern)):
        rows, columns = np.arange(top, height, 2), np.arange(left, width, 2)
        expected = [
            [
                of_sdk(maps[plane], (row, column), SHAPE, spacing, origin)
                for column in columns
            ]
            for row in rows
        ]
        gains = found.grid(plane, rows, columns, SHAPE)
        np.testing.assert_allclose(gains, expected, atol=0.005)


def test_maps_of_all_pixels_multiply(tmp_path):
    """Two maps of every pixel, and an active area inside masked borders."""
    mosaic = raw_files.scene(60, 84)
    ramp = np.outer([1.0, 2.0], [1.0, 1.0])
    half = np.full((2, 3), 1.5)
    path = dng(
        tmp_path / "a.dng",
        [opcode(ramp, (0, 0, 50, 72)), opcode(half, (0, 0, 50, 72))],
        mosaic=mosaic,
        active=(4, 6, 54, 78),
    )
    found = gain_map.read(path)
    assert found.shape == (4, 2, 3)
    # The gain of the outer pixels, whose middles lie within the frame.
    np.testing.assert_allclose(found[:, 0], 1.5 * (1 + 0.5 / 50), rtol=1e-6)
    np.testing.assert_allclose(found[:, 1], 1.5 * (2 - 0.5 / 50), rtol=1e-6)


def test_maps_that_end_a_pixel_early_are_of_the_whole_frame(tmp_path):
    """As older Androids write them."""
    opcodes = [
        opcode(np.full((2, 2), 1.0 + plane), (*place, 59, 83), 2)
        for plane, place in enumerate(cfa.cell("RGGB"))
    ]
    found = gain_map.read(dng(tmp_path / "a.dng", opcodes))
    np.testing.assert_array_equal(found[:, 0, 0], [1, 2, 3, 4])


def test_a_plane_without_a_map_keeps_its_counts(tmp_path):
    path = dng(
        tmp_path / "a.dng", [opcode(np.full((2, 2), 2.0), (0, 0, 60, 84), 2)]
    )
    found = gain_map.read(path)
    assert found[0].min() == found[0].max() == 2.0
    assert found[1:].min() == found[1:].max() == 1.0


@pytest.mark.parametrize(
    "opcodes, message",
    [
        ([], "must be a GainMap in OpcodeList2. Received: none"),
        ([other_opcode()], "must be a GainMap in OpcodeList2. Received: none"),
        (
            [opcode(np.ones((2, 2)), (0, 0, 40, 84))],
            "must cover the 60 rows and 84 columns",
        ),
        (
            [opcode(np.ones((2, 2)), (0, 0, 60, 84), 2, (0.0, 1.0))],
            "must lie apart",
        ),
        (
            [opcode(np.ones((2, 2)), (0, 0, 60, 84), 1, None, (np.nan, 0.0))],
            "must lie apart",
        ),
        ([opcode(np.full((2, 2), 0.5), (0, 0, 60, 84))], "must be 1 to 16"),
        ([opcode(np.full((2, 2), np.nan), (0, 0, 60, 84))], "Received: nan"),
        ([opcode(np.full((2, 2), np.inf), (0, 0, 60, 84))], "Received: inf"),
    ],
)
def test_gains_that_do_not_serve_are_refused(tmp_path, opcodes, message):
    path = dng(tmp_path / "a.dng", opcodes)
    with pytest.raises(InputError, match=f"a.dng: .*{message}"):
        shading_map.read(path)


@pytest.mark.parametrize("size", [0, 3, 4, 19, 30, 90, 110])
def test_a_list_that_is_cut_short_is_refused(tmp_path, size):
    whole = struct.pack(">I", 1) + opcode(np.ones((2, 2)), (0, 0, 60, 84))
    path = with_list(tmp_path / "a.dng", whole[:size])
    with pytest.raises(InputError, match="a.dng: "):
        shading_map.read(path)
    assert not gain_map.is_in(reader.read(path))


def test_a_file_that_is_no_dng_holds_none(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((6, 8), np.float32))
    assert not gain_map.is_in(reader.read(tmp_path / "a.npy"))
    plain = raw_files.camera_dng(tmp_path / "b.dng")
    assert not gain_map.is_in(reader.read(plain))
