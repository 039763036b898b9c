"""Arrays, dumps and the decoder's child process."""

import os
import textwrap

import numpy as np
import pytest
import raw_files
from hypothesis import given
from hypothesis import strategies as st

from fanet_tf.errors import InputError
from fanet_tf.files import decode
from fanet_tf.files import dump
from fanet_tf.files import raw_image
from fanet_tf.files import reader


def test_a_float_array_is_its_own_unit(tmp_path, rng):
    mosaic = rng.normal(size=(7, 9)).astype(np.float32)
    np.save(tmp_path / "a.npy", mosaic)
    image = reader.read(tmp_path / "a.npy", reader.NpyFormat("GBRG"))
    np.testing.assert_array_equal(image.normalized(), mosaic)
    assert image.pattern == "GBRG"


def test_levels_of_an_array_are_those_of_the_flags(tmp_path):
    mosaic = np.array([[64, 100], [164, 264]], np.uint16)
    np.save(tmp_path / "a.npy", mosaic[..., None])
    form = reader.NpyFormat("RGGB", (64.0, 60.0, 64.0, 64.0), 264.0)
    np.testing.assert_allclose(
        reader.read(tmp_path / "a.npy", form).normalized(),
        [[0.0, 40 / 204], [0.5, 1.0]],
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    "array, message",
    [
        (np.zeros((2, 3, 4)), "must be"),
        (np.zeros((0, 3)), "must be 1 to"),
        (np.zeros((2, 3), complex), "must hold numbers"),
        (np.zeros((2, 3), "U3"), "must hold numbers"),
        (np.full((2, 3), np.nan), "must be finite"),
        (np.full((2, 3), 1e300), "must be finite"),
        (np.zeros((2, 3), np.uint16), "--white_level"),
    ],
)
def test_an_unusable_array_is_refused(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=message):
        reader.read(tmp_path / "a.npy")


def test_counts_beyond_16_bits_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.full((2, 3), 70_000))
    with pytest.raises(InputError, match="0 to 65535"):
        reader.read(tmp_path / "a.npy", reader.NpyFormat(white_level=1e5))


def test_objects_are_never_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[{}]]), allow_pickle=True)
    with pytest.raises(InputError, match="must hold numbers"):
        reader.read(tmp_path / "a.npy")


def test_raw10_is_as_mipi_defines_it():
    """Four pixels in five bytes: high bits first, then the low two."""
    row = np.array([[0x80, 0x01, 0xFF, 0x00, 0b11_00_10_01]], np.uint8)
    np.testing.assert_array_equal(
        dump.unpack_mipi(row, 10),
        [[0x80 * 4 + 1, 0x01 * 4 + 2, 0xFF * 4 + 0, 0x00 * 4 + 3]],
    )


def test_raw12_is_as_mipi_defines_it():
    row = np.array([[0xAB, 0x12, 0x4C]], np.uint8)
    np.testing.assert_array_equal(dump.unpack_mipi(row, 12), [[0xABC, 0x124]])


@given(
    bits=st.sampled_from([8, 10, 12, 14, 16]),
    groups=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_unpacking_undoes_packing(bits, groups, seed):
    rng = np.random.default_rng(seed)
    mosaic = rng.integers(0, 1 << bits, (3, 4 * groups)).astype(np.uint16)
    packed = raw_files.pack_mipi(mosaic, bits)
    assert packed.shape[1] == mosaic.shape[1] * bits // 8
    np.testing.assert_array_equal(dump.unpack_mipi(packed, bits), mosaic)


@pytest.mark.parametrize("bits", dump.BITS)
@pytest.mark.parametrize("padding", [0, 24])
@pytest.mark.parametrize("width", [40, 42])
def test_a_dump_is_read_with_its_padding(tmp_path, rng, bits, padding, width):
    mosaic = rng.integers(0, 1 << bits, (6, width)).astype(np.uint16)
    wide = np.pad(mosaic, [(0, 0), (0, -width % 4)])
    rows = np.pad(raw_files.pack_mipi(wide, bits), [(0, 0), (0, padding)])
    path = tmp_path / "a.raw"
    path.write_bytes(b"head" + rows.tobytes())
    form = dump.DumpFormat(
        width,
        6,
        bits,
        packing="mipi",
        stride=rows.shape[1],
        offset=4,
    )
    np.testing.assert_array_equal(reader.read(path, form).mosaic, mosaic)


@pytest.mark.parametrize("packing", ["u16le", "u16be"])
def test_the_packing_is_found_or_given(tmp_path, rng, packing):
    mosaic = rng.integers(0, 1024, (10, 16)).astype(np.uint16)
    order = "<u2" if packing == "u16le" else ">u2"
    (tmp_path / "a.bin").write_bytes(mosaic.astype(order).tobytes())
    given_packing = packing if packing == "u16be" else None
    form = dump.DumpFormat(16, 10, 10, packing=given_packing)
    image = reader.read(tmp_path / "a.bin", form)
    np.testing.assert_array_equal(image.mosaic, mosaic)
    assert image.white_level == 1023
    (tmp_path / "a.raw10").write_bytes(
        raw_files.pack_mipi(mosaic, 10).tobytes()
    )
    np.testing.assert_array_equal(
        reader.read(tmp_path / "a.raw10", dump.DumpFormat(16, 10, 10)).mosaic,
        mosaic,
    )


def test_a_dump_of_another_size_is_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(bytes(319))
    with pytest.raises(InputError, match="320 .u16le., 200 .mipi."):
        reader.read(tmp_path / "a.raw", dump.DumpFormat(16, 10, 10))


def test_counts_beyond_the_bits_are_refused(tmp_path):
    (tmp_path / "a.raw").write_bytes(b"\xff" * 320)
    with pytest.raises(InputError, match="at most 1023"):
        reader.read(tmp_path / "a.raw", dump.DumpFormat(16, 10, 10))


def test_real_dumps_are_read():
    for name, form in {
        "dsc1339_768x512_rggb_u16le.raw": dump.DumpFormat(
            768, 512, 14, "RGGB", (600.0,), 16383.0
        ),
        "outdoor1_crop_512x512_grbg_u8.raw": dump.DumpFormat(
            512, 512, 8, "GRBG", (12.5,), 255.0
        ),
    }.items():
        image = reader.read(raw_files.shared(f"raw/{name}"), form)
        x = image.normalized()
        assert x.shape == (512, form.width)
        assert -0.05 < x.min() and x.max() <= 1.0 and 0.01 < x.mean() < 0.6


@pytest.mark.parametrize("name", ["a.raw10", "a.raw"])
def test_a_headerless_file_needs_its_size(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(100))
    with pytest.raises(InputError, match="needs its width, height and bits"):
        reader.read(tmp_path / name)


@pytest.mark.parametrize("data", [b"not a RAW file", b"\xff\xd8\xff"])
def test_what_is_no_raw_file_is_refused(tmp_path, data):
    path = tmp_path / "a.dng"
    path.write_bytes(data)
    with pytest.raises(InputError, match="cannot be decoded"):
        reader.read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="a file that exists"):
        reader.read(tmp_path / "none.dng")


def test_a_dng_cut_short_is_refused(tmp_path):
    path = raw_files.camera_dng(tmp_path / "a.dng")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError):
        reader.read(path)


def test_a_pattern_that_is_not_bayer_is_refused(tmp_path):
    from fanet_tf.files import tiff

    path = raw_files.camera_dng(
        tmp_path / "a.dng",
        changes={33422: tiff.make(tiff.BYTE, [0, 1, 0, 1], "<")},
    )
    with pytest.raises(InputError, match="must be a Bayer pattern"):
        reader.read(path)


def fake_rawpy(folder, body, monkeypatch):
    """Puts a `rawpy` whose `imread` does `body` before the real one."""
    (folder / "rawpy.py").write_text(
        "class LibRawError(Exception): pass\n"
        "def imread(path):\n" + textwrap.indent(body, "    ")
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_decoder_that_crashes_means_a_bad_file(tmp_path, monkeypatch):
    path = raw_files.camera_dng(tmp_path / "a.dng")
    fake_rawpy(tmp_path, "import os; os.kill(os.getpid(), 11)", monkeypatch)
    with pytest.raises(InputError, match="ended by signal 11"):
        reader.read(path)


def test_a_decoder_that_hangs_is_ended(tmp_path, monkeypatch):
    path = raw_files.camera_dng(tmp_path / "a.dng")
    fake_rawpy(tmp_path, "import time; time.sleep(60)", monkeypatch)
    with pytest.raises(InputError, match="within 1 s"):
        decode.decode(path, seconds=1.0)


def test_a_decoder_that_eats_memory_means_a_bad_file(tmp_path, monkeypatch):
    path = raw_files.camera_dng(tmp_path / "a.dng")
    fake_rawpy(tmp_path, "return bytearray(1 << 40)", monkeypatch)
    with pytest.raises(InputError, match="MemoryError"):
        reader.read(path)


def test_a_decoder_that_stops_half_way_means_a_bad_file(tmp_path):
    reading, writing = os.pipe()
    os.write(writing, b'{"shape": [4, 4], "dtype": "<u2"}\n1234')
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        header, mosaic = decode._answer("a.dng", stream)
    assert header["shape"] == [4, 4] and mosaic is None


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"pattern": "RGBG"}, "must be a Bayer pattern"),
        ({"black_level": (1023.0,)}, "below the white level"),
        ({"black_level": (float("nan"),)}, "below the white level"),
        ({"active": (0, 0, 5, 4)}, "must lie in the mosaic"),
    ],
)
def test_an_impossible_frame_is_refused(fields, message):
    fields = {
        "pattern": "RGGB",
        "black_level": (64.0,),
        "white_level": 1023.0,
        **fields,
    }
    with pytest.raises(InputError, match=message):
        raw_image.RawImage(np.zeros((4, 4), np.uint16), **fields)


@pytest.mark.parametrize(
    "numbers, fault",
    [
        ([2e-3, 2e-5, 1e-3, 1e-5], "4 numbers and not 2 or 6"),
        ([2e-3], "1 numbers"),
        ([0, 0] * 3, "a=0, b=0"),
        ([2e-3, 1e-5, 2e-3, -1e-6, 2e-3, 1e-5], "b=-1e-06"),
        ([float("nan"), 1e-5], "a=nan"),
        ([5, 3], "a=5, b=3"),
    ],
)
def test_a_noise_profile_that_cannot_be_used_is_known(tmp_path, numbers, fault):
    path = raw_files.camera_dng(tmp_path / "a.dng", noise=numbers)
    image = reader.read(path)
    assert image.noise is None and fault in image.noise_fault
