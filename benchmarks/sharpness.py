"""How sharp and how bright are training crops, beside frames of a sensor?

    D(k) = mean of (x[i + k] - x[i])^2, along rows and columns of one plane

`D(1) / D(8)` is small where a picture is soft, whatever its contrast. Of frames
with noise the noise's part, `2 (a x + b)`, is taken off first, with `(a, b)`
estimated from the frame; parts of 64 x 64 packed pixels are measured, those
without contrast left out.

Example:

    python benchmarks/sharpness.py --config=configs/imx258.py:shared
    python benchmarks/sharpness.py --config=configs/imx258.py:shared \
        --config.data.blur_share=0.5
    python benchmarks/sharpness.py frames/*.dng
"""

import pathlib

import numpy as np
import tensorflow as tf
from absl import app
from absl import flags
from ml_collections import config_flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.calibration import single_image
from fanet_tf.data import camera as camera_lib
from fanet_tf.files import reader
from fanet_tf.raw import cfa
from fanet_tf.training.feed import bank as bank_lib
from fanet_tf.training.feed import optics
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule
from fanet_tf.training.feed import stream
from fanet_tf.training.feed import synthesis

_CONFIG = config_flags.DEFINE_config_file("config", None, "Config file.")
_BATCHES = flags.DEFINE_integer("batches", 40, "Of crops.", lower_bound=1)

_SIDE = 64
_LAGS = (1, 8)
_PERCENTILES = (5, 25, 50, 75, 95)
# A part whose D(8) is less than this is flat: the ratio says nothing.
_FLAT = 1e-5


def structure(part, variance=0.0) -> list[float]:
    """Returns D at `_LAGS`, means over planes and directions.

    Args:
        part: `[h, w, 4]`.
        variance: of the noise in it, mean.
    """
    found = []
    for lag in _LAGS:
        differences = (
            part[lag:] - part[:-lag],
            part[:, lag:] - part[:, :-lag],
        )
        squared = np.mean([np.mean(np.square(d)) for d in differences])
        found.append(max(squared - 2 * variance, 0.0))
    return found


def crops(config):
    """Yields clean training crops of a config."""
    phases = schedule.phases(config.train, config.data)
    bank = pipeline.build_bank(config.data, phases, config.seed)
    if not isinstance(bank, bank_lib.Bank):
        mixture = stream.Mixture(
            bank,
            config.data.weights,
            config.data.batch_size,
            _SIDE,
            config.seed,
            block=1,
        )
        for step in range(_BATCHES.value):
            yield from mixture.block(step)
        return
    profile = profile_lib.load(config.data.profile)
    drawn = synthesis.Synthesis(
        bank,
        camera_lib.get(config.data.camera),
        profile,
        tuple(float(profile.a(g)) for g in profile.gain_range),
        config.data.read_noise_law,
        config.data.batch_size,
        2 * _SIDE,
        config.seed,
        optics=optics.of(config.data),
    )
    for step in range(_BATCHES.value):
        yield from drawn.batch(tf.constant(step, tf.int64))[1].numpy()


def parts(path):
    """Yields `(part, variance of its noise)` of a RAW file."""
    image = reader.read(path)
    mosaic = image.normalized()[None, :, :, None]
    planes = cfa.pack(cfa.to_rggb(mosaic, image.pattern))[0]
    noise, _ = single_image.estimate(planes)
    a, b = (float(np.ravel(n)[0]) for n in noise)
    for top in range(0, planes.shape[0] - _SIDE + 1, _SIDE):
        for left in range(0, planes.shape[1] - _SIDE + 1, _SIDE):
            part = planes[top : top + _SIDE, left : left + _SIDE]
            yield part, a * max(float(part.mean()), 0.0) + b


def row(name, measured):
    """Returns a line of the table from `[(D(1), D(8), mean)]`."""
    near, far, mean = np.array(measured).T
    sharp = (near / np.maximum(far, _FLAT))[far > _FLAT]
    cells = [
        " ".join(f"{v:.3f}" for v in np.percentile(values, _PERCENTILES))
        if len(values)
        else "-"
        for values in (sharp, mean)
    ]
    return f"| {name} | {len(measured)} | {len(sharp)} | {' | '.join(cells)} |"


def main(argv):
    """Prints the table."""
    heading = " ".join(f"{p} %" for p in _PERCENTILES)
    print(f"| of | parts | with contrast | D(1)/D(8): {heading} | mean |")
    print("| --- | --- | --- | --- | --- |")
    if _CONFIG.value is not None:
        measured = [(*structure(c), c.mean()) for c in crops(_CONFIG.value)]
        print(row("training crops", measured))
    for path in argv[1:]:
        measured = [(*structure(p, v), p.mean()) for p, v in parts(path)]
        print(row(pathlib.Path(path).name, measured))


if __name__ == "__main__":
    app.run(main)
