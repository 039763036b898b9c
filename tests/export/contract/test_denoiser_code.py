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
    order = np.random.default_rng(0).permutation(threaded.tiles)
    shape = (runner.tile.height, runner.tile.width, 4)
    outputs = {}
    for tile in map(int, order):  # One interpreter serves one thread.
        outputs[tile] = runner.run(
            threaded.fill(tile, shape)[1], *threaded.inputs()
        )
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda t: threaded.take(t, outputs[t]), outputs))
    assert set(done) == {0}
    np.testing.assert_array_equal(plain.finish()[1], threaded.finish()[1])


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


_FUZZ = r"""
/* Random frames through a network that changes nothing: what comes out must be
 * the counts that went in, and no byte outside of a buffer may be touched. */
#include <stdio.h>
#include <stdlib.h>
#include "nsma_denoise.h"
static uint64_t state = 25;
static uint32_t any(uint32_t below) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % below;
}
int main(int argc, char **argv) {
  const int plans = argc > 1 ? atoi(argv[1]) : 1;
  int i, good = 0, refused = 0;
  for (i = 0; i < plans; ++i) {
    static const int32_t formats[] = {NSMA_RAW16, NSMA_RAW10, NSMA_RAW12, 35};
    static const float sizes[] = {1.0f, 9.0f, 40.0f, 90.0f};
    const uint32_t most = (uint32_t)sizes[any(4)];
    NsmaRaw raw;
    NsmaPlan plan;
    NsmaChoice choice = nsma_from_gain((float)(1 + any(64)), -1);
    NsmaDefect *defects;
    uint8_t *data;
    float *gains;
    uint32_t at;
    size_t size, work_bytes, n, count, row;
    float *noisy;
    uint16_t *out;
    void *work;
    int32_t tile, tiles, start, k, factor;
    memset(&raw, 0, sizeof(raw));
    raw.width = (int32_t)(1 + any(most));
    raw.height = (int32_t)(1 + any(most));
    raw.left = (int32_t)any(4);
    raw.top = (int32_t)any(4);
    raw.format = formats[any(64) ? any(3) : 3];
    raw.cfa = any(64) ? (int32_t)any(4) : (int32_t)any(8) - 2;
    raw.white = 900.0f + (float)any(100);
    /* Close above black, but not so that black is 16 whites below it; or no
     * level at all. */
    if (!any(64)) raw.white = any(2) ? 85.0f + (float)any(15) : (float)any(2);
    for (k = 0; k < 4; ++k) raw.black[k] = (float)any(80);
    raw.row_bytes = (size_t)(raw.left + raw.width) * 2 + any(9);
    if (raw.format == NSMA_RAW10) {
      raw.row_bytes = (size_t)(raw.left + raw.width + 3) / 4 * 5 + any(9);
    }
    size = raw.row_bytes * (size_t)(raw.top + raw.height);
    size -= size > 8 ? any(9) : 0;
    if (!any(20)) size = any((uint32_t)size + 1);
    if (!any(99)) raw.width = (int32_t)(any(2) ? any(1u << 31) : 40000);
    if (!any(99)) raw.height = -(int32_t)any(99);
    if (!any(99)) raw.left = (int32_t)any(1u << 31);
    if (!any(99)) raw.row_bytes = any(2) ? any(20) : SIZE_MAX - any(9);
    data = (uint8_t *)malloc(size ? size : 1);
    for (n = 0; n < size; ++n) data[n] = (uint8_t)any(256);
    if (raw.format == NSMA_RAW16) {
      for (n = 1; n < size; n += 2) data[n] &= 3;
    }
    raw.data = data;
    raw.bytes = size;
    raw.defect_count = any(3) ? 0 : any(40);
    defects = (NsmaDefect *)malloc(raw.defect_count * sizeof(NsmaDefect) + 1);
    raw.defects = defects;
    for (n = 0, at = 0; n < raw.defect_count; ++n) {
      at += 1 + any(most);
      defects[n].row = (int32_t)at / 100;
      defects[n].column = (int32_t)at % 100;
    }
    if (raw.defect_count && !any(64)) defects[0].column = -(int32_t)any(9);
    if (raw.defect_count && !any(64)) defects[0].row = (int32_t)any(1u << 31);
    raw.shading_rows = (int32_t)(2 + any(4));
    raw.shading_columns = (int32_t)(2 + any(4));
    if (!any(64)) raw.shading_columns = (int32_t)any(2) - 1;
    at = raw.shading_columns < 0 ? 0 : (uint32_t)raw.shading_columns;
    at *= 4 * (uint32_t)raw.shading_rows;
    gains = (float *)malloc(at * sizeof(float) + 1);
    for (n = 0; n < at; ++n) gains[n] = 1.0f + (float)any(99) / 33.0f;
    raw.shading = any(8) ? NULL : gains;
    if (nsma_plan(&raw, &choice, &plan) != NSMA_OK) {
      ++refused;
      free(gains);
      free(defects);
      free(data);
      continue;
    }
    ++good;
    work_bytes = nsma_workspace_bytes(&plan);
    work = malloc(work_bytes);
    memset(work, 0xA5, work_bytes);
    noisy = (float *)malloc(NSMA_TILE_FLOATS * sizeof(float));
    if (nsma_begin(&plan, work, work_bytes) != NSMA_OK) return 2;
    tiles = nsma_tiles(&plan);
    start = (int32_t)any((uint32_t)tiles);
    for (k = 0; k < tiles; ++k) {
      tile = (start + k) % tiles;
      if (nsma_fill(&plan, tile, noisy, NSMA_TILE_FLOATS)) return 3;
      if (nsma_take(&plan, tile, noisy, NSMA_TILE_FLOATS, work, work_bytes)) {
        return 4;
      }
    }
    row = (size_t)raw.width + any(5);
    count = row * (size_t)(raw.height - 1) + (size_t)raw.width;
    out = (uint16_t *)malloc(count * sizeof(uint16_t));
    factor = 1 + (int32_t)any(16);
    if (nsma_finish(&plan, work, work_bytes, factor, out, count, row)) return 5;
    for (tile = 0; tile < raw.height; ++tile) {
      for (k = 0; k < raw.width; ++k) {
        const int32_t in = nsmai_count(&raw, tile, k);
        const int32_t want = factor * in < 65535 ? factor * in : 65535;
        const int32_t got = out[(size_t)tile * row + (size_t)k];
        const int32_t off = got > want ? got - want : want - got;
        const int clipped = kNsmaClipped[plan.choice.member] &&
                            in < (int32_t)raw.black[0] + 80;
        if (off > 1 && !clipped) {
          printf("%d, %d: %d instead of %d\n", tile, k, got, want);
          return 6;
        }
      }
    }
    free(out);
    free(noisy);
    free(work);
    free(gains);
    free(defects);
    free(data);
  }
  printf("%d %d\n", good, refused);
  return 0;
}
"""


def fuzz(array, folder, plans, compiler="gcc"):
    """Returns how many random frames were denoised, and how many refused."""
    app_code.write(folder, array.manifest)
    (folder / "fuzz.c").write_text(_FUZZ)
    made = subprocess.run(
        [
            *(app_code.compiler(compiler), "-std=c99", "-O2", "-g"),
            "-fsanitize=address,undefined,float-divide-by-zero,"
            "float-cast-overflow",
            *("-fno-sanitize-recover=all", "fuzz.c", "-o", "fuzz", "-lm"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if "cannot find" in made.stderr and "clang_rt" in made.stderr:
        pytest.skip("needs the sanitizers of clang (libclang-rt-dev)")
    assert made.returncode == 0, made.stderr
    done = subprocess.run(
        [folder / "fuzz", str(plans)], capture_output=True, text=True
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return [int(number) for number in done.stdout.split()]


def test_random_frames_stay_inside_of_their_buffers(signed, tmp_path):
    good, refused = fuzz(signed, tmp_path, 2000)
    assert good > 1000 and refused > 100


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_100_000_random_frames_stay_inside(signed, tmp_path, compiler):
    good, refused = fuzz(signed, tmp_path, 100_000, compiler)
    assert good > 50_000 and refused > 5_000


@pytest.mark.slow
def test_random_frames_on_an_emulated_arm_core(signed, tmp_path):
    """Static, so that the emulator needs no libraries of that system."""
    emulator = app_code.compiler("qemu-aarch64")
    compiler = app_code.compiler("aarch64-linux-gnu-gcc")
    app_code.write(tmp_path, signed.manifest)
    (tmp_path / "fuzz.c").write_text(_FUZZ)
    subprocess.run(
        [compiler, "-std=c99", "-O3", "-static", "fuzz.c", "-o", "fuzz", "-lm"],
        cwd=tmp_path,
        check=True,
    )
    done = subprocess.run(
        [emulator, tmp_path / "fuzz", "500"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
