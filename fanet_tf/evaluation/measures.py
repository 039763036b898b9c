"""What an evaluation measures: names, columns, definitions, functions.

One table: whatever prints, stores or draws a figure takes its name, heading and
format from `MEASURES`.
"""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from fanet_tf.data.captures import Capture
from fanet_tf.evaluation import regions
from fanet_tf.metrics import psnr as psnr_lib
from fanet_tf.metrics import ssim as ssim_lib


class Reference:
    """A clean frame with all that is computed from it once.

    Args:
        capture: whose clean frame it is.

    Attributes:
        raw: `[h, w, 4]` packed RAW in 0..1.
        rgb: `[2h, 2w, 3]` sRGB in 0..1, after the minimal ISP.
        valid: `[h, w]` bool, pixels that count, or None for all.
        valid_rgb: the same for `rgb`.
    """

    def __init__(self, capture: Capture):
        self.raw = np.clip(capture.clean, 0.0, 1.0)
        self.rgb = capture.colour.render(self.raw)
        self.valid = self.valid_rgb = capture.valid
        if capture.valid is not None:
            self.valid_rgb = capture.valid.repeat(2, axis=0).repeat(2, axis=1)

    @functools.cached_property
    def dark(self) -> np.ndarray:
        """`[h, w]` bool, see `regions.dark`."""
        return regions.dark(self.raw, self.valid)

    @functools.cached_property
    def flat(self) -> np.ndarray:
        """`[h, w]` bool, see `regions.flat`."""
        return regions.flat(self.raw, self.valid)


@dataclasses.dataclass(frozen=True)
class Measure:
    """One figure of a method.

    Attributes:
        key: its name in the JSON.
        definition: what it is, for the JSON and the page.
        heading: of its column, as in the paper's tables; empty: JSON only.
        form: how a cell shows it.
        of: `f(raw, rgb, reference)` of one denoised frame; None: not a
            figure of the picture.
        best: picks the best of several, `max` or `min`; None: neither.
    """

    key: str
    definition: str
    heading: str = ""
    form: str = "{:.3f}"
    of: Callable[[np.ndarray, np.ndarray, Reference], float] | None = None
    best: Callable | None = max

    def cell(self, value: float | None) -> str:
        """Returns how a table shows a value; none is "-"."""
        return "-" if value is None else self.form.format(value)


LPIPS = Measure(
    "rgb_lpips",
    "LPIPS v0.1 on sRGB after the minimal ISP; null where the optional"
    " package or its weights are missing; lower is better",
    "RGB LPIPS",
    "{:.5f}",
    best=min,
)
GMACS = Measure(
    "gmacs_per_mp",
    "1e9 multiply-accumulates per RAW megapixel, convolutions only; null"
    " for classical methods",
    "GMACs/MP",
    "{:.4f}",
    best=None,
)
TIME = Measure(
    "ms_per_mp",
    "median milliseconds per RAW megapixel (1e6 mosaic pixels) on the"
    " machine of this run",
    "ms/MP",
    "{:.0f}",
    best=None,
)
MEASURES = (
    Measure(
        "raw_psnr",
        "dB; packed RAW clipped to 0..1, data range 1, one mean squared error"
        " over all four planes",
        "RAW PSNR",
        of=lambda raw, rgb, ref: psnr_lib.psnr(raw, ref.raw, ref.valid),
    ),
    Measure(
        "raw_ssim",
        "packed RAW clipped to 0..1, data range 1, Gaussian window 11 x 11 of"
        " deviation 1.5, population variances, mean of the four planes",
        "RAW SSIM",
        "{:.5f}",
        of=lambda raw, rgb, ref: ssim_lib.ssim(raw, ref.raw, ref.valid),
    ),
    Measure(
        "raw_psnr_dark",
        "as raw_psnr, over the darkest quarter of the clean frame",
        of=lambda raw, rgb, ref: psnr_lib.psnr(raw, ref.raw, ref.dark),
    ),
    Measure(
        "raw_psnr_flat",
        "as raw_psnr, over the flatter half of the clean frame: variance of its"
        " square root in windows of 7 x 7",
        of=lambda raw, rgb, ref: psnr_lib.psnr(raw, ref.raw, ref.flat),
    ),
    Measure(
        "rgb_psnr",
        "as raw_psnr, on sRGB after the minimal ISP, three channels",
        "RGB PSNR",
        of=lambda raw, rgb, ref: psnr_lib.psnr(rgb, ref.rgb, ref.valid_rgb),
    ),
    Measure(
        "rgb_ssim",
        "as raw_ssim, on sRGB after the minimal ISP, three channels",
        "RGB SSIM",
        "{:.5f}",
        of=lambda raw, rgb, ref: ssim_lib.ssim(rgb, ref.rgb, ref.valid_rgb),
    ),
    LPIPS,
    GMACS,
    TIME,
)
COLUMNS = tuple(measure for measure in MEASURES if measure.heading)
DEFINITIONS = {
    **{measure.key: measure.definition for measure in MEASURES},
    "mean": "plain mean over captures (of dB, for PSNR); null: infinite",
}
