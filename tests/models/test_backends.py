"""The same networks under Keras's second backend."""

import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from helpers import ROOT
from helpers import randomise

from fanet_tf import models

# What both processes build: every layer is in one of these.
NETWORKS = {
    "fan": {
        "name": "unet",
        "widths": (8, 8, 16),
        "mid_blocks": 1,
        "fa_hidden": 4,
    },
    "bands": {
        "name": "unet",
        "widths": (8, 16),
        "detail_cells": (2,),
        "fa_input": "detail",
    },
    "wavelet": {
        "name": "unet",
        "widths": (8, 8, 16),
        "feature_align": False,
        "downsampling": "haar",
        "upsampling": "haar",
        "transform": "ksigma",
    },
    "fan_gate": {"name": "gated", "widths": (4, 8)},
    "fan_half": {
        "name": "gated",
        "widths": (8, 8),
        "stem_stride": 2,
        "middle": "light align",
    },
    "pmrid": {
        "name": "pmrid",
        "stem_width": 4,
        "widths": (8, 8),
        "blocks": 1,
        "decoder_widths": (8, 4),
    },
    "teacher": {"name": "upi", "base_width": 4, "levels": 2},
}


def inputs(dtype="float32"):
    rng = np.random.default_rng(0)
    one = np.ones((2, 1, 1, 1), dtype)
    return {
        "noisy": rng.random((2, 16, 24, 4)).astype(dtype),
        "scale": 300 * one,
        "offset": 3 * one,
    }


def write(folder):
    """Runs in the process of the other backend."""
    assert keras.backend.backend() == "jax", keras.backend.backend()
    for name, sizes in NETWORKS.items():
        member = models.build(height=16, width=24, **sizes)
        randomise(member)
        member.save(f"{folder}/{name}.keras")
        member.save_weights(f"{folder}/{name}.weights.h5")
        denoised = keras.ops.convert_to_numpy(member(inputs()))
        np.save(f"{folder}/{name}.npy", denoised)


def jax(code):
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), str(ROOT / "tests"), str(pathlib.Path(__file__).parent)]
        ),
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
    )


def test_weights_written_under_jax_agree_under_tensorflow(tmp_path):
    result = jax(
        f"import test_backends; test_backends.write({str(tmp_path)!r})"
    )
    assert result.returncode == 0, result.stderr
    assert keras.backend.backend() == "tensorflow"
    for name, sizes in NETWORKS.items():
        expected = np.load(tmp_path / f"{name}.npy")
        limit = 1e-4 * max(np.ptp(expected), 1.0)
        member = models.build(height=16, width=24, **sizes)
        member.load_weights(tmp_path / f"{name}.weights.h5")
        np.testing.assert_allclose(
            member(inputs()), expected, atol=limit, err_msg=name
        )
        saved = keras.models.load_model(tmp_path / f"{name}.keras")
        np.testing.assert_allclose(
            saved(inputs()), expected, atol=limit, err_msg=name
        )


@pytest.mark.slow
def test_layers_keep_their_laws_under_jax():
    """`test_layers.py` as it is, mixed precision included."""
    result = jax(
        "import sys, pytest; sys.exit(pytest.main(['-q', '-p', "
        "'no:cacheprovider', 'tests/layers/test_layers.py']))"
    )
    assert result.returncode == 0, result.stdout[-3000:]
