"""Damage that no decoder complains of is found, and its place is named."""

import dng_codings
import numpy as np
import pytest
import raw_files

from fanet_tf.errors import InputError
from fanet_tf.files import damage
from fanet_tf.files import lossless_jpeg
from fanet_tf.files import reader
from fanet_tf.files import tiff


def jpeg_dng(path, mosaic, tile=(64, 96), change=None, **options):
    """Writes a DNG of lossless JPEG tiles; `change` damages the second."""
    coded = [
        dng_codings.lossless_jpeg(part, **options)
        for part in dng_codings.tiles(mosaic, *tile)
    ]
    if change:
        coded[1] = change(bytearray(coded[1]))
    return raw_files.camera_dng(
        path,
        mosaic,
        coded=coded,
        tile=tile,
        changes={259: tiff.make(tiff.SHORT, 7, "<")},
    )


@pytest.mark.parametrize("components, tables", [(1, 1), (2, 1), (2, 2)])
@pytest.mark.parametrize("predictor", [1, 6])
def test_whole_lossless_jpegs_are_read(tmp_path, components, tables, predictor):
    mosaic = raw_files.scene(130, 200)
    path = jpeg_dng(
        tmp_path / "a.dng",
        mosaic,
        components=components,
        tables=tables,
        predictor=predictor,
    )
    np.testing.assert_array_equal(reader.read(path).mosaic, mosaic)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("rows", [33, 130])
def test_strips_of_lossless_jpeg_are_all_read(tmp_path, order, rows):
    """LibRaw decodes the first of them only."""
    mosaic = raw_files.scene(130, 200)
    coded = [
        dng_codings.lossless_jpeg(mosaic[y : y + rows], predictor=6)
        for y in range(0, 130, rows)
    ]
    path = raw_files.camera_dng(
        tmp_path / "a.dng",
        mosaic,
        order=order,
        coded=coded,
        changes={259: tiff.make(tiff.SHORT, 7, order)},
    )
    np.testing.assert_array_equal(reader.read(path).mosaic, mosaic)


def middle(data, size):
    start = len(data) // 2
    return slice(start, start + size)


def zero(data, rng):
    data[middle(data, 512)] = bytes(512)
    return bytes(data)


def garbage(data, rng):
    data[middle(data, 512)] = rng.bytes(512)
    return bytes(data)


def cut(data, rng):
    return bytes(data[: len(data) // 2])


def left_out(data, rng):
    del data[middle(data, 100)]
    return bytes(data)


def another(data, rng):
    return b"\xff\xd8" + rng.bytes(len(data) - 2)


@pytest.mark.parametrize("change", [zero, garbage, cut, left_out, another])
def test_a_damaged_tile_is_named(tmp_path, rng, change):
    path = jpeg_dng(
        tmp_path / "a.dng",
        raw_files.scene(130, 200),
        change=lambda data: change(data, rng),
    )
    place = r"damaged data in tile 2 of 9 \(rows 0 to 63, columns 96 to 191\)"
    with pytest.raises(InputError, match=place):
        reader.read(path)


@pytest.mark.parametrize("restart", [False, True])
def test_the_codes_of_any_part_of_a_scan_are_counted(rng, restart):
    """Many lanes, flat areas that do not fall into step, and restarts."""
    mosaic = rng.normal(1000, 40, (300, 400)).astype(int)
    mosaic[50:170] = 4095
    mosaic[100:180:2, ::7] = 4094
    data = dng_codings.lossless_jpeg(
        mosaic, 12, components=2, tables=2, restart=restart
    )
    lossless_jpeg.check(data)
    for place in range(400, len(data) - 700, len(data) // 11):
        broken = bytearray(data)
        broken[place : place + 400] = rng.bytes(400)
        with pytest.raises(lossless_jpeg.Damage):
            lossless_jpeg.check(bytes(broken))
    for size in (0, 1, 3, 20, 100, len(data) // 2, len(data) - 30):
        with pytest.raises(lossless_jpeg.Damage):
            lossless_jpeg.check(data[:size])


@pytest.mark.parametrize("fraction", [0.02, 0.3, 0.6, 0.99])
def test_a_file_cut_short_is_called_so(tmp_path, fraction):
    """Strips behind the end, or the tables themselves."""
    path = raw_files.camera_dng(tmp_path / "a.dng", raw_files.scene(400, 300))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    with pytest.raises(InputError, match="cut short"):
        reader.read(path)


def test_the_strip_that_is_missing_is_named(tmp_path):
    mosaic = raw_files.scene(60, 84)
    coded = [part.tobytes() for part in np.array_split(mosaic, 6)]
    path = raw_files.camera_dng(tmp_path / "a.dng", mosaic, coded=coded)
    data = bytearray(path.read_bytes())
    tags = tiff.read(path).ifds[0].tags
    at = tags[273].offset + 4 * 3
    data[at : at + 4] = (len(data) - 100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(
        InputError, match=r"strip 4 of 6 \(rows 30 to 39\) ends"
    ):
        reader.read(path)
    data[at : at + 4] = bytes(4)
    path.write_bytes(data)
    with pytest.raises(InputError, match="without strip 4 of 6"):
        reader.read(path)


def test_too_few_strips_are_refused(tmp_path):
    path = raw_files.camera_dng(
        tmp_path / "a.dng", changes={278: tiff.make(tiff.LONG, 10, "<")}
    )
    with pytest.raises(InputError, match="1 of 6 strips"):
        reader.read(path)


def test_an_empty_file_is_called_so(tmp_path):
    for name in ("a.dng", "a.nef", "a.cr3"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(InputError, match="an empty file"):
            reader.read(tmp_path / name)


@pytest.mark.parametrize(
    "rows, columns", [((20, 50), (30, 120)), ((8, 12), (0, 200))]
)
def test_an_area_of_zeros_is_refused_and_named(tmp_path, rows, columns):
    mosaic = raw_files.scene(130, 200)
    mosaic[slice(*rows), slice(*columns)] = 0
    path = raw_files.camera_dng(tmp_path / "a.dng", mosaic)
    place = (
        f"rows {rows[0]} to {rows[1] - 1} and columns {columns[0]} to "
        f"{columns[1] - 1}, where black is 256"
    )
    with pytest.raises(InputError, match=place):
        reader.read(path)


def test_a_dead_row_is_said_and_zeros_outside_or_of_black_are_not(
    tmp_path, recwarn
):
    mosaic = raw_files.scene(130, 200)
    mosaic[:6], mosaic[:, :70] = 0, 0
    raw_files.camera_dng(tmp_path / "a.dng", mosaic, active=(6, 70, 130, 200))
    reader.read(tmp_path / "a.dng")
    raw_files.camera_dng(tmp_path / "b.dng", mosaic, black=[0] * 4)
    reader.read(tmp_path / "b.dng")
    assert not recwarn.list
    mosaic = raw_files.scene(130, 200)
    mosaic[77] = 0
    raw_files.camera_dng(tmp_path / "c.dng", mosaic)
    with pytest.warns(UserWarning, match="zero in rows 77 to 77"):
        reader.read(tmp_path / "c.dng")


@pytest.mark.parametrize(
    "levels, message",
    [
        ({"black": [10] * 4, "white": 1000}, "far above white"),
        ({"black": [2000] * 4, "white": 4000}, "far below black"),
    ],
)
def test_levels_that_do_not_fit_are_said(tmp_path, levels, message):
    path = raw_files.camera_dng(tmp_path / "a.dng", **levels)
    with pytest.warns(UserWarning, match=message):
        reader.read(path)


def test_a_camera_file_cut_short_is_said(tmp_path, recwarn):
    """One that is no DNG; LibRaw may refuse it besides."""
    path = raw_files.camera_dng(
        tmp_path / "a.nef", raw_files.scene(400, 300), changes={50706: None}
    )
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4])
    source = tiff.read(path)
    damage.warn_of_strips(path, source)
    assert "may be cut short" in str(recwarn.list[-1].message)
