"""How bright a frame is, and which member it gets for it."""

import bundles
import numpy as np
import pytest

from fanet_tf import nsma
from fanet_tf.denoising import signal
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.denoising.frame import Frame
from fanet_tf.files.raw_image import RawImage
from fanet_tf.raw import cfa
from fanet_tf.raw.shading import ShadingMap

NOISE = (8.4e-4, 1.6e-6)
BLACK = (60.0, 64.0, 66.0, 70.0)


def packed_frame(shape=(96, 128), stops=0, noise=NOISE):
    rng = np.random.default_rng(3)
    clean = rng.uniform(0.0, 0.3, (*shape, 4)) / 2**stops
    a, b = noise
    noisy = clean + np.sqrt(a * clean + b) * rng.standard_normal(clean.shape)
    return clean, np.float32(noisy)


def image_of(packed, pattern="RGGB", **fields):
    """The frame in counts of its four levels of black, not rounded."""
    counts = packed * (1023 - np.float32(BLACK)) + np.float32(BLACK)
    mosaic = cfa.unpack(counts[None], pattern)[0, :, :, 0]
    return RawImage(np.float32(mosaic), pattern, BLACK, 1023.0, **fields)


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_it_is_the_root_mean_square_of_every_eighth_cell(pattern):
    clean, noisy = packed_frame((801, 801))
    found = signal.measure(Frame(image_of(noisy, pattern)), *NOISE)
    assert found == pytest.approx(signal.of_packed(noisy, *NOISE), rel=1e-5)
    # The noise of 40,000 pixels is left of it.
    assert found == pytest.approx(np.sqrt(np.mean(clean**2)), rel=0.01)


def test_a_shaded_frame_has_the_signal_from_before():
    _, noisy = packed_frame(stops=2)
    gains = np.float32(np.linspace(1.0, 3.0, 4 * 9 * 13)).reshape(4, 9, 13)
    shading = ShadingMap(gains)
    plain = Frame(image_of(noisy))
    rows, columns = (np.arange(n) for n in plain.mosaic.shape)
    factor = np.empty(plain.mosaic.shape, np.float32)
    for plane, (row, column) in enumerate(cfa.cell("RGGB")):
        factor[row::2, column::2] = shading.grid(
            plane, rows[row::2], columns[column::2], factor.shape
        )
    values = (plain.mosaic - _levels(plain)) * factor + _levels(plain)
    shaded = RawImage(values, "RGGB", BLACK, 1023.0)
    found = signal.measure(Frame(shaded, shading), *NOISE)
    assert found == pytest.approx(signal.measure(plain, *NOISE), rel=1e-4)
    assert signal.measure(Frame(shaded), *NOISE) > 1.2 * found


def _levels(frame):
    """The black level of each pixel."""
    levels = np.empty(frame.mosaic.shape, np.float32)
    for plane, (row, column) in enumerate(frame.places):
        levels[row::2, column::2] = frame.black[plane]
    return levels


def test_a_black_frame_has_the_least_and_a_line_the_most():
    black = image_of(np.zeros((20, 20, 4), np.float32))
    assert signal.measure(Frame(black), *NOISE) == nsma.LEAST_SIGNAL
    line = RawImage(np.full((1, 40), 64.0, np.float32), "RGGB", BLACK, 1023.0)
    assert signal.measure(Frame(line), *NOISE) == nsma.MOST_SIGNAL


def test_a_dark_frame_gets_the_member_of_the_gain_it_looks_like():
    """The border of this array lies at gain 8."""
    by_a = Denoiser(bundles.small())
    by_signal = Denoiser(bundles.small(reference_signal=0.17))
    for gain, stops, plain, chosen in (
        (4, 0, 0, 0),
        (4, 4, 0, 1),
        (16, 0, 1, 1),
        (16, 4, 1, 1),
        (7, 0, 0, 0),
        (7, 1, 0, 1),
    ):
        noise = (2.1e-4 * gain, 8e-8 * gain**2)
        _, noisy = packed_frame(stops=stops, noise=noise)
        frame = Frame(image_of(noisy))
        assert by_a.member_for(frame, noise).index == plain
        assert by_signal.member_for(frame, noise).index == chosen


def test_the_frame_is_denoised_by_that_member():
    array = bundles.small(reference_signal=0.17)
    _, noisy = packed_frame(stops=4)
    denoiser = Denoiser(array)
    assert denoiser.member is None
    found = denoiser.denoise_packed(noisy, NOISE)
    assert denoiser.member is array.members[1]
    other = Denoiser(bundles.small()).denoise_packed(noisy, NOISE)
    assert np.abs(found - other).max() > 1e-4
