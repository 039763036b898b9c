"""The C header of a bundle as a shared library, and what it must give."""

import ctypes
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from export.contract import denoiser_code
from export.contract import selector_code
from fanet_tf.denoising.defects import Correction
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.files.defect_list import DefectList
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw.shading import ShadingMap

NOISE = (2e-3, 3e-6)
BLACK = (60.0, 64.0, 66.0, 70.0)  # Of R, Gr, Gb, B.
COUNTS = 0.05  # What an app's code may differ by from fanet-denoise.

FORMATS = {"RAW10": 37, "RAW12": 38, "RAW16": 32}
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion")
STRICT += ("-Wshadow", "-Werror")

_LIBRARY = """
#include "nsma_denoise.h"
size_t t_plan_bytes(void) { return sizeof(NsmaPlan); }
size_t t_tile_floats(void) { return NSMA_TILE_FLOATS; }
int t_plan(const NsmaRaw *raw, float a, float b, NsmaPlan *plan) {
  NsmaChoice choice = nsma_from_noise(a, b, -1);
  return (int)nsma_plan(raw, &choice, plan);
}
int t_member(const NsmaPlan *p) { return p->choice.member; }
float t_scale(const NsmaPlan *p) { return p->choice.scale; }
float t_offset(const NsmaPlan *p) { return p->choice.offset; }
int t_tiles(const NsmaPlan *p) { return nsma_tiles(p); }
size_t t_workspace(const NsmaPlan *p) { return nsma_workspace_bytes(p); }
int t_begin(const NsmaPlan *p, void *work, size_t bytes) {
  return (int)nsma_begin(p, work, bytes);
}
int t_fill(const NsmaPlan *p, int tile, float *noisy, size_t floats) {
  return (int)nsma_fill(p, tile, noisy, floats);
}
int t_take(const NsmaPlan *p, int tile, const float *denoised, size_t floats,
           void *work, size_t bytes) {
  return (int)nsma_take(p, tile, denoised, floats, work, bytes);
}
int t_shifts(const NsmaPlan *p, const void *work, size_t bytes, float *s) {
  return (int)nsma_shifts(p, work, bytes, s);
}
int t_factor(float white) { return nsma_factor(white); }
int t_finish(const NsmaPlan *p, const void *work, size_t bytes, int factor,
             uint16_t *out, size_t count, size_t row) {
  return (int)nsma_finish(p, work, bytes, factor, out, count, row);
}
int t_finish_float(const NsmaPlan *p, const void *work, size_t bytes,
                   float *out, size_t count, size_t row) {
  return (int)nsma_finish_float(p, work, bytes, out, count, row);
}
const char *t_text(int status) { return nsma_text((NsmaStatus)status); }
"""


def image_of(shape, pattern, bits=10, white=None, seed=0, stops=0, **fields):
    """A noisy ramp with a saturated disc; more than white where it is low.

    Underexposed by `stops` it has neither.
    """
    rng = np.random.default_rng(seed)
    most = (1 << bits) - 1
    y, x = np.mgrid[: shape[0], : shape[1]]
    linear = x / shape[1] * np.where(y > shape[0] / 2, 0.05, 0.8)
    linear = linear / 2**stops
    linear = linear + np.sqrt(3 * NOISE[0] * linear) * rng.normal(size=shape)
    if not stops:
        linear[(y - 30) ** 2 + (x - 120) ** 2 < 400] = 1.2
    scale = most / 1023
    counts = np.clip(scale * (64 + 959 * linear), 0, most)
    return RawImage(
        np.rint(counts).astype(np.uint16),
        pattern,
        tuple(scale * level for level in BLACK),
        float(white or most),
        **fields,
    )


def shading_of(size, high=2.5):
    """Gains that rise to the corners, of each plane its own."""
    y, x = (np.linspace(-1, 1, n) for n in size)
    rise = (x**2 + y[:, None] ** 2) / 2
    gains = [1 + (high - 1) * f * rise for f in (1.0, 0.9, 0.7, 0.5)]
    return ShadingMap(np.float32(gains))


def defects_of(image, seed=0):
    """Pixels of the whole mosaic in reading order: alone and in clusters."""
    rng = np.random.default_rng(seed)
    height, width = image.mosaic.shape
    places = rng.integers(0, (height, width), (40, 2)).tolist()
    places += [[0, 0], [0, width - 1], [height - 1, 0]]
    places += [[60 + i // 7, 80 + i % 7] for i in range(49)]
    return sorted(set(map(tuple, places)))


class Defect(ctypes.Structure):
    """NsmaDefect."""

    _fields_ = tuple((n, ctypes.c_int32) for n in ("row", "column", "count"))


class Raw(ctypes.Structure):
    """NsmaRaw."""

    _fields_ = (
        ("data", ctypes.c_char_p),
        ("bytes", ctypes.c_size_t),
        ("row_bytes", ctypes.c_size_t),
        ("left", ctypes.c_int32),
        ("top", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("format", ctypes.c_int32),
        ("cfa", ctypes.c_int32),
        ("black", ctypes.c_float * 4),
        ("white", ctypes.c_float),
        ("shading", ctypes.c_void_p),
        ("shading_rows", ctypes.c_int32),
        ("shading_columns", ctypes.c_int32),
        ("defects", ctypes.c_void_p),
        ("defect_count", ctypes.c_size_t),
    )


def compiler(name="gcc"):
    """Returns a compiler, or skips the test."""
    return shutil.which(name) or pytest.skip(f"needs {name}")


def write(folder, manifest):
    """Writes the code for apps of a manifest into a folder."""
    for code in (selector_code, denoiser_code):
        for name, text in code.write(manifest).items():
            (folder / name).write_text(text)


def library(folder, manifest):
    """Compiles the header to a shared library and loads it."""
    write(folder, manifest)
    (folder / "library.c").write_text(_LIBRARY)
    subprocess.run(
        [
            *(compiler(), *STRICT, "-O2", "-fPIC", "-shared"),
            *("library.c", "-o", "library.so", "-lm"),
        ],
        cwd=folder,
        check=True,
    )
    loaded = ctypes.CDLL(str(folder / "library.so"))
    for name in ("t_plan_bytes", "t_tile_floats", "t_workspace"):
        getattr(loaded, name).restype = ctypes.c_size_t
    for name in ("t_scale", "t_offset"):
        getattr(loaded, name).restype = ctypes.c_float
    loaded.t_text.restype = ctypes.c_char_p
    loaded.t_plan.argtypes = [ctypes.c_void_p, *2 * [ctypes.c_float]]
    loaded.t_plan.argtypes += [ctypes.c_void_p]
    loaded.t_factor.argtypes = [ctypes.c_float]
    return loaded


def packed(mosaic, raw_format, row_padding=0):
    """Returns the bytes of a mosaic as Android lays them, and of a row."""
    counts = mosaic.astype(np.uint16)
    height, width = counts.shape
    if raw_format == "RAW16":
        rows = counts.astype("<u2").view(np.uint8).reshape(height, 2 * width)
    else:
        bits, group = (2, 4) if raw_format == "RAW10" else (4, 2)
        counts = np.pad(counts, ((0, 0), (0, -width % group)))
        groups = counts.reshape(height, -1, group)
        high = (groups >> bits).astype(np.uint8)
        low = groups & ((1 << bits) - 1)
        low = sum(low[..., i] << (bits * i) for i in range(group))
        rows = np.concatenate([high, low[..., None].astype(np.uint8)], -1)
        rows = rows.reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, row_padding)), constant_values=0xA5)
    # An image plane of Android ends with its last pixel.
    data = rows.tobytes()
    return data[: len(data) - row_padding], rows.shape[1]


def android_map(image, shading):
    """Returns gains `[rows, columns, 4]` in the order of Android."""
    red_row = image.active[0] + cfa.cell(image.pattern)[0][0]
    order = (0, 1, 2, 3) if red_row % 2 == 0 else (0, 2, 1, 3)
    gains = shading.gains[list(order)].transpose(1, 2, 0)
    return np.ascontiguousarray(gains, np.float32)


def raw_of(
    image,
    raw_format="RAW16",
    row_padding=0,
    shading=None,
    defects=(),
    **changes,
):
    """Returns a `RawImage` as an NsmaRaw.

    Args:
        image: the frame.
        raw_format: of the buffer.
        row_padding: bytes after each row.
        shading: a `ShadingMap`, or none.
        defects: `(row, column)` of the buffer.
        changes: other values of fields.
    """
    data, row_bytes = packed(image.mosaic, raw_format, row_padding)
    top, left, bottom, right = image.active
    black = np.zeros(4)
    for level, (row, column) in zip(
        image.black_level, cfa.cell(image.pattern), strict=True
    ):
        black[2 * row + column] = level
    fields = {
        "data": data,
        "bytes": len(data),
        "row_bytes": row_bytes,
        "left": left,
        "top": top,
        "width": right - left,
        "height": bottom - top,
        "format": FORMATS[raw_format],
        "cfa": ("RGGB", "GRBG", "GBRG", "BGGR").index(image.pattern),
        "black": (ctypes.c_float * 4)(*black),
        "white": image.white_level,
    }
    gains = listed = None
    if shading is not None:
        gains = android_map(image, shading)
        fields["shading"] = gains.ctypes.data
        fields["shading_rows"], fields["shading_columns"] = gains.shape[:2]
    if len(defects):
        listed = (Defect * len(defects))(*((*map(int, d), 7) for d in defects))
        fields["defects"] = ctypes.addressof(listed)
        fields["defect_count"] = len(defects)
    raw = Raw(**{**fields, **changes})
    # What it points to; `data` ends at a zero in Python.
    raw.content, raw.gains, raw.listed = data, gains, listed
    return raw


class Frame16:
    """A frame in the header's hands.

    Args:
        code: of `library`.
        raw: of `raw_of`.
        noise: `(a, b)`.
    """

    def __init__(self, code, raw, noise):
        self.code, self.raw = code, raw
        self._plan = ctypes.create_string_buffer(code.t_plan_bytes())
        self.status = code.t_plan(ctypes.byref(raw), *noise, self._plan)
        self.tiles = code.t_tiles(self._plan)
        size = code.t_workspace(self._plan)
        self._words = np.full(size // 8 + 1, np.nan)
        self.work = (
            self._words.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(size),
        )

    def begin(self):
        return self.code.t_begin(self._plan, *self.work)

    def _floats(self, array):
        return (
            array.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(array.size),
        )

    def fill(self, tile, shape):
        noisy = np.full(shape, np.nan, np.float32)
        return self.code.t_fill(self._plan, tile, *self._floats(noisy)), noisy

    def take(self, tile, denoised):
        denoised = np.ascontiguousarray(denoised, np.float32)
        return self.code.t_take(
            self._plan, tile, *self._floats(denoised), *self.work
        )

    def inputs(self):
        return self.code.t_scale(self._plan), self.code.t_offset(self._plan)

    @property
    def member(self):
        return self.code.t_member(self._plan)

    def shifts(self):
        shifts = np.zeros(4, np.float32)
        status = self.code.t_shifts(
            self._plan, *self.work, shifts.ctypes.data_as(ctypes.c_void_p)
        )
        return status, shifts

    def finish(self, factor=None, row_padding=0):
        """Returns the status and uint16 counts; float32 without a factor."""
        size = self.raw.height, self.raw.width + row_padding
        out = np.zeros(size, np.float32 if factor is None else np.uint16)
        place = (
            out.ctypes.data_as(ctypes.c_void_p),
            ctypes.c_size_t(out.size - row_padding),
            ctypes.c_size_t(size[1]),
        )
        if factor is None:
            status = self.code.t_finish_float(self._plan, *self.work, *place)
        else:
            status = self.code.t_finish(self._plan, *self.work, factor, *place)
        return status, out[:, : self.raw.width]

    def denoise(self, runner, order=None):
        """Runs the network between fill and take."""
        assert self.status == 0, self.code.t_text(self.status)
        assert self.begin() == 0
        shape = (runner.tile.height, runner.tile.width, 4)
        for tile in range(self.tiles) if order is None else order:
            status, noisy = self.fill(tile, shape)
            assert status == 0
            assert self.take(tile, runner.run(noisy, *self.inputs())) == 0


def expected(
    array, image, noise, recipe=None, factor=None, shading=None, defects=()
):
    """Returns what fanet-denoise --tile=manifest gives, in counts.

    `--defects` is none, or a list of `(row, column)` of the whole mosaic.
    """
    denoiser = Denoiser(array, recipe, 1, own_tile=True)
    if len(defects):
        rows, columns = np.transpose(defects)
        known = DefectList(pathlib.Path("list"), rows, columns, None)
        correction = Correction(find=False, known=known)
        image = correction.correct(image, noise, shading).image
    frame = Frame(image, shading)
    output, means = Output(frame, factor), frame.brightness(*noise)
    for part in denoiser.parts(frame, noise):
        output.put(part.denoised, part.place)
    output.measure(means)
    output.restore(means)
    return output.mosaic, means.shifts()
