"""A shading-corrected frame is denoised as it was before the correction."""

import bundles
import numpy as np
import pytest

from fanet_tf.denoising import bundle
from fanet_tf.denoising import tile_choice
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.errors import InputError
from fanet_tf.files.black import BlackOffsets
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw.shading import ShadingMap

NOISE = (2e-3, 3e-6)


@pytest.fixture(autouse=True)
def many_tiles(monkeypatch):
    """Makes frames of the size of these tests take more than one tile."""
    monkeypatch.setattr(
        tile_choice, "best", lambda found: found[len(found) // 3]
    )


def frame(rng, shape, low=0.05, high=0.35):
    y, x = np.mgrid[: shape[0], : shape[1]]
    clean = low + (high - low) * (0.5 + 0.5 * np.sin(x / 9) * np.cos(y / 7))
    a, b = NOISE
    noise = np.sqrt(a * clean + b) * rng.standard_normal(shape)
    return (clean + noise).astype(np.float32)


def shading(rng, size=(7, 9), high=2.5):
    """A gain for each plane, 1 in the middle."""
    y, x = (np.linspace(-1, 1, n) for n in size)
    rise = (x**2 + y[:, None] ** 2) / 2
    gains = [1 + (high - 1) * f * rise for f in (1.0, 0.9, 0.88, 0.8)]
    return ShadingMap(np.float32(gains))


def gain_of(found, pattern, shape):
    """The gain of each pixel of a frame, `[H, W]`."""
    gain = np.empty(shape, np.float32)
    for plane, (row, column) in enumerate(cfa.cell(pattern)):
        rows, columns = np.arange(shape[0]), np.arange(shape[1])
        grid = found.grid(plane, rows, columns, shape)
        gain[row::2, column::2] = grid[row::2, column::2]
    return gain


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
@pytest.mark.parametrize("shape", [(131, 198), (64, 97), (9, 9)])
def test_denoising_and_correcting_may_change_places(rng, pattern, shape):
    before, found = frame(rng, shape), shading(rng)
    gain = gain_of(found, pattern, shape)
    denoiser = Denoiser(bundles.small(), num_threads=1)
    expected = gain * denoiser.denoise_mosaic(before, pattern, NOISE)
    image = RawImage(before * gain, pattern, (0.0,), 1.0)
    got = denoiser.denoise(image, NOISE, shading=found)
    np.testing.assert_allclose(got, expected, atol=2e-6)


def test_black_that_differs_from_place_to_place_is_no_part_of_it(rng):
    before, found = frame(rng, (131, 198)), shading(rng)
    values = before * gain_of(found, "GRBG", before.shape)
    rows, columns = rng.uniform(-9, 9, 131), rng.uniform(-9, 9, 198)
    offsets = BlackOffsets(np.zeros((2, 2)), rows, columns)
    here = 64 + rows[:, None] + columns
    image = RawImage(
        np.float32(here + values * (1023 - here)),
        "GRBG",
        (64.0,),
        1023.0,
        black_offsets=offsets,
    )
    denoised = [
        given.with_mosaic(
            Denoiser(bundles.small(), num_threads=1).denoise(
                given, NOISE, keep_mean=True, shading=found
            )
        ).normalized()
        for given in (image, image.with_one_black())
    ]
    np.testing.assert_allclose(*denoised, atol=5e-6)
    assert np.abs(denoised[0] - values).max() > 0.01


@pytest.mark.parametrize("strength, chroma", [(0.6, None), (0.3, 0.9)])
def test_strengths_blend_before_the_correction(rng, strength, chroma):
    before, found = frame(rng, (64, 96)), shading(rng)
    gain = gain_of(found, "RGGB", before.shape)
    denoiser = Denoiser(bundles.small(), num_threads=1)
    options = dict(strength=strength, chroma_strength=chroma)
    plain = denoiser.denoise(
        RawImage(before, "RGGB", (0.0,), 1.0), NOISE, **options
    )
    image = RawImage(before * gain, "RGGB", (0.0,), 1.0)
    got = denoiser.denoise(image, NOISE, shading=found, **options)
    np.testing.assert_allclose(got, gain * plain, atol=3e-6)


def test_one_gain_is_a_smaller_scale_and_the_same_offset(rng):
    """What docs/bundle.md tells an app: `(a L, b L^2)` of each tile."""
    array, gain = bundle.load(), np.float32(1.7)
    a, b = NOISE
    told = (a * gain, b * gain * gain)
    # Of one member, so that nothing else differs.
    assert array.member_for(a) == array.member_for(told[0])
    mosaic = gain * frame(rng, (96, 128))
    denoiser = Denoiser(array, num_threads=1)
    image = RawImage(mosaic, "RGGB", (0.0,), 1.0)
    constant = ShadingMap(np.full((4, 2, 2), gain, np.float32))
    undone = denoiser.denoise(image, NOISE, shading=constant)
    scaled = denoiser.denoise(image, told)
    assert np.abs(undone - mosaic).max() > 0.01
    np.testing.assert_allclose(undone, scaled, atol=2e-4)
    assert told[1] / told[0] ** 2 == pytest.approx(b / a**2, rel=1e-6)


def denoise_counts(image, found, factor):
    """Denoises counts as the command does."""
    denoiser = Denoiser(bundles.small(), num_threads=1)
    whole = Frame(image, found)
    output, means = Output(whole, factor), whole.brightness(*NOISE)
    for part in denoiser.parts(whole, NOISE):
        output.put(part.denoised, part.place)
    output.measure(means)
    output.restore(means)
    return output.mosaic


@pytest.mark.parametrize("factor", [None, 4])
def test_saturated_highlights_stay_white(rng, factor):
    """Clipped after the correction, as a 14-bit file has them."""
    before, found = frame(rng, (131, 198)), shading(rng)
    counts = 600 + 15000 * before * gain_of(found, "GRBG", before.shape)
    counts[40:70, 120:190] = 15600
    counts = np.rint(np.minimum(counts, 15600)).astype(np.uint16)
    image = RawImage(counts, "GRBG", (600.0,), 15600.0)
    got = denoise_counts(image, found, factor) / (factor or 1)
    inner = got[44:66, 124:186]
    np.testing.assert_allclose(inner, 15600, atol=0.05)
    others = (counts < 15600) & (got >= 15600)
    assert others.mean() < 1e-3


@pytest.mark.parametrize("factor", [None, 4])
def test_the_mean_that_a_member_shifts_is_put_back(rng, factor):
    shape = (256, 320)
    found = shading(rng)
    gain = gain_of(found, "RGGB", shape)
    before = frame(rng, shape, 0.2, 0.3)
    for colour, (r, c) in zip(
        (0.8, 1.2, 1.3, 0.6), cfa.cell("RGGB"), strict=True
    ):
        before[r::2, c::2] *= colour  # The member shifts colours.
    counts = np.rint(600 + 15000 * before * gain).astype(np.uint16)
    image = RawImage(counts, "RGGB", (600.0,), 15600.0)
    got = denoise_counts(image, found, factor) / (factor or 1)
    plain = Denoiser(bundles.small(), num_threads=1).denoise(
        image, NOISE, shading=found
    )

    def off(denoised):
        return max(
            abs((denoised - counts)[r::2, c::2].mean())
            / (counts[r::2, c::2] - 600.0).mean()
            for r, c in cfa.cell("RGGB")
        )

    assert off(got) < 1e-3 < 5e-3 < off(plain)


@pytest.mark.parametrize(
    "size, shape, message",
    [
        ((17, 9), (16, 24), "not be finer .* map of 17 x 9, a frame of 16 x"),
        ((13, 25), (16, 24), "not be finer than the frame"),
        ((17, 13), (96, 128), "longer side where the frame has its own"),
        ((13, 17), (128, 96), "longer side where the frame has its own"),
        ((120, 160), (128, 160), "each pixel must have the size of the frame"),
    ],
)
def test_a_map_of_another_frame_is_refused(size, shape, message):
    image = RawImage(np.zeros(shape, np.float32), "RGGB", (0.0,), 1.0)
    with pytest.raises(InputError, match=message):
        Frame(image, ShadingMap(np.ones((4, *size), np.float32)))


@pytest.mark.parametrize("size", [(2, 2), (13, 17), (64, 64), (128, 160)])
def test_coarse_maps_and_those_of_each_pixel_are_taken(size):
    image = RawImage(np.zeros((128, 160), np.float32), "RGGB", (0.0,), 1.0)
    Frame(image, ShadingMap(np.ones((4, *size), np.float32)))
