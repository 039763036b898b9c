"""DNGs of every layout, coding and metadata keep the laws of denoising."""

import dng_cases
import dng_corpus
import dng_linear
import numpy as np
import pytest
import rawpy
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings

from fanet_tf.denoising import batch
from fanet_tf.denoising import bundle
from fanet_tf.denoising import denoiser
from fanet_tf.denoising import noise_source
from fanet_tf.files import reader
from fanet_tf.files import tiff

# Rounding of the stored counts, of levels in fractions and of half floats.
_ROUNDING = 1e-3


@pytest.fixture(scope="module")
def array():
    return bundle.load(None)


@pytest.fixture(scope="module")
def runner(array):
    return denoiser.Denoiser(array)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("corpus")


def check(case, runner, folder):
    """Denoises one DNG and holds it to the laws."""
    source, target = folder / "in.dng", folder / "out.dng"
    written = dng_corpus.write(source, case)
    image = reader.read(source)
    assert image.pattern == case.pattern and image.active == case.active
    np.testing.assert_allclose(
        image.normalized(), written.noisy, rtol=_ROUNDING, atol=1e-5
    )
    choose = noise_source.chooser(
        runner.bundle, None if case.pairs else "{},{}".format(*case.noise)
    )
    batch.denoise(batch.Task(runner, choose), batch.Job(source, target))
    check_picture(dng_linear.linear(target), written, case)
    kept = tiff.read(target)
    assert kept.order == case.order
    tags = kept.ifds[0].tags
    assert {n: tags[n].data for n in written.kept} == written.kept
    plain = folder / "plain.dng"
    dng_corpus.write(plain, case.plain())
    before, after = developed(plain), developed(target)
    assert after.shape == before.shape
    np.testing.assert_allclose(
        after.mean((0, 1)), before.mean((0, 1)), rtol=0.01
    )


def check_picture(x, written, case):
    scene, noisy = written.scene, written.noisy
    assert x.shape == case.size
    expected = dng_corpus.means(scene, case.pattern)
    # Brightness is measured in blocks; the noise of what they leave out at the
    # edges of tiles counts on a frame as small as this.
    a, b = case.noise
    left_out = 0.5 * np.sqrt((a * expected + b) / (scene.size / 4))
    off = np.abs(dng_corpus.means(x, case.pattern) - expected)
    assert np.all(off < 1e-3 * expected + left_out), off / expected
    assert np.mean((x - scene) ** 2) < np.mean((noisy - scene) ** 2)


def developed(path):
    """Returns LibRaw's picture, upright and linear."""
    with rawpy.imread(str(path)) as raw:
        return raw.postprocess(
            use_camera_wb=True,
            no_auto_bright=True,
            output_bps=16,
            gamma=(1, 1),
            demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR,
        ).astype(np.float64)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(case=dng_cases.cases())
def test_some_dngs_keep_the_laws(case, runner, folder):
    check(case, runner, folder)


@pytest.mark.slow
@settings(
    max_examples=400,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(case=dng_cases.cases())
def test_many_dngs_keep_the_laws(case, runner, folder):
    check(case, runner, folder)
