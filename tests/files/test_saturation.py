"""White that lies below the tag's, and Quad Bayer that calls itself Bayer."""

import numpy as np
import pytest
import raw_files
import rawpy

from fanet_tf.files import quad_bayer
from fanet_tf.files import reader
from fanet_tf.files import render
from fanet_tf.files import saturation
from fanet_tf.raw import cfa

BLACK, WHITE = 512, 16383


def photons(x, rng, a=2e-4, full=15360, spread=0.0):
    """Counts of a sensor that saturates at `full`, of light `x`."""
    noisy = x + rng.normal(size=x.shape) * np.sqrt(a * x + 1e-6)
    counts = BLACK + (WHITE - BLACK) * noisy
    top = full + spread * rng.normal(size=x.shape)
    return np.rint(np.minimum(counts, top)).astype(np.uint16)


def light(height=120, width=160, lamp=True):
    y, x = np.mgrid[:height, :width]
    values = 0.05 + 0.7 * x / width + 0.0 * y
    if lamp:
        values[20:50, 30:60] = 3.0
    return values


@pytest.mark.parametrize("full", [12000, 13600, 15360, 16300])
@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_a_plateau_is_found(rng, full, spread):
    counts = photons(light(), rng, full=full, spread=spread)
    found = saturation.plateau(counts, BLACK, WHITE)
    assert found == pytest.approx(full, abs=4 * spread)


@pytest.mark.parametrize("a", [2e-5, 2e-4, 2e-3])
@pytest.mark.parametrize("level", [0.5, 0.75, 0.9])
def test_bright_surfaces_are_no_plateau(rng, a, level):
    x = np.minimum(light(lamp=False), level)
    x[:, 80:] = level
    counts = photons(x, rng, a=a, full=65535)
    assert saturation.plateau(counts, BLACK, WHITE) is None


def test_the_tag_is_believed_where_it_is_right(rng):
    counts = photons(light(), rng, full=WHITE)
    assert saturation.plateau(counts, BLACK, WHITE) is None
    hot = photons(light(lamp=False), rng)
    hot[3, 7] = 15360  # A hot pixel is no plateau.
    assert saturation.plateau(hot, BLACK, WHITE) is None


def test_whites_stay_white(tmp_path, rng):
    path = raw_files.camera_dng(
        tmp_path / "a.dng",
        photons(light(), rng),
        black=4 * (BLACK,),
        white=WHITE,
        orientation=1,
    )
    with pytest.warns(UserWarning, match="saturates at 15360, below.* 16383"):
        image = reader.read(path)
    assert image.white_level == 15360
    ratio = (WHITE - BLACK) / (15360 - BLACK)
    a, b = image.noise
    assert a == pytest.approx(4e-4 * ratio)
    assert b == pytest.approx(2e-6 * ratio**2)
    lamp = render.srgb(image)[25:45, 35:55].reshape(-1, 3)
    np.testing.assert_array_equal(lamp, 255)
    with rawpy.imread(str(path)) as raw:
        picture = raw.postprocess(use_camera_wb=True, no_auto_bright=True)
    assert picture[25:45, 35:55].min() > 250  # LibRaw finds it as well.


def mosaic(rng, quad, colour, size=256, noise=0.02):
    """A scene of one tint under either kind of filter."""
    y, x = np.mgrid[:size, :size]
    grey = 0.3 + 0.2 * np.sin(x / 9) * np.cos(y / 13) + 0.2 * (x > y)
    step = 2 if quad else 1
    index = (y // step % 2) + (x // step % 2)
    return grey * np.asarray(colour)[index] + noise * rng.normal(size=x.shape)


@pytest.mark.parametrize("turn", [(0, 0), (1, 0), (0, 1), (1, 1), (2, 1)])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_quad_bayer_is_told_from_bayer(rng, turn, noise):
    colour = 0.5, 1.0, 0.6
    quad = np.roll(mosaic(rng, True, colour, noise=noise), turn, (0, 1))
    assert quad_bayer.is_quad(quad)
    assert not quad_bayer.is_quad(mosaic(rng, False, colour, noise=noise))


def test_grey_is_never_called_quad(rng):
    for quad in (False, True):
        assert not quad_bayer.is_quad(mosaic(rng, quad, (1, 1, 1)))
    slope = np.mgrid[:256, :256].sum(0) / 512
    assert not quad_bayer.is_quad(slope)
    assert not quad_bayer.is_quad(slope[:60, :60])


@pytest.mark.parametrize("pattern", cfa.PATTERNS)
def test_quad_bayer_is_said(tmp_path, rng, pattern):
    counts = 256 + 3000 * np.clip(mosaic(rng, True, (0.5, 1, 0.6)), 0, 1)
    counts = np.rint(counts).astype(np.uint16)
    path = raw_files.camera_dng(tmp_path / "a.dng", counts, pattern)
    with pytest.warns(UserWarning, match="Quad Bayer"):
        reader.read(path)
