"""Whole frames through members that the export really makes."""

import re
import subprocess
import sys

import bundles
import numpy as np
import pytest
import raw_files
from bundles import denoise_whole

from fanet_tf.denoising import denoiser as denoiser_lib
from fanet_tf.denoising import tile_choice
from fanet_tf.files import dng
from fanet_tf.raw import cfa

NOISE = (2e-3, 3e-6)
RECIPES = ("float32", "dynamic_wi8_afp32")

pytestmark = pytest.mark.slow


class Exported:
    """An untrained Feature-Align network, exported as a bundle of one."""

    def __init__(self, folder, tile, **sizes):
        import keras

        from fanet_tf import config as config_lib
        from fanet_tf import models
        from fanet_tf.models import receptive
        from fanet_tf.training import members

        self.config = config_lib.default_config("fan")
        with self.config.unlocked():
            self.config.model.update(sizes)
        keras.utils.set_random_seed(0)
        stride = models.stride(**self.config.model.to_dict())
        self.member = members.build(self.config.model, tile, tile)
        # The last layer starts at zero; this network must do something.
        rng = np.random.default_rng(0)
        for weight in self.member.trainable_weights:
            if not np.any(np.asarray(weight)):
                weight.assign(rng.normal(0, 0.05, weight.shape))

        def core(height, width):
            return members.build(
                self.config.model, height, width, group_form="native"
            ).get_layer("core")

        halo = receptive.halo(receptive.radius(core, stride), stride)
        self.array = bundles.write(
            folder,
            [{name: self.convert(name, tile, tile) for name in RECIPES}],
            (tile, tile),
            halo=halo,
            stride=stride,
        )

    def convert(self, recipe, height, width):
        from export.flatbuffer import convert
        from export.member import context
        from export.member import recipes

        model = self.config.model.to_dict()
        made = context.ExportContext(
            lambda *size: convert.static_member(self.member, model, *size),
            (height, width),
            model["transform"],
        )
        return recipes.get(recipe).convert(made)

    def whole(self, folder, recipe, mosaic, pattern):
        """Denoises in one run, by a flatbuffer made for the whole frame."""

        def run(packed, scale, offset):
            path = folder / "whole.tflite"
            path.write_bytes(self.convert(recipe, *packed.shape[:2]))
            return bundles.whole(path, packed, scale, offset)

        return denoise_whole(self.array, recipe, mosaic, pattern, NOISE, run)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two levels, 96 packed pixels a tile."""
    folder = tmp_path_factory.mktemp("small") / "bundle"
    return Exported(folder, 96, widths=(8, 16), mid_blocks=1, detail_cells=())


def take_tile(monkeypatch, place):
    """Takes not the best tile but one by its place, 0..1, among all sizes."""
    monkeypatch.setattr(
        tile_choice, "best", lambda found: found[int(place * (len(found) - 1))]
    )


def frame(seed, shape):
    """A noisy mosaic with shot noise and some of it below black."""
    rng = np.random.default_rng(seed)
    clean = np.linspace(0, 0.9, shape[1])[None, :] * np.ones((shape[0], 1))
    noise = np.sqrt(NOISE[0] * clean + NOISE[1]) * rng.normal(size=shape)
    return (clean + noise).clip(-0.02, 0.999).astype(np.float32)


@pytest.mark.parametrize("seed", range(16))
def test_tiles_equal_the_whole_frame(small, seed, monkeypatch, tmp_path):
    take_tile(monkeypatch, seed / 16)
    rng = np.random.default_rng(seed)
    shapes = [(1, 1), (1, 600), (600, 1), (600, 600), (191, 193), (2, 3)]
    shape = shapes[seed] if seed < 6 else tuple(rng.integers(1, 601, 2))
    pattern = cfa.PATTERNS[seed % 4]
    mosaic = frame(seed, shape)
    denoiser = denoiser_lib.Denoiser(small.array)
    tiled = denoiser.denoise_mosaic(mosaic, pattern, NOISE)
    whole = small.whole(tmp_path, "float32", mosaic, pattern)
    assert not np.array_equal(tiled, mosaic)  # It does something.
    np.testing.assert_allclose(tiled, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("place", [0.1, 0.4, 0.7])
def test_the_largest_seam_of_a_dynamic_range_member(
    small, place, monkeypatch, tmp_path
):
    take_tile(monkeypatch, place)
    mosaic = frame(0, (600, 600))
    recipe = RECIPES[1]
    denoiser = denoiser_lib.Denoiser(small.array, recipe)
    tiled = denoiser.denoise_mosaic(mosaic, "RGGB", NOISE)
    whole = small.whole(tmp_path, recipe, mosaic, "RGGB")
    difference = np.abs(tiled - whole)
    print(
        f"dynamic range: tiles of {denoiser.tile.height} x "
        f"{denoiser.tile.width} differ from the whole frame by at most "
        f"{difference.max():.2e}, rms {difference.std():.2e}; the noise's "
        f"deviation is {np.sqrt(NOISE[0] * 0.45):.2e}"
    )
    assert difference.max() < np.sqrt(NOISE[0] * 0.45)


_MEASURE = """
import sys, time
from absl import flags
from fanet_tf.cli import denoise

def status(name):
    for line in open("/proc/self/status"):
        if line.startswith(name):
            return int(line.split()[1]) / 1000

idle = status("VmRSS")
flags.FLAGS(["fanet-denoise", *sys.argv[1:]])
start = time.perf_counter()
denoise.main([a for a in sys.argv[1:] if not a.startswith("--")])
print(f"idle {idle:.0f} peak {status('VmHWM'):.0f} MB "
      f"{time.perf_counter() - start:.1f} s")
"""


def test_a_frame_of_13_megapixels_takes_at_most_400_mb(tmp_path):
    mosaic = raw_files.scene(3120, 4208, black=64, white=1023)
    image = dng.synthetic((mosaic - 64.0) / 959, (1e-3, 1e-5), gain=5)
    dng.write(tmp_path / "in.dng", image)
    output = subprocess.run(
        [
            *(sys.executable, "-c", _MEASURE),
            *(tmp_path / "in.dng", tmp_path / "out.dng"),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    print(output)
    found = re.search(r"idle (\d+) peak (\d+) MB", output)
    idle, peak = map(int, found.groups())
    assert peak - idle <= 400
