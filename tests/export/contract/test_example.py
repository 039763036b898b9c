"""The example program in C of the docs runs, and gives our frame."""

import pathlib
import subprocess

import ai_edge_litert
import app_code
import bundles
import numpy as np
import pytest
from helpers import ROOT

from fanet_tf.denoising import bundle as bundle_reader
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.member_runner import MemberRunner
from fanet_tf.denoising.noise_source import at_gain
from fanet_tf.denoising.noise_source import law_of_bundle
from fanet_tf.files.raw_image import RawImage

EXAMPLE = ROOT / "docs/denoise_raw10.c"
NETWORK = ROOT / "docs/network_litert.c"
LITERT = pathlib.Path(ai_edge_litert.__file__).with_name("libLiteRt.so")

# The network of the test: this process, at the other ends of two pipes.
_NETWORK = """
#include <stdio.h>
#include "nsma_denoise.h"
int network_open(const char *path);
int network_run(const float *noisy, float scale, float offset, float *denoised);
int network_open(const char *path) {
  printf("%s\\n", path);
  return fflush(stdout);
}
int network_run(const float *noisy, float scale, float offset,
                float *denoised) {
  fwrite(&scale, sizeof(float), 1, stdout);
  fwrite(&offset, sizeof(float), 1, stdout);
  fwrite(noisy, sizeof(float), NSMA_TILE_FLOATS, stdout);
  fflush(stdout);
  return fread(denoised, sizeof(float), NSMA_TILE_FLOATS, stdin) !=
         NSMA_TILE_FLOATS;
}
"""

# What network_litert.c uses of LiteRT's headers, which no Python package has.
_HEADER = """
#ifndef LITERT_OF_THE_TEST
#define LITERT_OF_THE_TEST
#include <stddef.h>
#include <stdint.h>
typedef int LiteRtStatus;
typedef void *LiteRtEnvironment, *LiteRtModel, *LiteRtSignature, *LiteRtTensor;
typedef void *LiteRtCompiledModel, *LiteRtOptions, *LiteRtTensorBuffer;
typedef void *LiteRtTensorBufferRequirements;
typedef struct {
  int element_type;
  struct {
    unsigned rank : 7, has_strides : 1;
    int32_t dimensions[8];
    uint32_t strides[8];
  } layout;
} LiteRtRankedTensorType;
enum { kLiteRtHwAcceleratorCpu = 1 };
typedef enum {
  kLiteRtTensorBufferLockModeRead = 0,
  kLiteRtTensorBufferLockModeWrite = 1
} LiteRtTensorBufferLockMode;
LiteRtStatus LiteRtCreateEnvironment(int, const void *, LiteRtEnvironment *);
LiteRtStatus LiteRtCreateModelFromFile(
    LiteRtEnvironment, const char *, LiteRtModel *);
LiteRtStatus LiteRtCreateOptions(LiteRtOptions *);
LiteRtStatus LiteRtSetOptionsHardwareAccelerators(LiteRtOptions, int);
LiteRtStatus LiteRtCreateCompiledModel(
    LiteRtEnvironment, LiteRtModel, LiteRtOptions, LiteRtCompiledModel *);
LiteRtStatus LiteRtGetModelSignature(LiteRtModel, size_t, LiteRtSignature *);
LiteRtStatus LiteRtGetSignatureInputName(
    LiteRtSignature, size_t, const char **);
LiteRtStatus LiteRtGetSignatureInputTensorByIndex(
    LiteRtSignature, size_t, LiteRtTensor *);
LiteRtStatus LiteRtGetSignatureOutputTensorByIndex(
    LiteRtSignature, size_t, LiteRtTensor *);
LiteRtStatus LiteRtGetRankedTensorType(LiteRtTensor, LiteRtRankedTensorType *);
LiteRtStatus LiteRtGetCompiledModelInputBufferRequirements(
    LiteRtCompiledModel, size_t, size_t, LiteRtTensorBufferRequirements *);
LiteRtStatus LiteRtGetCompiledModelOutputBufferRequirements(
    LiteRtCompiledModel, size_t, size_t, LiteRtTensorBufferRequirements *);
LiteRtStatus LiteRtCreateManagedTensorBufferFromRequirements(
    LiteRtEnvironment, const LiteRtRankedTensorType *,
    LiteRtTensorBufferRequirements, LiteRtTensorBuffer *);
LiteRtStatus LiteRtLockTensorBuffer(
    LiteRtTensorBuffer, void **, LiteRtTensorBufferLockMode);
LiteRtStatus LiteRtUnlockTensorBuffer(LiteRtTensorBuffer);
LiteRtStatus LiteRtRunCompiledModel(
    LiteRtCompiledModel, size_t, size_t, LiteRtTensorBuffer *, size_t,
    LiteRtTensorBuffer *);
#endif
"""
_HEADERS = (
    *("common", "compiled_model", "environment", "model", "options"),
    "tensor_buffer",
)


@pytest.fixture(scope="module", params=["small", "shipped"])
def array(request):
    if request.param == "small":
        return bundles.small(below_black="signed")
    return bundle_reader.load()


@pytest.fixture
def program(array, tmp_path):
    app_code.write(tmp_path, array.manifest)
    (tmp_path / "network.c").write_text(_NETWORK)
    command = (app_code.compiler(), *app_code.STRICT, "-Wno-conversion", "-O2")
    subprocess.run(
        [*command, "-I.", EXAMPLE, "network.c", "-lm", "-o", "denoise_raw10"],
        cwd=tmp_path,
        check=True,
    )
    return tmp_path / "denoise_raw10"


def frame():
    rng = np.random.default_rng(3)
    ramp = np.linspace(60, 900, 230) * np.ones((150, 1))
    counts = np.rint(ramp + rng.normal(0, 9, ramp.shape)).astype(np.uint16)
    return RawImage(counts, "RGGB", (64.0,), 1023.0)


def noise_of(array):
    """Of gain 8, which the program is told."""
    noise = at_gain(law_of_bundle(array), 8.0, "the test")
    return noise.a, noise.b


def check(array, image, recipe, path):
    got = np.fromfile(path, "<u2").reshape(image.mosaic.shape)
    wanted, _ = app_code.expected(
        array, image, noise_of(array), recipe, factor=64
    )
    assert np.abs(got.astype(int) - wanted).max() <= 1


def test_it_has_at_most_120_lines():
    assert len(EXAMPLE.read_text().splitlines()) <= 120


def test_it_writes_what_the_command_writes(array, program, tmp_path):
    image, recipe = frame(), array.recipes[0]
    data, _ = app_code.packed(image.mosaic, "RAW10")
    (tmp_path / "in.raw10").write_bytes(data)
    arguments = [array.folder, recipe, "in.raw10", "out.raw16", 230, 150, 8]
    running = subprocess.Popen(
        [program, *map(str, arguments)],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    member = Denoiser(array).member_for(Frame(image), noise_of(array))
    path = running.stdout.readline().decode().strip()
    assert path == str(member.path(recipe))
    runner = MemberRunner(member, recipe, 1)
    shape = (runner.tile.height, runner.tile.width, 4)
    size = 4 * int(np.prod(shape))
    while (inputs := running.stdout.read(8)) and inputs[:6] != b"member":
        noisy = np.frombuffer(running.stdout.read(size), np.float32)
        denoised = runner.run(
            noisy.reshape(shape), *np.frombuffer(inputs, np.float32)
        )
        running.stdin.write(denoised.tobytes())
        running.stdin.flush()
    said = (inputs + running.stdout.read()).decode()
    assert running.wait(timeout=60) == 0
    assert f"member {member.index}, " in said and "times 64" in said
    check(array, image, recipe, tmp_path / "out.raw16")


def test_it_runs_on_litert(array, tmp_path):
    """Without Python: the program, the header, and LiteRT's library."""
    if not LITERT.is_file():
        pytest.skip("needs libLiteRt.so of ai-edge-litert")
    image, recipe = frame(), array.recipes[0]
    app_code.write(tmp_path, array.manifest)
    folder = tmp_path / "litert/c"
    folder.mkdir(parents=True)
    for name in _HEADERS:
        (folder / f"litert_{name}.h").write_text(_HEADER)
    subprocess.run(
        [
            *(app_code.compiler(), *app_code.STRICT, "-Wno-conversion", "-O2"),
            *("-I.", EXAMPLE, NETWORK, "-lm", LITERT, "-o", "denoise_raw10"),
            f"-Wl,-rpath,{LITERT.parent}",
        ],
        cwd=tmp_path,
        check=True,
    )
    data, _ = app_code.packed(image.mosaic, "RAW10")
    (tmp_path / "in.raw10").write_bytes(data)
    arguments = [array.folder, recipe, "in.raw10", "out.raw16", 230, 150, 8]
    subprocess.run(
        ["./denoise_raw10", *map(str, arguments)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    check(array, image, recipe, tmp_path / "out.raw16")


def test_mistakes_are_one_line(program, tmp_path):
    (tmp_path / "short.raw10").write_bytes(b"x" * 99)
    for arguments, message in (
        ((), "BUNDLE RECIPE IN OUT"),
        ((".", "float32", "none", "out", "8", "8", "8"), "cannot be read"),
        ((".", "float32", "short.raw10", "o", "80", "80", "8"), "too short"),
        ((".", "float32", "short.raw10", "o", "8", "8", "0"), "a gain must"),
        ((".", "float32", "short.raw10", "o", "0", "8", "8"), "no size"),
        ((".", "none", "short.raw10", "o", "8", "8", "8"), "cannot be opened"),
    ):
        done = subprocess.run(
            [program, *arguments], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1 and message in done.stderr
