"""The mean of each plane stays, and nothing else changes."""

import bundles
import cv2
import numpy as np
import pytest

from fanet_tf.denoising import brightness
from fanet_tf.denoising import denoiser as denoiser_lib
from fanet_tf.denoising.bundle import Tile
from fanet_tf.denoising.frame import Frame
from fanet_tf.denoising.frame import Output
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa

A, B = 3.4e-3, 2e-5
UNCLIPPED = [-np.inf] * 4


def frame(rng, low=0.02, high=0.6):
    """A ramp, noisy and denoised perfectly but for a shift of each plane."""
    clean = np.linspace(low, high, 200)[None, :, None] * np.ones((160, 1, 4))
    deviation = np.sqrt(A * clean + B)
    noisy = clean + deviation * rng.normal(size=clean.shape)
    return clean, noisy, deviation


def test_a_shift_in_the_stabilised_domain_is_undone(rng):
    clean, noisy, deviation = frame(rng)
    shifts = np.array([-0.05, 0.02, 0.0, 0.1])
    means = brightness.Brightness(A, B, UNCLIPPED)
    means.see(noisy)
    means.compare(clean + shifts * deviation)
    np.testing.assert_allclose(means.shifts(), -shifts, atol=0.02)
    for plane in range(4):
        x = (clean + shifts * deviation)[..., plane]
        restored = means.restore(x, plane)
        assert abs(restored.mean() / noisy[..., plane].mean() - 1) < 1e-3


def test_noise_that_was_left_is_not_amplified(rng):
    clean, noisy, _ = frame(rng, 0.1, 0.1)
    denoised = clean + 0.5 * (noisy - clean)
    means = brightness.Brightness(A, B, UNCLIPPED)
    means.see(noisy)
    means.compare(denoised)
    restored = means.restore(denoised[..., 0], 0)
    assert restored.std() == pytest.approx(denoised[..., 0].std(), rel=1e-2)


def test_the_mean_of_clipped_noise_is_not_put_back(rng):
    """Noise cut off at black is brighter than black; a member knows that."""
    clean, noisy, _ = frame(rng, 0.0, 0.3)
    means = brightness.Brightness(A, B, [0.0] * 4)
    means.see(np.clip(noisy, 0.0, None))
    means.compare(clean)
    assert np.all(np.abs(means.shifts()) < 0.02)


def test_saturated_values_stay_and_no_other_becomes_saturated(rng):
    clean, noisy, deviation = frame(rng)
    means = brightness.Brightness(A, B, UNCLIPPED)
    means.see(noisy)
    means.compare(clean - 0.1 * deviation)
    x = np.array([0.5, 0.999, 1.0, 1.3])
    restored = means.restore(x, 0)
    assert restored[0] > 0.5
    np.testing.assert_array_equal(restored[1:], [1.0, 1.0, 1.3])


def test_too_small_a_frame_is_left_alone(rng):
    means = brightness.Brightness(A, B, UNCLIPPED)
    means.see(np.ones((8, 8, 4)))
    means.compare(np.zeros((8, 8, 4)))
    np.testing.assert_array_equal(means.shifts(), 0.0)


def test_clipping_is_seen_in_the_plane_that_has_it(rng):
    mosaic = rng.normal(size=(40, 60))
    mosaic[0::2, 0::2] = np.maximum(mosaic[0::2, 0::2], -0.5)
    floors = brightness.floor_of(mosaic, cfa.cell("RGGB"))
    assert floors == [-0.5, -np.inf, -np.inf, -np.inf]


@pytest.mark.parametrize("factor", [None, 16])
def test_a_member_that_shifts_the_mean_is_set_right(rng, factor):
    """The test's member adds its branch: several per cent."""
    clean = np.array([0.2, 0.3, 0.32, 0.15])
    packed = clean + 0.05 * np.sin(np.arange(120) / 9)[:, None, None]
    packed = np.broadcast_to(packed, (120, 140, 4))
    noisy = packed + np.sqrt(A * packed + B) * rng.normal(size=packed.shape)
    mosaic = cfa.unpack(noisy[None], "GBRG")[0, :, :, 0]
    counts = np.rint(64 + 4000 * mosaic).astype(np.uint16)
    image = RawImage(counts, "GBRG", (64.0,), 4064.0)
    array = bundles.small(branch=0.02)
    denoiser, image_frame = denoiser_lib.Denoiser(array), Frame(image)
    means = image_frame.brightness(A, B)
    output = Output(image_frame, factor)
    for part in denoiser.parts(image_frame, (A, B)):
        output.put(part.denoised, part.place)
    output.measure(means)
    changed = output.mosaic.copy()
    output.restore(means)
    kept = output.mosaic
    if factor is None:
        for keep_mean, expected in ((True, kept), (False, changed)):
            got = denoiser.denoise(image, (A, B), keep_mean=keep_mean)
            np.testing.assert_array_equal(got, expected)

    def off(denoised):
        x = denoised / (factor or 1) - 64.0
        return [
            abs(x[r::2, c::2].mean() / (counts[r::2, c::2] - 64.0).mean() - 1)
            for r, c in cfa.cell("GBRG")
        ]

    assert max(off(changed)) > 5e-3
    assert max(off(kept)) < 1e-3


def test_it_does_not_depend_on_the_tiles(rng):
    """A blur is the same whatever the tiles, and so is what it takes."""
    y, x = np.mgrid[:203, :301]
    clean = 0.05 + 0.2 * np.sin(x / 20) ** 2 * np.cos(y / 15) ** 2
    noisy = clean + np.sqrt(A * clean + B) * rng.normal(size=clean.shape)
    counts = np.rint(64 + 4000 * noisy).astype(np.uint16)
    frame = Frame(RawImage(counts, "GRBG", (64.0,), 4064.0))
    shifts = []
    for height, width in ((24, 40), (34, 26), (60, 90)):
        tile = Tile(height=height, width=width, halo=8, stride=2)
        output, means = Output(frame), frame.brightness(A, B)
        for place in frame.grid(tile):
            seen = cv2.blur(frame.cut(place, tile), (9, 9))
            output.put(place.kept(seen) * 0.99, place)
        output.measure(means)
        shifts.append(means.shifts())
    assert np.abs(shifts[0]).min() > 0.01
    np.testing.assert_allclose(shifts[1:], 2 * shifts[:1], atol=1e-6)
