"""Methods by name, bundle and run."""

import contextlib
import sys
import types

import bundles
import numpy as np
import pytest

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.denoising import macs
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.errors import InputError
from fanet_tf.evaluation import methods
from fanet_tf.metrics import lpips as lpips_lib

PROFILE = profile_lib.load("imx258")


@pytest.mark.parametrize("name", ["identity", "gaussian", "nlm"])
def test_classical_methods_have_rows_and_notes(rng, name):
    method = methods.classical(name)
    noisy = rng.random((16, 24, 4), dtype=np.float32)
    assert method.denoise(noisy, PROFILE.noise(4)).shape == noisy.shape
    assert method.label and method.note and method.gmacs_per_mp is None


def test_the_input_has_the_papers_row_name():
    assert methods.classical("identity").label == "Input"


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match="identity, gaussian, nlm, bm3d"):
        methods.classical("median")


def test_bm3d_without_its_package_says_how_to_get_it():
    try:
        import bm3d  # noqa: F401
    except ImportError:
        with pytest.raises(InputError, match=r"pip install '\.\[bm3d\]'"):
            methods.classical("bm3d")
    else:
        assert methods.classical("bm3d").label == "BM3D"


def test_lpips_without_its_package_says_so():
    try:
        import lpips  # noqa: F401
    except ImportError:
        with pytest.raises(
            lpips_lib.UnavailableError, match=r"pip install '\.\[lpips\]'"
        ):
            lpips_lib.load("alex")
    with pytest.raises(InputError, match="Received: 'squeeze'"):
        lpips_lib.load("squeeze")


def test_a_bundle_runs_as_fanet_denoise_runs_it(rng):
    array = bundles.small()
    method = methods.from_bundle(array.folder, num_threads=1)
    assert f"NSMA (n={len(array.members)})" in method.label
    noisy = rng.random((20, 30, 4), dtype=np.float32)
    for gain in (1, 64, 1):
        noise = PROFILE.noise(gain)
        expected = Denoiser(array, num_threads=1).denoise_packed(
            noisy, (noise.a[0], noise.b[0])
        )
        np.testing.assert_array_equal(method.denoise(noisy, noise), expected)


def test_macs_of_a_flatbuffer_are_its_convolutions():
    """The small bundle's member, counted by hand per packed position."""
    array = bundles.small()
    path = array.members[0].path("float32")
    full = 3 * 3 * 4 * 8 + 3 * 3 * 16 * 4  # first, last
    half = 2 * 2 * 8 * 8 + 3 * 3 * 8 * 32  # pool, deep, at a quarter
    per_position = full + half / 4  # The 5 x 5 mean is a fixed kernel: 0.
    np.testing.assert_allclose(
        macs.gmacs_per_mp(path), per_position * 250_000 / 1e9, rtol=1e-9
    )


def test_lpips_without_its_weights_says_so(monkeypatch):
    def refuse(**arguments):
        assert arguments == {"net": "vgg", "verbose": False}
        raise OSError("no route to host")

    monkeypatch.setitem(
        sys.modules, "lpips", types.SimpleNamespace(LPIPS=refuse)
    )
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    with pytest.raises(lpips_lib.UnavailableError, match="weights of vgg"):
        lpips_lib.load("vgg")


def test_lpips_is_asked_in_its_own_range(rng, monkeypatch):
    """NCHW in -1..1, with stand-ins for the package and torch."""
    seen = []

    class Model:
        def __init__(self, **arguments):
            pass

        def eval(self):
            return self

        def __call__(self, image, reference):
            seen.append((image, reference))
            return np.array([0.25])

    torch = types.SimpleNamespace(
        no_grad=contextlib.nullcontext, from_numpy=lambda array: array
    )
    monkeypatch.setitem(
        sys.modules, "lpips", types.SimpleNamespace(LPIPS=Model)
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    image, reference = rng.random((2, 8, 12, 3))
    assert lpips_lib.load()(image, reference) == 0.25
    ((got, expected),) = seen
    assert got.shape == (1, 3, 8, 12) and got.dtype == np.float32
    np.testing.assert_allclose(got[0, 2], 2 * image[..., 2] - 1, atol=1e-6)
    np.testing.assert_allclose(
        expected[0, 0], 2 * reference[..., 0] - 1, atol=1e-6
    )
