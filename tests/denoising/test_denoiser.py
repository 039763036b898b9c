"""Whole frames: tiles equal one run, and what is not noise stays."""

import subprocess
import sys

import bundles
import numpy as np
import pytest

from fanet_tf.denoising import denoiser as denoiser_lib
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.errors import InputError
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

NOISE = (2e-3, 3e-6)


@pytest.fixture(scope="module")
def array():
    return bundles.small()


@pytest.fixture(scope="module")
def blur():
    """Members that only blur: linear, and they keep the mean."""
    return bundles.small(branch=0.0)


@pytest.fixture(scope="module")
def signed():
    """Members that take values below black as they are."""
    return bundles.small(below_black="signed")


@pytest.fixture
def many_tiles(monkeypatch):
    """Makes frames of the size of these tests take more than one tile."""
    monkeypatch.setattr(
        tile_choice, "best", lambda found: found[len(found) // 3]
    )


def check_tiles(array, shape, pattern, seed=0, low=-0.02, high=0.99):
    mosaic = np.random.default_rng(seed).uniform(low, high, shape)
    mosaic = mosaic.astype(np.float32)
    tiled = denoiser_lib.Denoiser(array, num_threads=1).denoise_mosaic(
        mosaic, pattern, NOISE
    )
    whole = bundles.denoise_whole(array, "float32", mosaic, pattern, NOISE)
    assert tiled.shape == mosaic.shape and tiled.dtype == np.float32
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 2), (2, 1), (3, 5), (63, 97), (64, 96), (131, 198)]
)
def test_tiles_equal_the_whole_frame(array, many_tiles, shape, pattern):
    check_tiles(array, shape, pattern)


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_tiles_equal_the_whole_frame_below_black(signed, many_tiles, pattern):
    check_tiles(signed, (131, 198), pattern, low=-0.07, high=0.02)


def test_a_member_gets_what_it_has_seen_below_black(array, signed, rng):
    """An older bundle does not say, and means clipped."""
    packed = rng.normal(0.0, 2e-3, (40, 60, 4)).astype(np.float32)
    clipped = np.maximum(packed, 0)
    for member_bundle, same in ((array, True), (signed, False)):
        denoiser = denoiser_lib.Denoiser(member_bundle)
        one = denoiser.denoise_packed(packed, NOISE)
        other = denoiser.denoise_packed(clipped, NOISE)
        assert np.array_equal(one, other) == same


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_tiles_of_96_equal_the_whole_frame_up_to_300(many_tiles, seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 601, 2)) if seed else (600, 600)
    check_tiles(bundles.small((96, 96)), shape, cfa.PATTERNS[seed % 4], seed)


def test_seams_of_a_dynamic_range_member_stay_small(array, many_tiles, rng):
    """Its activations are scaled by the whole input, so tiles may differ."""
    mosaic = rng.uniform(0, 1, (198, 262)).astype(np.float32)
    recipe = "dynamic_wi8_afp32"
    tiled = denoiser_lib.Denoiser(array, recipe).denoise_mosaic(
        mosaic, "RGGB", NOISE
    )
    whole = bundles.denoise_whole(array, recipe, mosaic, "RGGB", NOISE)
    assert np.abs(tiled - whole).max() < 4 / 1023


def test_packed_and_mosaic_agree(array, rng):
    packed = rng.random((35, 50, 4), dtype=np.float32)
    denoiser = denoiser_lib.Denoiser(array)
    mosaic = cfa.unpack(packed[None])[0, :, :, 0]
    np.testing.assert_array_equal(
        denoiser.denoise_packed(packed, NOISE),
        cfa.pack(
            denoiser.denoise_mosaic(mosaic, "RGGB", NOISE)[None, ..., None]
        )[0],
    )


@pytest.mark.parametrize("shape", [(1, 1), (40, 1), (37, 53), (131, 198)])
def test_the_manifests_own_tile_serves_frames_of_any_size(array, shape, rng):
    """A smaller one is mirrored to a tile; the member sees the same picture."""
    mosaic = rng.uniform(0, 0.99, shape).astype(np.float32)
    fitted, own = (
        denoiser_lib.Denoiser(array, num_threads=1, own_tile=own_tile)
        for own_tile in (False, True)
    )
    expected = fitted.denoise_mosaic(mosaic, "GRBG", NOISE)
    got = own.denoise_mosaic(mosaic, "GRBG", NOISE)
    assert own.tile == array.members[0].tile
    if shape == (131, 198):  # Of a smaller one the network sees another edge.
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-6)
    assert np.abs(got - expected).max() < 0.05


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_a_flat_frame_stays_flat_up_to_its_edges(blur, pattern):
    """Also one whose black levels and planes differ."""
    planes = np.array([100.0, 200.0, 220.0, 150.0])
    black = (60.0, 64.0, 66.0, 70.0)
    packed = np.broadcast_to(planes, (41, 60, 4))
    mosaic = cfa.unpack(packed[None], pattern)[0, :, :, 0].astype(np.uint16)
    image = RawImage(mosaic, pattern, black, 1023.0)
    denoised = denoiser_lib.Denoiser(blur).denoise(image, NOISE)
    np.testing.assert_allclose(denoised, mosaic, rtol=1e-6)


def test_mean_brightness_of_each_plane_stays(blur, rng):
    scene = rng.uniform(0.05, 0.6, (1, 4))
    noise = rng.normal(size=(200, 280, 4))
    noise -= noise.mean((0, 1))
    packed = (scene + np.sqrt(NOISE[0] * scene) * noise).astype(np.float32)
    denoised = denoiser_lib.Denoiser(blur).denoise_packed(packed, NOISE)
    np.testing.assert_allclose(
        denoised.mean((0, 1)), packed.mean((0, 1)), rtol=1e-3
    )
    assert np.all(denoised.std((0, 1)) < 0.5 * packed.std((0, 1)))


def test_a_signed_member_does_not_cut_off_the_noise_below_black():
    blur = bundles.small(branch=0.0, below_black="signed")
    mosaic = np.full((70, 80), -0.03, np.float32)
    denoised = denoiser_lib.Denoiser(blur).denoise_mosaic(mosaic, "BGGR", NOISE)
    np.testing.assert_allclose(denoised, mosaic, rtol=1e-5)


def test_saturated_pixels_stay_exactly_white(array, rng):
    mosaic = rng.uniform(0.2, 0.9, (120, 160)).astype(np.float32)
    mosaic[20:80, 30:90] = 1.0
    mosaic[90:110, 100:140] = 1.25  # Above white: a level set too low.
    denoised = denoiser_lib.Denoiser(array).denoise_mosaic(
        mosaic, "RGGB", NOISE
    )
    # One packed pixel inside the edge; there white is known on all sides.
    assert np.all(denoised[22:78, 32:88] == 1.0)
    assert np.all(denoised[92:108, 102:138] == 1.25)


def test_the_member_is_that_of_the_frame(array):
    mosaic = np.full((8, 8), 0.5, np.float32)
    denoiser = denoiser_lib.Denoiser(array)
    for a, index in ((1e-5, 0), (3e-4, 0), (1e-2, 1), (0.5, 1)):
        denoiser.denoise_mosaic(mosaic, "RGGB", (a, 1e-6))
        runner = denoiser.runner(array.member_for(a), 4, 4)
        assert runner.member.index == index


def test_counts_are_given_with_finer_steps(blur, rng):
    counts = rng.integers(64, 900, (40, 60)).astype(np.uint16)
    image = RawImage(counts, "GRBG", (64.0,), 1023.0)
    denoiser = denoiser_lib.Denoiser(blur)
    exact = denoiser.denoise(image, NOISE)
    output = Output(Frame(image), factor=64)
    for part in denoiser.parts(output.frame, NOISE):
        output.put(part.denoised, part.place)
    assert output.mosaic.dtype == np.uint16
    np.testing.assert_allclose(output.mosaic / 64, exact, atol=0.51 / 64)


def test_too_little_memory_is_refused(array):
    with pytest.raises(InputError, match="--max_memory"):
        denoiser_lib.Denoiser(array, max_memory=1).denoise_mosaic(
            np.zeros((4, 4), np.float32), "RGGB", NOISE
        )


@pytest.mark.parametrize("place", [0.1, 0.3, 0.6, 1.0])
def test_the_result_does_not_depend_on_the_tile(array, rng, monkeypatch, place):
    mosaic = rng.uniform(0, 1, (120, 170)).astype(np.float32)
    expected = denoiser_lib.Denoiser(array).denoise_mosaic(
        mosaic, "RGGB", NOISE
    )
    monkeypatch.setattr(
        tile_choice, "best", lambda found: found[int(place * len(found)) - 1]
    )
    denoiser = denoiser_lib.Denoiser(array)
    np.testing.assert_allclose(
        denoiser.denoise_mosaic(mosaic, "RGGB", NOISE),
        expected,
        rtol=0,
        atol=1e-6,
    )


def test_frames_of_one_size_share_a_runner(array):
    denoiser = denoiser_lib.Denoiser(array)
    member = array.members[0]
    runner = denoiser.runner(member, 40, 50)
    assert denoiser.runner(member, 40, 50) is runner
    assert denoiser.runner(member, 50, 40) is not runner
    runner = denoiser.runner(member, 50, 40)
    assert denoiser.runner(array.members[1], 50, 40) is not runner


def test_an_unknown_recipe_is_refused(array):
    with pytest.raises(InputError, match="Received: 'int4'"):
        denoiser_lib.Denoiser(array, "int4")


def test_denoising_imports_no_tensorflow():
    code = (
        "import sys\n"
        "import fanet_tf.denoising.batch, fanet_tf.denoising.bundle\n"
        "import fanet_tf.denoising.denoiser\n"
        "import fanet_tf.cli.denoise, fanet_tf.files.writer\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'scipy'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
