"""A real noisy frame: flat patches of a ColorChecker get quieter."""

import bundles
import numpy as np
import pytest
import raw_files

from fanet_tf.denoising import bundle
from fanet_tf.denoising import denoiser as denoiser_lib
from fanet_tf.errors import InputError
from fanet_tf.files import reader
from fanet_tf.raw import cfa

# Centres of the patches in packed pixels of the active area, and what of each
# side of them is surely inside.
COLUMNS = (354, 411, 461, 516, 572, 625)
ROWS = (311, 361, 410, 464)
HALF = 14


def deviations(mosaic):
    """Returns `[24, 4]`: of each patch and plane, after a quadratic fit."""
    packed = cfa.pack(mosaic[None, :, :, None])[0]
    y, x = np.mgrid[-HALF : HALF + 1, -HALF : HALF + 1].reshape(2, -1) / HALF
    design = np.stack([x**0, x, y, x * y, x**2, y**2], axis=1)
    found = []
    for row in ROWS:
        for column in COLUMNS:
            patch = packed[
                row - HALF : row + HALF + 1, column - HALF : column + HALF + 1
            ].reshape(-1, 4)
            fit = design @ np.linalg.lstsq(design, patch, rcond=None)[0]
            found.append((patch - fit).std(axis=0))
    return np.array(found)


@pytest.fixture(scope="module")
def image():
    return reader.read(raw_files.shared("raw/colorchart.dng"))


def improvement(array, image):
    """Returns dB of each plane, over the patches."""
    noisy = image.normalized()
    denoised = denoiser_lib.Denoiser(array).denoise_mosaic(
        noisy, image.pattern, (4e-4, 2e-6)
    )
    before, after = deviations(noisy), deviations(denoised)
    return 20 * np.log10(
        np.sqrt((before**2).mean(0)) / np.sqrt((after**2).mean(0))
    )


def test_the_patches_are_flat(image):
    """A blur of 5 x 5 must gain nearly all of its 14 dB there."""
    decibels = improvement(bundles.small(branch=0.0), image)
    assert np.all(decibels > 10), decibels


@pytest.mark.slow
def test_the_shipped_array_gains_4_db(image):
    try:
        array = bundle.load()
    except InputError as error:
        pytest.skip(str(error))
    decibels = improvement(array, image)
    print("R, Gr, Gb, B:", np.round(decibels, 2), "dB")
    assert np.all(decibels >= 4), decibels
