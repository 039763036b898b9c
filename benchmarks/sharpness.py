"""How sharp and how bright are training crops, beside frames of a sensor?

The measure is `D(1) / D(8)` of the structure function (`raw/sharpness.py`):
small where a picture is soft, whatever its contrast. Of frames with noise the
noise's part, `2 (a x + b)`, is taken off first, with `(a, b)` estimated from
the frame; parts of 64 x 64 packed pixels are measured, those without contrast
left out.

Example:

    python benchmarks/sharpness.py --config=configs/imx258.py:shared
    python benchmarks/sharpness.py --config=configs/imx258.py:shared \
        --config.data.blur_share=0.5
    python benchmarks/sharpness.py frames/*.dng
"""

import pathlib

import numpy as np
from absl import app
from absl import flags
from ml_collections import config_flags

from fanet_tf.calibration import single_image
from fanet_tf.files import reader
from fanet_tf.raw import cfa
from fanet_tf.raw import sharpness
from fanet_tf.training.feed import inventory
from fanet_tf.training.feed import pipeline
from fanet_tf.training.feed import schedule

_CONFIG = config_flags.DEFINE_config_file("config", None, "Config file.")
_BATCHES = flags.DEFINE_integer("batches", 40, "Of crops.", lower_bound=1)

_SIDE = inventory.SIDE
_PERCENTILES = (5, 25, 50, 75, 95)


def crops(config):
    """Yields clean training crops of a config."""
    phases = schedule.phases(config.train, config.data)
    bank = pipeline.build_bank(config.data, phases, config.seed)
    count = _BATCHES.value * config.data.batch_size
    return inventory.clean_crops(config.data, bank, _SIDE, config.seed, count)


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
    """Returns a line of the table from `[((D(1), D(8)), mean)]`."""
    structures, mean = zip(*measured, strict=True)
    sharp = sharpness.ratios(structures)
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
        measured = [
            (sharpness.structure(crop), crop.mean())
            for crop in crops(_CONFIG.value)
        ]
        print(row("training crops", measured))
    for path in argv[1:]:
        measured = [
            (sharpness.structure(part, variance), part.mean())
            for part, variance in parts(path)
        ]
        print(row(pathlib.Path(path).name, measured))


if __name__ == "__main__":
    app.run(main)
