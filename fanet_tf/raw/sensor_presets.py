"""Sensor models by name, each number with its source.

`none` is the paper's noise; `phone` is for training and testing members that
meet real files; `imx258` for those that meet that sensor's alone.
"""

import dataclasses

from fanet_tf.raw.sensor import SensorModel

_COUNT = 1 / 959  # Of 10 bits, black 64, white 1023: the IMX258's.

# A phone's sensor, for training.
PHONE = SensorModel(
    # Phones' DNGs keep a pedestal; cameras that subtract it clip. 1/64 to
    # 1/12 spans a Nikon's 600 of 16,383 and the phones' 64 of 1023 and
    # 1024 of 16,383. Half of each, so that neither kind of file pays for the
    # other: with 0.7, clipped frames lost 0.28 dB at gain 64 in 2,000 steps.
    signed_share=0.5,
    pedestal=(1 / 64, 1 / 12),
    poisson=True,
    # An IMX686: row / read = 0.064 at ISO 6400, 0.063 at ISO 100 (dark frames
    # of PMN). No figure of columns is published; sensors correct them.
    row=(0.0, 0.12),
    column=(0.0, 0.06),
    # Our choice, no figure is published: none to some hundreds in a million,
    # what in-sensor correction leaves and what ageing adds.
    defect_rate=(0.0, 3e-4),
    # Our choice: what in-sensor corrections (phase detection, remosaic) and
    # scaled video modes leave; lag-1 correlation 2k / (1 + 2k^2) up to 0.37.
    # Native full-size RAW has next to none, so most crops have none.
    correlated_share=0.25,
    correlation=(0.0, 0.2),
    # The IMX686's planes are off by -0.05 to -1.2 counts at ISO 6400, where
    # read noise is 13 counts, and its frames' means drift by 0.05.
    black_deviation=(0.25 * _COUNT, 0.05),
    # Our choice: makers correct Gr and Gb to within a few per cent.
    green=(0.0, 0.01),
    bits=(10, 12, 14),
    # A gain of 2.5 in the corners changes by up to 5 % in 64 pixels.
    shading=0.05,
    # NoiseProfile tags of phones against fits of their frames: SFRN and
    # noise_flow differ by 1.3 and more on the same phones. Wider, our choice:
    # a frame whose lens shading is corrected and not told has up to `a L` and
    # `b L^2`, and a neighbour's profile up to 2.6 times the `b` (below).
    told_deviation=(0.2, 0.4),
    told_limit=(1.5, 2.6),
    # b(64) of neighbours of the IMX258's pixel: 2.5e-4 (OV13855) to 8.3e-4
    # (IMX214); the stand-in's is 3.2e-4.
    read_factor=(0.75, 2.6),
)

# A phone's, with the IMX258's files: 10 bits with black at 64 of 1023, in the
# tuning files that `data.imx258_colour` names. Its `read_factor` is what is
# known of its read noise.
IMX258 = dataclasses.replace(
    PHONE, signed_share=1.0, pedestal=(64 / 959, 64 / 959), bits=(10,)
)

PRESETS = {"none": None, "phone": PHONE, "imx258": IMX258}


def preset(name: str) -> SensorModel | None:
    """Returns the model of a name of `PRESETS`; None draws no terms."""
    if name not in PRESETS:
        raise ValueError(
            f"A sensor model must be one of {', '.join(PRESETS)}. "
            f"Received: {name!r}"
        )
    return PRESETS[name]
