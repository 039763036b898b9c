"""What changes at a gain where one member of an array gives way to the next.

Both members that share a border denoise the same noisy photographs at the gain
at which each lies on it. A user who turns the gain up by a hair must not see
which one worked.

    number, gain   photographs that do so within the sensor's gains; the median
    below, above   dB of RAW PSNR, of the member of lower and of higher gains
    rms            difference of their outputs, deviations of the noise
    8 x 8          the same of means over 8 x 8 packed pixels, where texture
                   hides nothing
    picture        difference of the rendered pictures' mean colour, of 255
                   levels, largest of all photographs and channels

Example:

    python benchmarks/array_borders.py --photographs=data/photos/cid22_val
"""

import numpy as np
import same_scenes
from absl import app
from absl import flags

from fanet_tf.calibration import profile as profile_lib
from fanet_tf.data import captures
from fanet_tf.denoising import bundle
from fanet_tf.denoising import signal
from fanet_tf.denoising.denoiser import Denoiser
from fanet_tf.metrics.psnr import psnr
from fanet_tf.raw import ksigma

_BUNDLE = flags.DEFINE_string("bundle", None, "Default: the shipped array.")
_RECIPE = flags.DEFINE_string("recipe", "float16", "Number formats.")
_PHOTOGRAPHS = flags.DEFINE_string(
    "photographs", "held_back", "A folder; default: three of scikit-image."
)
_LIMIT = flags.DEFINE_integer("limit", 12, "Photographs.", lower_bound=1)
_SIZE = flags.DEFINE_integer("size", 288, "Of the centre crops, pixels.")


def _gain(array, law, border, clean):
    """Returns the gain at which a scene lies on a border."""
    if array.reference_signal:
        border *= signal.of_packed(clean, 0.0, 0.0) / array.reference_signal
    return float(law.gain(border))


def _coarse(packed):
    """Returns the means over 8 x 8 packed pixels."""
    rows, columns = (side // 8 for side in packed.shape[:2])
    cells = packed[: 8 * rows, : 8 * columns]
    return cells.reshape(rows, 8, columns, 8, 4).mean((1, 3))


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def _compare(capture, denoisers):
    """Returns the figures of one photograph, in the order of the table."""
    outputs = same_scenes.denoised(capture, denoisers)
    scale, offset = ksigma.scale_offset(capture.noise)
    deviation = ksigma.deviation(
        ksigma.ksigma(capture.clean, scale[0], offset[0])
    )
    step = (outputs[1] - outputs[0]) * scale[0] / deviation
    pictures = [255 * capture.colour.render(x) for x in outputs]
    colours = [picture.mean((0, 1)) for picture in pictures]
    return [
        *(psnr(output, capture.clean) for output in outputs),
        _rms(step),
        _rms(_coarse(step)),
        np.abs(colours[1] - colours[0]).max(),
    ]


def main(_):
    """Prints a row for each border and kind of scenes."""
    array, law = bundle.load(_BUNDLE.value), profile_lib.load("imx258")
    print(
        f"{'members':>7} {'scenes':12} {'number':>6} {'gain':>6} {'below':>6} "
        f"{'above':>6} {'rms':>6} {'8 x 8':>6} {'picture':>7}"
    )
    scenes = same_scenes.by_kind(_PHOTOGRAPHS.value, _LIMIT.value, _SIZE.value)
    for index, border in enumerate(array.edges[1:-1]):
        denoisers = [
            Denoiser(array.alone(member), _RECIPE.value, own_tile=True)
            for member in (index, index + 1)
        ]
        for kind, of_kind in scenes.items():
            gains, figures = [], []
            for scene in of_kind:
                gain = _gain(array, law, border, scene.clean)
                # The sensor has no other.
                if law.gain_range[0] <= gain <= law.gain_range[1]:
                    gains.append(gain)
                    capture = captures.draw(scene, gain, law)
                    figures.append(_compare(capture, denoisers))
            if not gains:
                continue
            below, above, rms, coarse, _ = np.mean(figures, 0)
            print(
                f"{index}, {index + 1:4} {kind:12} {len(gains):6} "
                f"{np.median(gains):6.2f} {below:6.2f} {above:6.2f} "
                f"{rms:6.3f} {coarse:6.3f} {np.max(figures, 0)[4]:7.2f}",
                flush=True,
            )


if __name__ == "__main__":
    app.run(main)
