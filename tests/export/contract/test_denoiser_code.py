"""The C header between a camera's buffer and a network gives our frames."""

import concurrent.futures
import pathlib
import subprocess

import app_code
import bundles
import numpy as np
import pytest
from app_code import BLACK
from app_code import COUNTS
from app_code import NOISE
from app_code import image_of

from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising.defects import Correction
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.files.defect_list import DefectList
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

SHAPES = ((1, 1), (40, 1), (1, 40), (37, 53), (131, 198))


@pytest.fixture(scope="module")
def array():
    return bundles.small()


@pytest.fixture(scope="module")
def signed():
    return bundles.small(below_black="signed")


@pytest.fixture(scope="module")
def code(array, tmp_path_factory):
    return app_code.library(tmp_path_factory.mktemp("c"), array.manifest)


@pytest.fixture(scope="module")
def signed_code(signed, tmp_path_factory):
    return app_code.library(tmp_path_factory.mktemp("signed"), signed.manifest)


def runner_of(array, member=0, recipe="float32"):
    return MemberRunner(array.members[member], recipe, 1)


def check_equal(
    code, array, image, raw_format="RAW16", order=None, padding=0, **extras
):
    """Compares the header's frame with fanet-denoise's; returns it."""
    raw = app_code.raw_of(image, raw_format, padding, **extras)
    frame = app_code.Frame16(code, raw, NOISE)
    runner = runner_of(array, frame.member)
    frame.denoise(runner, order and order(frame.tiles))
    wanted, shifts = app_code.expected(array, image, NOISE, **extras)
    status, got = frame.finish()
    assert status == 0
    np.testing.assert_allclose(got, wanted, rtol=0, atol=COUNTS)
    np.testing.assert_allclose(frame.shifts()[1], shifts, rtol=0, atol=1e-4)
    factor = code.t_factor(image.white_level)
    status, got = frame.finish(factor, padding)
    wanted, _ = app_code.expected(array, image, NOISE, factor=factor, **extras)
    assert status == 0
    assert np.abs(got.astype(int) - wanted).max() <= 1
    return got, shifts


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_it_equals_the_command(code, array, pattern, shape):
    """Of odd sizes, smaller than a tile, with four black levels."""
    check_equal(code, array, image_of(shape, pattern))


@pytest.mark.parametrize(
    "raw_format, bits", [("RAW10", 10), ("RAW12", 12), ("RAW16", 14)]
)
def test_every_format_is_read(signed_code, signed, raw_format, bits):
    image = image_of((51, 77), "GBRG", bits)
    check_equal(signed_code, signed, image, raw_format, padding=7)


def test_the_mean_and_highlights_above_white_stay(signed_code, signed):
    """White 960 of counts up to 1023; the area begins at an odd pixel."""
    image = image_of((140, 211), "BGGR", white=960, active=(3, 5, 138, 208))
    got, shifts = check_equal(signed_code, signed, image, "RAW10")
    assert np.abs(shifts).max() > 1e-3  # Else it would show nothing.
    factor = signed_code.t_factor(960.0)
    assert factor == 64
    inside = (got == factor * 1023) & (image.visible == 1023)
    assert np.count_nonzero(inside) > 500


def test_a_plane_that_is_clipped_in_the_shadows_is_seen(code, array):
    """Without its floor the mean would come out brighter."""
    image = image_of((131, 198), "RGGB")
    image = RawImage(np.maximum(image.mosaic, 70), "RGGB", BLACK, 1023.0)
    check_equal(code, array, image)


def test_tiles_come_in_any_order_and_from_four_threads(code, array):
    image = image_of((131, 198), "GRBG")
    raw = app_code.raw_of(image, "RAW10")
    plain = app_code.Frame16(code, raw, NOISE)
    runner = runner_of(array, plain.member)
    plain.denoise(runner)
    threaded = app_code.Frame16(code, raw, NOISE)
    assert threaded.tiles > 8 and threaded.begin() == 0
    order = np.random.default_rng(0).permutation(threaded.tiles).tolist()
    shape = (runner.tile.height, runner.tile.width, 4)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        filled = pool.map(lambda tile: threaded.fill(tile, shape)[1], order)
        # One interpreter serves one thread.
        outputs = [runner.run(noisy, *threaded.inputs()) for noisy in filled]
        done = list(pool.map(threaded.take, order, outputs))
    assert set(done) == {0}
    np.testing.assert_array_equal(plain.finish()[1], threaded.finish()[1])


@pytest.mark.parametrize("raw_format, bits", [("RAW10", 10), ("RAW16", 14)])
def test_the_member_is_that_of_the_frames_signal(tmp_path, raw_format, bits):
    """As fanet-denoise chooses it, of bright, dark and odd frames."""
    array = bundles.small(below_black="signed", reference_signal=0.086)
    code = app_code.library(tmp_path, array.manifest)
    members = []
    for stops, shape, extras in (
        (0, (131, 198), {}),
        (5, (131, 198), {}),
        (5, (51, 77), {"defects": [(0, 0), (16, 32)]}),
        (0, (140, 211), {"shading": app_code.shading_of((9, 13))}),
        (5, (140, 211), {"shading": app_code.shading_of((9, 13))}),
        (5, (2, 2), {}),
        (5, (1, 40), {}),
    ):
        image = image_of(shape, "GRBG", bits, stops=stops)
        check_equal(code, array, image, raw_format, **extras)
        frame = app_code.Frame16(
            code, app_code.raw_of(image, raw_format, **extras), NOISE
        )
        members.append(frame.member)
    assert members == [0, 1, 1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    "pattern, active",
    [("RGGB", None), ("GRBG", (3, 5, 138, 208)), ("BGGR", (2, 0, 138, 208))],
)
def test_a_shaded_frame_is_denoised_as_it_was_before(
    signed_code, signed, pattern, active
):
    """Highlights are clipped after the gains, as `image_of` has them."""
    fields = {} if active is None else {"active": active}
    image = image_of((140, 211), pattern, white=960, **fields)
    extras = {"shading": app_code.shading_of((9, 13))}
    got, shifts = check_equal(signed_code, signed, image, **extras)
    assert np.abs(shifts).max() > 1e-3
    plain, _ = app_code.expected(signed, image, NOISE, factor=64)
    assert np.abs(got.astype(int) - plain).max() > 64  # It matters.


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
@pytest.mark.parametrize("raw_format", ["RAW10", "RAW16"])
@pytest.mark.parametrize("shaded", [False, True])
def test_listed_defects_are_corrected(
    signed_code, signed, pattern, raw_format, shaded
):
    """Alone, in pairs and in clusters, at the edges and beyond the area."""
    image = image_of((131, 198), pattern, active=(2, 4, 131, 197))
    defects = app_code.defects_of(image)
    image.mosaic[tuple(np.transpose(defects))] = 1023
    extras = {"defects": defects}
    if shaded:
        extras["shading"] = app_code.shading_of((9, 13))
    check_equal(signed_code, signed, image, raw_format, **extras)
    assert np.array_equal(
        corrected(signed_code, image, raw_format, **extras),
        wanted_counts(image, **extras),
    )


def corrected(code, image, raw_format, **extras):
    """Returns the area with the counts that the header gives to defects."""
    raw = app_code.raw_of(image, raw_format, **extras)
    assert app_code.Frame16(code, raw, NOISE).status == 0
    counts = image.mosaic.copy()
    for defect in raw.listed:
        if defect.count >= 0:
            counts[defect.row, defect.column] = defect.count
    top, left, bottom, right = image.active
    return counts[top:bottom, left:right]


def wanted_counts(image, defects, shading=None):
    rows, columns = np.transpose(defects)
    known = DefectList(pathlib.Path("list"), rows, columns, None)
    correction = Correction(find=False, known=known)
    return correction.correct(image, NOISE, shading).image.visible


@pytest.mark.parametrize("shape", SHAPES)
def test_frames_of_nothing_but_defects_stay(code, array, shape):
    image = image_of(shape, "GRBG")
    defects = list(np.ndindex(shape))
    check_equal(code, array, image, "RAW12", defects=defects)


@pytest.mark.slow
def test_13_megapixels_through_the_shipped_array(tmp_path):
    shipped = bundle_reader.load()
    code = app_code.library(tmp_path, shipped.manifest)
    image = image_of((3120, 4208), "GRBG")
    raw = app_code.raw_of(image, "RAW10")
    frame = app_code.Frame16(code, raw, NOISE)
    assert frame.tiles == 35
    recipe = shipped.recipes[0]
    frame.denoise(runner_of(shipped, frame.member, recipe))
    wanted, _ = app_code.expected(shipped, image, NOISE, recipe)
    np.testing.assert_allclose(frame.finish()[1], wanted, rtol=0, atol=COUNTS)


def status_of(code, image, noise=NOISE, **changes):
    raw = app_code.raw_of(image, "RAW10", **changes)
    frame = app_code.Frame16(code, raw, noise)
    assert frame.status == 0 or frame.tiles == 0
    return code.t_text(frame.status).decode() if frame.status else ""


def test_bad_frames_are_refused(code):
    image = image_of((40, 50), "RGGB")
    nan = float("nan")
    assert status_of(code, image) == ""
    for message, changes in (
        ("noise must be", {"noise": (0.0, 1e-6)}),
        ("noise must be", {"noise": (nan, 1e-6)}),
        ("noise must be", {"noise": (1e-3, -1e-9)}),
        ("must be Bayer", {"cfa": 5}),  # MONO
        ("must be Bayer", {"cfa": -1}),
        ("RAW10, RAW12 or RAW16", {"format": 35}),  # YUV_420_888
        ("below white", {"white": 70.0}),
        ("below white", {"white": nan}),
        ("1 to 32767", {"width": 0}),
        ("1 to 32767", {"height": 40000}),
        ("1 to 32767", {"left": -1}),
        ("too short", {"height": 41}),
        ("too short", {"width": 53}),
        ("too short", {"row_bytes": 64}),
        ("too short", {"top": 1}),
        ("too short", {"bytes": 10}),
        ("too short", {"data": None}),
        ("shading must", {"shading_rows": 1}),
        ("shading must", {"shading_rows": 41}),
        ("shading must", {"shading_columns": 65}),
        ("shading must", {"shading_rows": 14}),  # Turned by 90 degrees.
        ("shading must", {"shading": app_code.shading_of((9, 13), 17.0)}),
        ("defects must", {"defects": [(3, 4), (3, 4)]}),
        ("defects must", {"defects": [(3, 4), (2, 9)]}),
        ("defects must", {"defects": [(3, -1)]}),
        ("defects must", {"defects": (), "defect_count": 1}),
    ):
        if "shading" in message:
            changes = {"shading": app_code.shading_of((9, 13)), **changes}
        assert message in status_of(code, image, **changes), changes


def test_wrong_calls_are_refused(code, array):
    frame = app_code.Frame16(
        code, app_code.raw_of(image_of((131, 198), "RGGB")), NOISE
    )
    shape = (array.members[0].tile.height, array.members[0].tile.width, 4)
    assert frame.begin() == 0

    def text(status):
        return code.t_text(status).decode()

    good = frame.fill(0, shape)[1]
    assert "no such tile" in text(frame.fill(frame.tiles, shape)[0])
    assert "no such tile" in text(frame.take(-1, good))
    assert "too short" in text(frame.fill(0, (8, 8, 4))[0])
    for bad in (np.nan, np.inf, -17.0):
        broken = good.copy()
        broken[9, 9, 2] = bad
        assert "NaN or beyond" in text(frame.take(0, broken))
    assert frame.take(0, good) == 0
    assert "taken twice" in text(frame.take(0, good))
    assert "was not taken" in text(frame.finish()[0])
    for tile in range(1, frame.tiles):
        assert frame.take(tile, frame.fill(tile, shape)[1]) == 0
    assert "factor" in text(frame.finish(0)[0])
    assert frame.finish(1)[0] == 0
    assert frame.begin() == 0  # The next frame of the same size.
    assert "was not taken" in text(frame.finish(1)[0])


@pytest.mark.parametrize(
    "compiler, flags",
    [
        ("gcc", app_code.STRICT),
        ("clang", app_code.STRICT),
        ("gcc", ("-std=c99", "-m32", *app_code.STRICT[1:])),
        ("g++", ("-std=c++11", "-Wold-style-cast", *app_code.STRICT[1:])),
        ("clang++", ("-std=c++11", "-Wold-style-cast", *app_code.STRICT[1:])),
    ],
)
def test_it_compiles_without_a_warning(compiler, flags, array, tmp_path):
    app_code.write(tmp_path, array.manifest)
    program = '#include "nsma_denoise.h"\nint main() { return 0; }\n'
    if not compiler.endswith("++"):
        program = program.replace("main()", "main(void)")
    (tmp_path / "main.cc").write_text(program)
    command = [app_code.compiler(compiler), *flags, "-O2", "-c", "-o", "x.o"]
    language = "c++" if compiler.endswith("++") else "c"
    done = subprocess.run(
        [*command, "-x", language, "main.cc"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    if "-m32" in flags and "No such file" in done.stderr:
        pytest.skip("needs the C library of 32 bits")
    assert done.returncode == 0, done.stderr
